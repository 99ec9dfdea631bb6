"""Random histories of Kill Bill, and what the models make of them."""
