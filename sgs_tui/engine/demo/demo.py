"""What is the demo made of? A small CNN with seeded weights and one planted fault, quantized and dumped in a folder.

The fault is the classic one (`wide_range`): one output channel of the 1x1 convolution `expand` is 400 times too large
and the next convolution `mix` takes it 400 times smaller. In float nothing changes. But the tensor between them, a
convolution's input, now needs a range so wide that eight bits crush its other channels.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.backends.embedded import EmbeddedFiles, EmbeddedRequest, embedded_run
from sgs_tui.engine.backends.quantize import Quantization
from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.errors import InputError, reason
from sgs_tui.engine.files import make_folder
from sgs_tui.language import Message

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto


_PRODUCER = "sgs-tui demo"
"""In the model's `producer_name`: how the demo knows its own files again."""

_FACTOR = 400.0
CULPRIT = "expand"
"""The tensor that carries the fault: with this one in INT16 all is well."""

_CHANNEL = 5
_SIDE = 32
_WEIGHTS_SEED = 55
_IMAGES_SEED = 8


class _Builder:
    """Collects nodes and constants; RandomState, because its numbers are frozen for ever."""

    def __init__(self) -> None:
        self._random = np.random.RandomState(_WEIGHTS_SEED)
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, npt.NDArray[np.float32]] = {}

    def node(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(op, inputs, [output], name=f"n_{output}", **attributes))
        return output

    def conv(self, name: str, source: str, channels: tuple[int, int], size: int, groups: int = 1) -> str:
        """A convolution that keeps height and width; weights as He et al. 2015 scale them."""
        taken, made = channels[0] // groups, channels[1]
        weight = self._random.standard_normal((made, taken, size, size)) * np.sqrt(2 / (taken * size * size))
        self.constants[f"{name}.weight"] = weight.astype(np.float32)
        self.constants[f"{name}.bias"] = (self._random.standard_normal(made) * 0.1).astype(np.float32)
        pads = [size // 2] * 4
        inputs = [source, f"{name}.weight", f"{name}.bias"]
        return self.node("Conv", inputs, name, kernel_shape=[size, size], pads=pads, group=groups)

    def relu(self, source: str) -> str:
        return self.node("Relu", [source], f"{source}_relu")

    def dense(self, name: str, source: str, sizes: tuple[int, int]) -> str:
        self.constants[f"{name}.weight"] = self._random.standard_normal((sizes[1], sizes[0])).astype(np.float32)
        self.constants[f"{name}.bias"] = np.zeros(sizes[1], np.float32)
        return self.node("Gemm", [source, f"{name}.weight", f"{name}.bias"], name, transB=1)


def build_network() -> "ModelProto":
    """The float model: data [1, 3, 32, 32] in, prob [1, 10] out."""
    from onnx import TensorProto, helper, numpy_helper

    net = _layers()
    net.constants["expand.weight"][_CHANNEL] *= _FACTOR
    net.constants["expand.bias"][_CHANNEL] *= _FACTOR
    net.constants["mix.weight"][:, _CHANNEL] /= _FACTOR
    graph = helper.make_graph(
        net.nodes,
        "demo",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, [1, 3, _SIDE, _SIDE])],
        [helper.make_tensor_value_info("prob", TensorProto.FLOAT, [1, 10])],
        [numpy_helper.from_array(values, name) for name, values in net.constants.items()],
    )
    opset = helper.make_opsetid("", 13)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8, producer_name=_PRODUCER)


def _layers() -> _Builder:
    net = _Builder()
    stem = net.relu(net.conv("stem", "data", (3, 16), 3))
    depth = net.relu(net.conv("dw", stem, (16, 16), 3, groups=16))
    expand = net.conv(CULPRIT, depth, (16, 24), 1)
    mix = net.relu(net.conv("mix", expand, (24, 24), 3))
    pool = net.node("MaxPool", [mix], "pool", kernel_shape=[2, 2], strides=[2, 2])
    deep = net.relu(net.conv("deep", pool, (24, 24), 3))
    head = net.relu(net.conv("head", deep, (24, 16), 1))
    gap = net.node("GlobalAveragePool", [head], "gap")
    flat = net.node("Flatten", [gap], "flat")
    net.node("Softmax", [net.dense("logits", flat, (16, 10))], "prob", axis=1)
    return net


def images(count: int = 8) -> list[AnyArray]:
    """Calibration images, float32 [1, 3, 32, 32] (NCHW): slanted waves with a little noise, values in [-1, 1]; the same
    on every run."""
    random = np.random.RandomState(_IMAGES_SEED)
    y, x = np.mgrid[0:_SIDE, 0:_SIDE] / _SIDE
    made: list[AnyArray] = []
    for _ in range(count):
        turns = random.uniform(0.5, 3, (3, 2, 1, 1))
        waves = np.sin(2 * np.pi * (turns[:, 0] * x + turns[:, 1] * y) + random.uniform(0, 6, (3, 1, 1)))
        noisy = waves + 0.2 * random.standard_normal(waves.shape)
        made.append(np.clip(noisy, -1, 1).astype(np.float32)[np.newaxis])
    return made


SWEPT, PLANTED = 24, 16
"""Pictures of the demo's sweep, and which of them is the bad one."""
_BRIGHTER = 1.5


def write_sweep(folder: Path) -> tuple[Path, ...]:
    """The sweep's pictures below `folder`, which calibration has not seen; `PLANTED` is far brighter than all others.

    Raises InputError where they can not be written.
    """
    make_folder(folder / "pictures")
    paths = tuple(folder / "pictures" / f"{number:02d}.npy" for number in range(SWEPT))
    try:
        for number, (path, values) in enumerate(zip(paths, images(8 + SWEPT)[8:], strict=True)):
            more = np.float32(_BRIGHTER if number == PLANTED else 0)
            np.save(path, np.add(values, more), allow_pickle=False)
    except OSError as error:
        raise InputError(
            Message("{folder}: cannot write: {why}", folder=folder, why=reason(error)),
            Message("check free space and rights"),
        ) from error
    return paths


_INI = b"""[INPUT_CONFIG]
inputs='data';
training_input_formats=RAWDATA_F32_NHWC;
input_formats=RAWDATA_F32_NHWC;
quantizations=TRUE;

[OUTPUT_CONFIG]
outputs='prob';
dequantizations=TRUE;

[CONV_CONFIG]
"""
"""An ini as the SDK's converter would take it for this model: something to mark INT16 tensors in."""


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """The demo's files: the model, calibration images (.npy), both dumps, ranges, fixed model and an ini."""

    model: Path
    images: tuple[Path, ...]
    float_dump: Path
    fixed_dump: Path
    ranges: Path
    fixed_model: Path
    ini: Path

    @classmethod
    def below(cls, folder: Path) -> "DemoFiles":
        run = EmbeddedFiles.below(folder)
        pictures = tuple(folder / "images" / f"{number}.npy" for number in range(len(images())))
        model, ini = folder / "model.onnx", folder / "input_config.ini"
        return cls(model, pictures, run.float_dump, run.fixed_dump, run.ranges, run.fixed_model, ini)

    def paths(self) -> tuple[Path, ...]:
        """All of them; the model, by which the demo knows its files again, comes last."""
        run = (self.float_dump, self.fixed_dump, self.ranges, self.fixed_model)
        return *self.images, *run, self.ini, self.model


def build_demo(folder: Path, int16: tuple[str, ...] = ()) -> DemoFiles:
    """Build, quantize and dump the demo's network below `folder`; the same numbers on every run.

    `int16`: tensors to be INT16; `CULPRIT` alone heals the network. Files of an earlier demo are replaced;
    raises InputError where any other file stands in the way, UsageError for an unknown tensor in `int16`.
    """
    files = DemoFiles.below(folder)
    _check_free(files)
    make_folder(folder / "images")
    try:
        with TemporaryDirectory(prefix=".unfinished-", dir=folder) as unfinished:
            made = DemoFiles.below(Path(unfinished))
            _sources(made)
            samples = tuple((image,) for image in made.images)
            request = EmbeddedRequest(made.model, samples, Path(unfinished), quantization=Quantization(int16=int16))
            embedded_run(request)
            for path, final in zip(made.paths(), files.paths(), strict=True):
                os.replace(path, final)
    except OSError as error:
        raise InputError(
            Message("{folder}: cannot write: {why}", folder=folder, why=reason(error)),
            Message("check free space and rights"),
        ) from error
    return files


def _check_free(files: DemoFiles) -> None:
    """Raise InputError when a file is there that no earlier demo wrote."""
    taken = next((path for path in files.paths() if path.exists()), None)
    if taken is None or is_demo_model(files.model):
        return
    raise InputError(
        Message("{taken}: is there already, and not from a demo", taken=taken),
        Message("name a new folder; nothing is overwritten"),
    )


def is_demo_model(model: Path) -> bool:
    """Whether an ONNX file carries the demo's mark (its text is near the end of the file)."""
    return model.is_file() and _PRODUCER.encode() in model.read_bytes()


def _sources(files: DemoFiles) -> None:
    import onnx

    make_folder(files.images[0].parent)
    onnx.save(build_network(), files.model)
    for path, values in zip(files.images, images(), strict=True):
        np.save(path, values, allow_pickle=False)
    files.ini.write_bytes(_INI)
