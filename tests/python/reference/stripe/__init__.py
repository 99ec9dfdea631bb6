"""What Stripe subscriptions were, from all that Stripe ever said of them."""
