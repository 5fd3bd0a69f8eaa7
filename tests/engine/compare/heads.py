"""Output heads of public kinds in small, made by the embedded backend: healthy ones, and ones whose scores die."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx import helper as oh

from sgs_tui.engine.backends.embedded import EmbeddedFiles, EmbeddedRequest, embedded_run
from sgs_tui.engine.backends.quantize import Quantization

SIDE = 12
"""Height and width of the feature map behind the backbone."""


class Net:
    """A backbone of one convolution, and what a head adds to it."""

    def __init__(self, seed: int = 3) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.body = self.conv("x", 16, 3, gain=2, channels=3, relu=True)

    def const(self, values: object, kind: type = np.float32) -> str:
        name = f"k{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def op(self, kind: str, *inputs: str, name: str = "", **how: object) -> str:
        name = name or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(oh.make_node(kind, list(inputs), [name], name=name, **how))
        return name

    def conv(
        self, source: str, outputs: int, kernel: int = 1, gain: float | Sequence[float] = 1, bias: float = 0,
        channels: int = 16, relu: bool = False, name: str = "",
    ) -> str:  # fmt: skip
        """`gain`: of all output channels, or of each."""
        weights = self.rng.normal(0, 1 / np.sqrt(channels * kernel**2), (outputs, channels, kernel, kernel))
        weights *= np.broadcast_to(np.asarray(gain, np.float32), outputs)[:, None, None, None]
        shift = self.const(np.full(outputs, bias))
        made = self.op("Conv", source, self.const(weights), shift, name=name, pads=[kernel // 2] * 4)
        return self.op("Relu", made) if relu else made

    def reshape(self, source: str, *shape: int, name: str = "") -> str:
        return self.op("Reshape", source, self.const(shape, np.int64), name=name)

    def scaled(self, source: str, factor: object) -> str:
        return self.op("Mul", source, self.const(factor))

    def boxes(self, rows: int = 4, size: float = 320) -> str:
        """Pixels, 0 to `size`, [1, rows, SIDE, SIDE]."""
        return self.scaled(self.op("Sigmoid", self.conv(self.body, rows, gain=3)), size)

    def scores(self, rows: int = 6, bias: float = -2.5) -> str:
        """0 to 1, [1, rows, SIDE, SIDE]."""
        return self.op("Sigmoid", self.conv(self.body, rows, gain=4, bias=bias))

    def rows(self, source: str, rows: int, name: str = "") -> str:
        """[1, rows, N]."""
        return self.reshape(source, 1, rows, SIDE * SIDE, name=name)

    def model(self, *outputs: str) -> onnx.ModelProto:
        graph = oh.make_graph(
            self.nodes,
            "head",
            [oh.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
            [oh.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            self.constants,
        )
        model = oh.make_model(graph, opset_imports=[oh.make_opsetid("", 13)], ir_version=8)
        return onnx.shape_inference.infer_shapes(model)


def run(model: onnx.ModelProto, folder: Path, seed: int = 1, **how: object) -> EmbeddedFiles:
    """Both dumps and the ranges of a model, quantized on six pictures of noise, the judged one among them."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "net.onnx")
    rng, pictures = np.random.default_rng(seed), []
    for number in range(6):
        pictures.append(folder / f"{number}.npy")
        np.save(pictures[-1], rng.uniform(0, 1, (1, 3, SIDE, SIDE)).astype(np.float32))
    images, how16 = tuple((each,) for each in pictures), Quantization(**how)  # type: ignore[arg-type]
    return embedded_run(EmbeddedRequest(folder / "net.onnx", images, folder / "out", quantization=how16))


@dataclass(frozen=True)
class Head:
    """A network, what is raised to 16 bits, and the layers with lost slices: (layer, branch, lost channels)."""

    model: onnx.ModelProto
    lost: tuple[tuple[str, str, tuple[int, ...]], ...] = ()
    int16: tuple[str, ...] = ()


def yolov8(int16: tuple[str, ...] = (), size: float = 320, bias: float = -2.5) -> Head:
    net = Net()
    boxes, scores = net.rows(net.boxes(size=size), 4, "boxes"), net.rows(net.scores(bias=bias), 6, "scores")
    model = net.model(net.op("Concat", boxes, scores, name="output0", axis=1))
    return Head(model, () if int16 or size < 2 or bias < -20 else (("output0", "scores", (4, 5, 6, 7, 8, 9)),), int16)


def yolov8_transposed() -> Head:
    """[1, N, 10]: the scores in the last axis."""
    net = Net()
    boxes, scores = net.rows(net.boxes(), 4), net.rows(net.scores(), 6)
    boxes = net.op("Transpose", boxes, name="boxes", perm=[0, 2, 1])
    scores = net.op("Transpose", scores, name="scores", perm=[0, 2, 1])
    model = net.model(net.op("Concat", boxes, scores, name="output0", axis=-1))
    return Head(model, (("output0", "scores", (4, 5, 6, 7, 8, 9)),))


def yolov5() -> Head:
    """Two levels [1, N, 7] of boxes and scores, joined behind each other."""
    net, levels = Net(), []
    for level in ("a", "b"):
        boxes, scores = net.rows(net.boxes(), 4), net.rows(net.scores(3), 3)
        turned = [net.op("Transpose", each, perm=[0, 2, 1]) for each in (boxes, scores)]
        levels.append(net.op("Concat", *turned, name=f"level_{level}", axis=2))
    model = net.model(net.op("Concat", *levels, name="output0", axis=1))
    inner = tuple((f"level_{level}", "*", ()) for level in ("a", "b"))
    return Head(model, inner)


def yolov10() -> Head:
    """[1, N, 6]: boxes, score, label, as behind a top-k."""
    net = Net()
    scores = net.rows(net.scores(5, bias=0), 5)
    best = net.op("ReduceMax", scores, axes=[1], keepdims=1)
    label = net.op("Cast", net.op("ArgMax", scores, axis=1, keepdims=1), to=TensorProto.FLOAT, name="label")
    joined = net.op("Concat", net.rows(net.boxes(), 4), best, label, name="joined", axis=1)
    return Head(
        net.model(net.op("Transpose", joined, name="output0", perm=[0, 2, 1])),
        (("joined", "*", ()), ("output0", "*", (4, 5))),
    )


def one_output_of_ssd() -> Head:
    """Priors in pixels, offsets and softmax scores in one [1, N, 4 + 3]."""
    net = Net()
    grid = np.linspace(0, 300, SIDE * SIDE * 2, dtype=np.float32).reshape(1, SIDE * SIDE, 2)
    scores = net.op("Transpose", net.rows(net.conv(net.body, 3, gain=4), 3), perm=[0, 2, 1])
    offsets = net.op("Transpose", net.rows(net.conv(net.body, 2), 2), name="offsets", perm=[0, 2, 1])
    scores = net.op("Softmax", scores, name="conf", axis=-1)
    centers = net.op("Add", net.scaled(offsets, 10.0), net.const(grid), name="centers")
    model = net.model(net.op("Concat", centers, offsets, scores, name="det", axis=2))
    return Head(model, (("det", "conf", (4, 5, 6)),))


def segmentation_with_depth() -> Head:
    """A map of classes and one of meters, joined on the channels of a picture."""
    net = Net()
    classes = net.op("Softmax", net.conv(net.body, 5, gain=3), name="classes", axis=1)
    depth = net.scaled(net.op("Sigmoid", net.conv(net.body, 1, gain=3)), 600.0)
    model = net.model(net.op("Concat", classes, depth, name="maps", axis=1))
    return Head(model, (("maps", "classes", (0, 1, 2, 3, 4)),))


def anchors() -> Head:
    """One convolution whose channels are scaled apart: four in pixels, eight of a unit's size."""
    net = Net()
    factors = np.array([400.0] * 4 + [1.0] * 8, np.float32).reshape(1, 12, 1, 1)
    net.op("Mul", net.conv(net.body, 12, gain=1), net.const(factors), name="raw")
    return Head(net.model("raw"), (("raw", "", (4, 5, 6, 7, 8, 9, 10, 11)),))


FAULTY = {
    "yolov8": yolov8, "yolov8, scores last": yolov8_transposed, "yolov5": yolov5, "yolov10": yolov10,
    "ssd in one": one_output_of_ssd, "segmentation and depth": segmentation_with_depth, "anchors": anchors,
}  # fmt: skip


def silent(gain: float, bias: float) -> Head:
    """Channels of logits and of a concat that hold next to nothing on both sides."""
    net = Net()
    gains = [1.0] * 6 + [gain] * 3
    net.conv(net.body, 9, gain=gains, name="logits")
    quiet = net.conv(net.body, 4, gain=gain, bias=bias, relu=True)
    net.op("Concat", net.conv(net.body, 8, relu=True), quiet, name="joined", axis=1)
    return Head(net.model("logits", "joined"))


def classes(kind: str) -> Head:
    """21 classes of which most are absent."""
    net = Net()
    logits = net.conv(net.body, 21, gain=[12.0] * 3 + [4.0] * 18)
    logits = net.op("Add", logits, net.const(np.r_[np.zeros(3), np.full(18, -9.0)].reshape(1, 21, 1, 1)))
    return Head(net.model(net.op(kind, logits, name="probabilities", **({"axis": 1} if kind == "Softmax" else {}))))


def unet() -> Head:
    net = Net()
    a = net.conv(net.body, 8, 3, relu=True)
    b = net.conv(net.op("Concat", net.body, a, name="skip", axis=1), 8, 3, channels=24, relu=True)
    c = net.op("Concat", a, b, name="skip2", axis=1)
    return Head(net.model(net.op("Sigmoid", net.conv(c, 2, gain=2), name="mask")))


def classifier() -> Head:
    net = Net()
    flat = net.reshape(net.op("GlobalAveragePool", net.conv(net.body, 16, 3, relu=True)), 1, 16)
    logits = net.op("Gemm", flat, net.const(net.rng.normal(0, 1, (16, 10))), name="logits")
    return Head(net.model(net.op("Softmax", logits, name="prob", axis=1)))


def separate() -> Head:
    net = Net()
    return Head(net.model(net.rows(net.boxes(), 4, "boxes"), net.rows(net.scores(), 6, "scores")))


def nothing_there() -> Head:
    """Every score is far below a step of its own calibrated range: 0 to 1 by another picture is not at hand."""
    return yolov8(bias=-40.0)


HEALTHY = {
    "boxes in parts": lambda: yolov8(size=1.0), "int16": lambda: yolov8(int16=("output0",)), "separate": separate,
    "nothing there": nothing_there, "softmax": lambda: classes("Softmax"), "sigmoid": lambda: classes("Sigmoid"),
    "dead in both": lambda: silent(1.0, -99.0), "noise": lambda: silent(1e-7, 0.0), "unet": unet,
    "classifier": classifier,
}  # fmt: skip
