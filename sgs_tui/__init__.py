"""sgs-tui: find the layer that quantisation broke, from the dumps of a SigmaStar simulator."""

__version__ = "0.1.0"
