"""Tests on a real Kill Bill server, which fills its own database while its clock is moved."""
