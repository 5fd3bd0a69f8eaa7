"""Pane 9: a layer with its producers and consumers."""
