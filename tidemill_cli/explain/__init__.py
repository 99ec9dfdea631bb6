"""From a number to the billing rows behind it, step by step."""
