"""sgs-tui: find the layer that quantization broke, from the dumps of a SigmaStar simulator."""

import os

# onnxruntime would keep a number of this machine and a database of its uses below the user's home, and send them.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"
