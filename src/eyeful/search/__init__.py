"""What is similar: the nearest vectors of a file of features, and a report of them."""
