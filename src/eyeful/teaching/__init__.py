"""A linear head for a user's own labels on the features of a network that stays as it is."""
