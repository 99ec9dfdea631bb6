"""Random histories, and the comparison of the built relations with the reference."""
