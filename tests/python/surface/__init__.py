"""The models over a surface of any engine, filled by hand."""
