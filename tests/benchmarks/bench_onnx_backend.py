"""Conformance: every backend test of the installed onnx package through our ONNX dumper, in one process.

    python -m tests.benchmarks.bench_onnx_backend [--only TEXT] [--every N] [--slices N] [--verbose]

A case passes where every output of its graph that the dump holds equals what plain onnxruntime, without
optimization, computes from the same inputs, and what the dump leaves out is named with a reason. The others are
counted by what became of them:

    refused       an error of ours: one clear line. Counted apart where onnxruntime alone runs the case.
    nothing       a dump of it holds none of its outputs, and says why of each
    random        other numbers, in a model that the notes name as drawing them at random
    different     other numbers or another shape
    crash         any other exception

The exit code is 1 where a case is different or crashes, or fewer pass than `FLOOR`.
"""

import argparse
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from sgs_tui.engine.backends.onnx import OnnxDumpRequest, dump_onnx
from sgs_tui.engine.dumps.dtypes import AnyArray
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.dumps.writer import OriginalDump
from sgs_tui.engine.errors import SgsError

KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator", "real")
FLOOR = 1660
"""Cases that have to pass, with onnx 1.23 and onnxruntime 1.32."""


@dataclass(frozen=True, slots=True)
class Case:
    """One model and one set of inputs for it."""

    name: str
    model: onnx.ModelProto
    inputs: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case; `why` is empty for one that passed."""

    name: str
    kind: str
    why: str = ""


def cases(only: str = "", every: int = 1, kinds: Sequence[str] = KINDS) -> Iterator[Case]:
    """The cases whose name holds `only`, of these each `every`th; models and inputs are read when it is their turn."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own generators overflow on purpose
        tests = [test for kind in kinds for test in load_model_tests(kind=kind) if only in test.name]
    yield from (_case(test) for test in tests[::every])


def _case(test: Any) -> Case:
    if test.kind == "node":
        return Case(test.name, test.model, tuple(map(_array, test.data_sets[0][0])))
    if test.model_dir:
        model = onnx.load(Path(test.model_dir, "model.onnx"))
        folder = Path(test.model_dir, "test_data_set_0")
        files = sorted(folder.glob("input_*.pb"), key=lambda path: int(path.stem.partition("_")[2]))
        names = {item.name for item in model.graph.initializer}
        values = [value for value in model.graph.input if value.name not in names]
        return Case(test.name, model, tuple(_read(path, value) for path, value in zip(files, values, strict=False)))
    model = onnx.load(Path(onnx.__file__).parent.parent / test.url)
    names = {item.name for item in model.graph.initializer}
    shapes = [
        [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in model.graph.input
        if value.name not in names
    ]
    draw = np.random.default_rng(0)
    return Case(test.name, model, tuple(draw.random(shape, np.float32) for shape in shapes))


def _read(path: Path, value: onnx.ValueInfoProto) -> Any:
    if value.type.WhichOneof("value") != "tensor_type":
        return None
    return _array(onnx.TensorProto.FromString(path.read_bytes()))


def _array(value: Any) -> Any:
    """An input as an array, scalars included; sequences and optionals as they are."""
    if isinstance(value, onnx.TensorProto):
        return onnx.numpy_helper.to_array(value)
    return value if value is None or isinstance(value, list) else np.asarray(value)


def plain(case: Case) -> dict[str, AnyArray]:
    """What onnxruntime alone makes of a case; nothing where it does not run it."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(case.model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        feed = dict(zip((item.name for item in session.get_inputs()), case.inputs, strict=False))
        outputs = [output.name for output in session.get_outputs()]
        return dict(zip(outputs, session.run(outputs, feed), strict=True))
    except Exception:  # whatever it can not run, we need not run either
        return {}


def judge(case: Case, folder: Path, slices: int = 1) -> Outcome:
    """Dump a case into `folder`, which is fresh, and hold the dump against plain onnxruntime."""
    try:
        made = dump_onnx(_request(case, folder, slices))
    except SgsError as error:
        line = str(error)
        if "\n" in line or not line.isprintable():
            return Outcome(case.name, "crash", f"not one line: {line!r}")
        return Outcome(case.name, "refused here alone" if plain(case) else "refused", line)
    except Exception as error:  # the very thing looked for
        return Outcome(case.name, "crash", f"{type(error).__name__}: {error}")
    return _compared(case, made)


def _request(case: Case, folder: Path, slices: int) -> OnnxDumpRequest:
    model = folder / "model.onnx"
    onnx.save(case.model, model)
    names = {item.name for item in case.model.graph.initializer}
    values = [value for value in case.model.graph.input if value.name not in names]
    files = []
    for number, array in enumerate(case.inputs):
        files.append(folder / f"{number}.npy")
        np.save(files[-1], np.asarray(array) if not isinstance(array, list) else np.zeros(1))
    tensors = [(value, array) for value, array in zip(values, case.inputs, strict=False) if _is_open(value)]
    shapes = {value.name: np.shape(array) for value, array in tensors}
    return OnnxDumpRequest(model, tuple(files), folder / "out", shapes=shapes, slices=slices)


def _is_open(value: onnx.ValueInfoProto) -> bool:
    kind = value.type.tensor_type
    return value.type.HasField("tensor_type") and (
        not kind.HasField("shape") or any(dim.dim_value <= 0 for dim in kind.shape.dim)
    )


def _compared(case: Case, made: OriginalDump) -> Outcome:
    expected, left_out = plain(case), dict(made.skipped)
    with open_dump(made.path) as dump:
        records = {record.name: record for record in dump.records}
        for name, values in expected.items():
            if name in left_out:
                continue
            if name not in records:
                return Outcome(case.name, "different", f"{name} is missing without a word")
            got, want = dump.read(records[name]), np.asarray(values)
            if want.ndim == 4:
                want = want.transpose(0, 2, 3, 1)
            with np.errstate(all="ignore"):
                same = np.array_equal(got, want.astype(np.float32).reshape(-1), equal_nan=True)
            if records[name].shape != (want.shape or (1,)) or not same:
                kind = "random" if any("at random" in note for note in made.notes) else "different"
                return Outcome(case.name, kind, f"{name}: {records[name].shape} for {want.shape}, equal: {same}")
    if expected.keys() <= left_out.keys():
        return Outcome(case.name, "nothing", "; ".join(f"{name}: {why}" for name, why in left_out.items()))
    return Outcome(case.name, "pass")


def run(wanted: Iterator[Case], slices: int = 1) -> Iterator[Outcome]:
    """The outcome of each case, one after the other."""
    for case in wanted:
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
            yield judge(case, Path(folder), slices)


def table(outcomes: Sequence[Outcome]) -> str:
    counts = Counter(outcome.kind for outcome in outcomes)
    return "\n".join(f"{kind:20}{number:6}" for kind, number in counts.most_common())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--slices", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="name every case that does not pass")
    options = parser.parse_args()
    outcomes = list(run(cases(options.only, options.every), options.slices))
    print(table(outcomes))
    for outcome in outcomes:
        if outcome.kind in ("different", "crash") or (options.verbose and outcome.kind != "pass"):
            print(f"{outcome.kind}: {outcome.name}: {outcome.why}")
    passed = sum(outcome.kind == "pass" for outcome in outcomes)
    wrong = any(outcome.kind in ("different", "crash") for outcome in outcomes)
    whole = not options.only and options.every == 1 and options.slices == 1
    return 1 if wrong or (whole and passed < FLOOR) else 0


if __name__ == "__main__":
    sys.exit(main())
