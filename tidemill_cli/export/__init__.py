"""Published relations as files."""
