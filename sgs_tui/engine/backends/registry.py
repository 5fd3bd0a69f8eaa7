"""Every backend by the name that request.json has for it. A new one is a module with a `BACKEND` and a line here.

A module is imported when its backend is asked for: a supervisor that waits for a slot loads no numpy.
"""

from importlib import import_module

from sgs_tui.engine.runs.backend import Backend

MODULES = {
    "sdk": "sgs_tui.engine.backends.sdk",
    "onnx": "sgs_tui.engine.backends.onnx",
    "caffe": "sgs_tui.engine.backends.caffe",
    "tflite": "sgs_tui.engine.backends.tflite",
    "onnxruntime": "sgs_tui.engine.backends.embedded",
    "sweep": "sgs_tui.engine.sweep.background",
}
_OTHERS = "sgs_tui.engine.backends.sdk_tools"


def backend_of(name: str) -> Backend:
    """The backend called so; for any other name that of a user's own command, which starts the SDK's tools."""
    backend: Backend = import_module(MODULES.get(name, _OTHERS)).BACKEND
    return backend
