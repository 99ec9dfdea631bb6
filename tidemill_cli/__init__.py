"""Subscription metrics in the PostgreSQL that holds the billing data."""

__version__ = "0.1.0"
