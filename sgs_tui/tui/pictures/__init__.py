"""Pane 8: the pictures of a sweep."""
