"""A simulator of Stripe Billing, and of the landing schemas that sync engines keep."""
