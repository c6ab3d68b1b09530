"""How good a model is on images whose labels are known."""
