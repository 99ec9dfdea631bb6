"""What Kill Bill subscriptions were, from what was asked of it."""
