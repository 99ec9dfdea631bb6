"""A simulator of the Lago billing engine: its tables, its actions and the rows they leave."""
