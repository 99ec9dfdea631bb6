"""A refresh of each engine's rows, against everything computed anew."""
