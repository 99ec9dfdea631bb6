"""Every SQL statement of the CLI: values are bound, identifiers composed with psycopg.sql."""
