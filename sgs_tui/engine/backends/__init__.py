"""Backends: what makes a dump (the SDK, ONNX, Caffe, TFLite, the embedded simulator).

onnxruntime reports to its makers, and leaves an identifier in the user's home, as soon as it is imported. Neither is
wanted of a tool that works on customers' networks, so every import of it in this package finds it told not to.
"""

import os

for _name in ("ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED"):  # the second is that of other versions
    os.environ.setdefault(_name, "1")
