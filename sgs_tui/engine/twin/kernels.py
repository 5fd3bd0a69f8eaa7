"""Small ONNX models run by onnxruntime: one op, or one op with those fused behind it.

A network is run kernel by kernel. Each layer can then be compared as it comes and dropped after its last reader, a
change is computed downstream of itself only, and what changed in one kernel leaves the sessions of the others as they
are. Sessions have one thread: a session's own pool spins, and fifty of them on two cores took ten times as long.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from math import prod
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.errors import RunError
from sgs_tui.engine.text import visible
from sgs_tui.engine.twin.meaning import Convolution, Floats, Known, Shape
from sgs_tui.engine.twin.onnx_nodes import Graph, emit
from sgs_tui.language import Message

Array = npt.NDArray[Any]

HEAVY = 4_000_000
"""Multiplications from which a blocked layout is worth its preparation (2 ms instead of half a millisecond)."""

HEAVY_EACH = 500_000
"""The same where every channel is convolved by itself (0.2 ms more of preparation, a run takes a quarter)."""

CHANGING = ["ConvAddFusion", "ConvBNFusion", "ConvMulFusion", "WeightBiasQuantization"]
"""onnxruntime's passes that compute with weights and biases once more. A factor before a rounding then rounds
otherwise: 42 % of a network's codes were others. Weights quantized again between quantizers: 38.0 dB became 35.5."""


@dataclass(frozen=True, slots=True)
class Input:
    """A value fed to a kernel."""

    name: str
    dtype: Any
    shape: Shape


class Kernel:
    """A model ready to run. Safe to be used by several threads."""

    def __init__(self, model: bytes, inputs: Sequence[Input], what: str, heavy: bool = False) -> None:
        """`model` as `Graph.model` gives it; `what` names it in errors.

        Raises RunError where onnxruntime does not accept the model.
        """
        ort, options = _runtime(), _options(heavy)
        self._inputs, self._what = tuple(inputs), what
        try:
            self._session: Any = ort.InferenceSession(
                model,
                options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=CHANGING if heavy else None,
            )
        except Exception as error:  # onnxruntime documents no class of its own
            raise RunError(
                Message(
                    "{what}: onnxruntime does not accept this op: {error}",
                    what=visible(what),
                    error=visible(str(error))[:300],
                )
            ) from error

    def run(self, values: Sequence[Array]) -> list[Array]:
        """The outputs; `values` in any shape with the right number of elements. Raises RunError."""
        feed = {
            item.name: np.ascontiguousarray(value, item.dtype).reshape(item.shape)
            for item, value in zip(self._inputs, values, strict=True)
        }
        with _refusals(self._what):
            return list(self._session.run(None, feed))

    def bound(self, room: Mapping[str, Array]) -> "Bound":
        """The kernel writing into `room`: by output, contiguous arrays of its type and size. For one thread."""
        return Bound(self._session, self._inputs, room, self._what)


class Bound:
    """A kernel that reads and writes the same memory on every run: nothing is asked of the system, nothing is copied
    out, and no output is handed through Python."""

    def __init__(self, session: Any, inputs: Sequence[Input], room: Mapping[str, Array], what: str) -> None:
        self._session, self._what, self._binding = session, what, session.io_binding()
        self._given = [np.empty(item.shape, item.dtype) for item in inputs]
        self._room = dict(room)  # onnxruntime knows the addresses alone
        for item, held in zip(inputs, self._given, strict=True):
            self._binding.bind_input(item.name, "cpu", 0, item.dtype, item.shape, held.ctypes.data)
        for output in session.get_outputs():
            into = room.get(output.name)
            if into is None:
                self._binding.bind_output(output.name)
            else:
                self._binding.bind_output(output.name, "cpu", 0, into.dtype.type, output.shape, into.ctypes.data)

    def run(self, values: Sequence[Array]) -> None:
        """`values` in any shape with the right number of elements. Raises RunError."""
        for held, given in zip(self._given, values, strict=True):
            np.copyto(held, given.reshape(held.shape))
        with _refusals(self._what):
            self._session.run_with_iobinding(self._binding)


@contextmanager
def _refusals(what: str) -> Iterator[None]:
    """Whatever onnxruntime raises while it runs, as RunError."""
    try:
        yield
    except Exception as error:  # onnxruntime documents no class of its own
        raise RunError(
            Message("{what}: onnxruntime failed: {error}", what=visible(what), error=visible(str(error))[:300])
        ) from error


_FIRST = Lock()


def _runtime() -> Any:
    """onnxruntime, with one memory for all sessions: each for itself would ask the system for every value anew."""
    with _FIRST:  # it can be given once, whatever thread comes first
        return _prepared()


@cache
def _prepared() -> Any:
    import onnxruntime as ort

    ort.set_default_logger_severity(4)
    ort.disable_telemetry_events()
    memory = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    ort.create_and_register_allocator(memory, ort.OrtArenaCfg({"arena_extend_strategy": 1, "max_mem": 0}))
    return ort


@cache
def _options(heavy: bool) -> Any:
    ort = _runtime()
    options = ort.SessionOptions()
    level = ort.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if heavy else level.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = True
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return options


def float_kernel(meaning: Known, sources: Sequence[Shape], what: str) -> Kernel:
    """One op in float; `sources` are its inputs' shapes."""
    graph = Graph()
    inputs = [Input(f"in::{number}", np.float32, shape) for number, shape in enumerate(sources)]
    graph.shapes.update({item.name: item.shape for item in inputs})
    names = emit(meaning, graph, [item.name for item in inputs])
    outputs = [(_owned(graph, name), np.float32) for name in names]
    model = graph.model([(item.name, item.dtype, item.shape) for item in inputs], outputs)
    return Kernel(model, inputs, what, is_heavy(meaning))


def _owned(graph: Graph, name: str) -> str:
    """An op that changes nothing would give its input back, which ONNX does not allow."""
    return graph.node("Identity", [name], graph.shapes[name]) if name.startswith("in::") else name


def is_heavy(meaning: Known) -> bool:
    """Whether a session should prepare the weights for the processor."""
    if not isinstance(meaning, Convolution) or meaning.groups not in (1, meaning.source[3]):
        return False
    return meaning.multiplications > (HEAVY if meaning.groups == 1 else HEAVY_EACH)


def correlation(picture: Floats, weights: Floats, dilations: tuple[int, int], groups: int) -> Floats:
    """Stride-1 correlation of `picture` [1, C, H, W] with `weights` [N, C / groups, kh, kw], padded so far that every
    window that touches the picture is there: [N, H + (kh-1) d, W + (kw-1) d]."""
    kernel = (int(weights.shape[2]), int(weights.shape[3]))
    pads = [(side - 1) * gap for side, gap in zip(kernel, dilations, strict=True)]
    graph = Graph()
    item = Input("in::0", np.float32, tuple(picture.shape))
    size = [side + pad for side, pad in zip(picture.shape[2:], pads, strict=True)]
    shape = (1, int(weights.shape[0]), *size)
    name = graph.node(
        "Conv", [item.name, graph.constant(weights, "weights")], shape,
        kernel_shape=kernel, pads=pads * 2, dilations=dilations, group=groups,
    )  # fmt: skip
    model = graph.model([(item.name, item.dtype, item.shape)], [(name, np.float32)])
    heavy = prod(shape) * prod(weights.shape[1:]) > HEAVY
    result: Floats = Kernel(model, [item], Message("a window"), heavy).run([picture])[0][0]
    return result
