"""What elementwise ops compute, in float32."""

from collections.abc import Callable, Mapping

import numpy as np

from sgs_tui.engine.diagnosis.tensors import Values


def _logistic(values: Values) -> Values:
    result: Values = np.float32(1) / (np.float32(1) + np.exp(-values))
    return result


ELEMENTWISE: Mapping[str, Callable[[Values], Values]] = {
    "RELU": lambda x: np.maximum(x, np.float32(0)),
    "RELU6": lambda x: np.clip(x, np.float32(0), np.float32(6)),
    "LOGISTIC": _logistic,
    "TANH": np.tanh,
    "EXP": np.exp,
    "ABS": np.abs,
    "SQRT": np.sqrt,
}
"""Ops of one tensor."""

PAIRWISE: Mapping[str, Callable[[Values, Values], Values]] = {
    "ADD": np.add,
    "SUB": np.subtract,
    "MUL": np.multiply,
    "DIV": np.divide,
}
"""Ops of two: tensors, or a tensor and a constant."""
