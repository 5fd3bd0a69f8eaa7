"""sgs-tui: find the layer that quantization broke, from the dumps of a SigmaStar simulator.

onnxruntime reports to its makers, and leaves an identifier and a database in the user's home, as soon as it is
imported. Neither is wanted of a tool that works on customers' networks, so every import of it, in the processes that
are started from here too, finds it told not to.
"""

import os

for _name in ("ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED"):  # the second is that of other versions
    os.environ.setdefault(_name, "1")

__version__ = "0.1.0"
