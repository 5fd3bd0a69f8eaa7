"""The side-by-side layer table."""
