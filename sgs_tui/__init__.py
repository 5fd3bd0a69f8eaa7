"""sgs-tui: find the layer that quantization broke, from the dumps of a SigmaStar simulator."""

__version__ = "0.1.0"
