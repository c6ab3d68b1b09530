"""HTTP over the same classifiers: eyeful's own protocol, Open Inference v2, Hugging Face's and TorchServe's."""
