"""Every metric once more, in plain Python, from the balances and movements of the books."""
