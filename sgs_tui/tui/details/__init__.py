"""The details of one layer."""
