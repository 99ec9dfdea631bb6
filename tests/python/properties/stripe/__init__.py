"""Random histories of Stripe, and what the models make of them."""
