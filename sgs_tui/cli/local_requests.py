"""From options to runs of our own dumpers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sgs_tui.engine.errors import UsageError

if TYPE_CHECKING:
    from sgs_tui.engine.dumps.records import Form
    from sgs_tui.engine.simulate.preprocess import Preprocess
    from sgs_tui.engine.simulate.runs import RunRequest

_PATIENCE = 120.0
"""Seconds for a preprocess script where no --timeout says otherwise."""


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """What the commands say about the input; `timeout` for a whole run in seconds."""

    image: str | None
    preprocess: tuple[str, ...] = ()
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    text: bool = False
    timeout: float | None = None

    @property
    def form(self) -> "Form":
        """Binary, or text with one file a tensor."""
        from sgs_tui.engine.dumps.records import Form

        return Form.TEXT if self.text else Form.BINARY

    def samples(self) -> tuple[tuple[Path, ...], ...]:
        """The files of each sample; none without an image argument. Raises InputError, UsageError."""
        from sgs_tui.engine.simulate.local_inputs import image_samples

        return image_samples(self.image) if self.image is not None else ()

    def how(self) -> "Preprocess":
        """The preprocess of every input."""
        from sgs_tui.engine.simulate.preprocess import Preprocess

        modules = tuple(Path(name).expanduser().absolute() for name in self.preprocess)
        return Preprocess(modules, timeout=max(_PATIENCE, self.timeout or 0.0))


def onnx_requests(
    model: Path, options: LocalOptions, named: Mapping[str, Path], slices: int | None, memory: int | None
) -> "tuple[RunRequest, ...]":
    """One run for each sample. What is wrong with model, shapes and inputs is raised before anything starts."""
    from sgs_tui.engine.simulate.local_inputs import named_samples, slices_within
    from sgs_tui.engine.simulate.local_runs import WORK, local_run
    from sgs_tui.engine.simulate.onnx_dump import OnnxDumpRequest
    from sgs_tui.engine.simulate.onnx_model import load_model, model_inputs

    if slices is not None and memory is not None:
        raise UsageError("--slices and --memory both say how to cut the graph", "give one of them")
    path = model.expanduser().absolute()
    loaded = load_model(path)
    inputs = model_inputs(loaded, options.shapes)
    cut = slices_within(loaded, inputs, memory) if memory is not None else slices or 1
    jobs = [
        OnnxDumpRequest(path, sample, WORK, options.how(), options.form, options.shapes, cut)
        for sample in named_samples([item.name for item in inputs], options.samples(), named)
    ]
    return tuple(local_run(job, options.timeout) for job in jobs)


def caffe_requests(
    prototxt: Path, weights: Path, options: LocalOptions, pycaffe: str, caffe_root: Path | None
) -> "tuple[RunRequest, ...]":
    """One run for each sample."""
    from sgs_tui.engine.simulate.caffe_dump import CaffeDumpRequest
    from sgs_tui.engine.simulate.caffe_prototxt import read_prototxt
    from sgs_tui.engine.simulate.local_inputs import named_samples
    from sgs_tui.engine.simulate.local_runs import WORK, local_run

    net, how = prototxt.expanduser().absolute(), options.how()
    inputs = [item.name for item in read_prototxt(net).wanted(options.shapes)]
    jobs = [
        CaffeDumpRequest(
            prototxt=net,
            weights=weights.expanduser().absolute(),
            inputs=sample,
            folder=WORK,
            preprocess=how,
            form=options.form,
            shapes=options.shapes,
            pycaffe=pycaffe,
            caffe_root=caffe_root.expanduser().absolute() if caffe_root else None,
            timeout=max(600.0, options.timeout or 0.0),
        )
        for sample in named_samples(inputs, options.samples(), {})
    ]
    return tuple(local_run(job, options.timeout) for job in jobs)


def tflite_requests(model: Path, options: LocalOptions) -> "tuple[RunRequest, ...]":
    """One run for each sample; only the runtime knows the model's inputs, so they are checked in the run."""
    from sgs_tui.engine.simulate.local_runs import WORK, local_run
    from sgs_tui.engine.simulate.tflite_dump import TfliteDumpRequest

    path, how = model.expanduser().absolute(), options.how()
    jobs = [TfliteDumpRequest(path, sample, WORK, how, options.form, options.shapes) for sample in options.samples()]
    return tuple(local_run(job, options.timeout) for job in jobs)


def embedded_request(
    model: Path,
    options: LocalOptions,
    calibrate: str,
    int16: tuple[str, ...],
    per_tensor: bool,
) -> "RunRequest":
    """The one run that quantises and dumps both stages. `options.image` None: the first calibration sample."""
    from sgs_tui.engine.simulate.embedded import EmbeddedRequest
    from sgs_tui.engine.simulate.local_inputs import image_samples
    from sgs_tui.engine.simulate.local_runs import WORK, local_run
    from sgs_tui.engine.simulate.onnx_model import load_model, model_inputs
    from sgs_tui.engine.simulate.quantise import Quantisation, check_names

    path = model.expanduser().absolute()
    loaded = load_model(path)
    model_inputs(loaded, options.shapes)
    check_names(loaded, int16)
    samples = options.samples()
    if len(samples) > 1:
        raise UsageError(f"--image gives {len(samples)} samples, both stages run on one", "name one image")
    job = EmbeddedRequest(
        model=path,
        images=image_samples(calibrate),
        folder=WORK,
        preprocess=options.how(),
        quantisation=Quantisation(not per_tensor, int16),
        sample=samples[0] if samples else (),
        shapes=options.shapes,
    )
    return local_run(job, options.timeout)
