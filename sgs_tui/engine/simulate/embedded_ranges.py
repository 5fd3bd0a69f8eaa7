"""Ranges of every tensor over the calibration images, and the calibrator's tensor_min_max.txt."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from sgs_tui.engine.dumps.records import AnyArray
from sgs_tui.engine.errors import RunError
from sgs_tui.engine.simulate.onnx_model import NUMBERS, Session, exposed, node_outputs
from sgs_tui.engine.text import encode, visible

if TYPE_CHECKING:
    from onnx import ModelProto

Ranges = dict[str, tuple[float, float]]


def calibrate(model: "ModelProto", feeds: Iterable[Mapping[str, AnyArray]], what: str) -> Ranges:
    """Minimum and maximum of every float tensor: inputs and activations over all images, then constants.

    Raises RunError when the model fails, or where a value is not finite (it could not be quantised).
    """
    import onnx

    session = Session(exposed(model), what)
    types = session.types()
    wanted = [name for name in dict.fromkeys(node_outputs(model)) if types[name] in NUMBERS]
    ranges: Ranges = {}
    for number, feed in enumerate(feeds):
        for name, values in {**feed, **session.run(wanted, feed)}.items():
            _widen(ranges, name, values, f"for calibration image {number + 1}")
    for item in model.graph.initializer:
        _widen(ranges, item.name, onnx.numpy_helper.to_array(item), "in the model")
    return ranges


def _widen(ranges: Ranges, name: str, values: AnyArray, where: str) -> None:
    if values.dtype.kind != "f" or not values.size:
        return
    low, high = float(np.min(values)), float(np.max(values))
    if not np.isfinite(low) or not np.isfinite(high):
        raise RunError(f"{visible(name)} is not finite {where}", "such a tensor can not be quantised; check the input")
    old = ranges.get(name, (low, high))
    ranges[name] = min(low, old[0]), max(high, old[1])


def ranges_text(ranges: Ranges) -> bytes:
    """The lines of tensor_min_max.txt as the older calibrator writes them."""
    return b"".join(encode(f"Name:{name}, min: {low:f}, max: {high:f};\n") for name, (low, high) in ranges.items())
