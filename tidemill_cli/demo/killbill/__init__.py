"""A simulator of Kill Bill: its rows as the real server leaves them, in its own tables."""
