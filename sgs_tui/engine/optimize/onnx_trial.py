"""One trial on an ONNX model: really quantised, dumped and compared."""

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.optimize.accuracy import measure
from sgs_tui.engine.optimize.onnx_question import PreparedQuestion
from sgs_tui.engine.optimize.trials import Trial, TrialStore
from sgs_tui.engine.simulate.embedded import embedded_run
from sgs_tui.engine.simulate.onnx_model import load_model
from sgs_tui.engine.simulate.preprocess import Preprocess
from sgs_tui.engine.simulate.quantise import sharing

PREFIX = ".trial-"
"""Of the folders that trials work in; what a killed search left is cleared away by the next one."""

_FLOAT = "float"
_SIXTEEN = frozenset({"SGS_U16", "SGS_S16"})


def run_trial(question: PreparedQuestion, names: Sequence[str], folder: Path, cancel: Event | None = None) -> Trial:
    """Quantise with `names` at 16 bits, dump both stages, compare, keep the figures in `folder`.

    Raises CancelledError, and RunError where onnxruntime can not raise a tensor.
    """
    start = time.monotonic()
    with TemporaryDirectory(prefix=PREFIX, dir=folder) as work:
        made = embedded_run(question.request(sorted(names), Path(work), Preprocess(cancel=cancel)))
        layers = measure(made.fixed_dump, made.float_dump, made.ranges, cancel)
        types = _types(made.fixed_dump)
    quantised = tuple(name for name, kind in types.items() if kind != _FLOAT)
    raised = tuple(name for name in quantised if types[name] in _SIXTEEN)
    trial = Trial(frozenset(names), layers, quantised, raised, time.monotonic() - start)
    TrialStore(folder).save(trial)
    return trial


def candidates(question: PreparedQuestion, eight: Trial) -> tuple[str, ...]:
    """Tensors that can be raised, in network order: one for each scale, the tensor that the others take it from.

    `eight`: the trial that raised nothing. The model's own inputs are no candidates: the SDK never raises them
    either (interop notes, int16).
    """
    model = load_model(question.model)
    inputs = {value.name for value in model.graph.input}
    roots = dict.fromkeys(sharing(model, (name,))[-1] for name in eight.quantised)
    return tuple(name for name in roots if name not in inputs)


def _types(dump: Path) -> dict[str, str]:
    """Integer type of every layer, `float` for those that were not quantised."""
    with open_dump(dump) as opened:
        return {record.name: record.type_name for record in opened.outputs()}
