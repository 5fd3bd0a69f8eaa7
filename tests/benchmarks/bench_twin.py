"""What the twin promises, measured on real dumps: rebuild, prediction, what-if, speed, search, new pictures.

    python -m tests.benchmarks.bench_twin [--real FOLDER] [--only rebuild,prediction,...]

Random networks and faults come from ../shared/data; `--real` is a folder into which shared/data/real/unpack.sh has
unpacked the trained networks. Exit code 1 where a promise is not kept.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sgs_tui.engine.calibration.ranges import load_ranges
from sgs_tui.engine.configs import inputconfig
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.errors import SgsError
from sgs_tui.engine.twin.agreement import measure, not_predicted
from sgs_tui.engine.twin.arithmetic import Pixels
from sgs_tui.engine.twin.figures import Figures
from sgs_tui.engine.twin.measured import fixed_records, read_plan
from sgs_tui.engine.twin.network import Twin, relative_error
from sgs_tui.engine.twin.other_input import own_pixels
from sgs_tui.engine.twin.plan import Plan, load_softmax_ranges, plan
from sgs_tui.engine.twin.predict import dumped_inputs
from sgs_tui.engine.twin.rebuild import rebuild
from sgs_tui.engine.twin.run import float_layers, write_float_dump
from sgs_tui.engine.twin.search import Goal, Search, sensitivities
from sgs_tui.engine.twin.trials import Trials, foreseen
from sgs_tui.engine.twin.values import Values
from sgs_tui.engine.twin.whatif import Limits, from_fixed, from_ranges, whatif

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
OTHER_CAUSES = ("input_mismatch", "gain_offset", "padding_kept", "not_dequantized", "non_finite")
"""Faults that are not quantization: their fixed dumps are of another input, or can not be compared."""


@dataclass(frozen=True)
class Pair:
    """A float and a fixed dump of one network."""

    name: str
    float_path: Path
    fixed_path: Path
    ranges: Path
    ini: Path
    level: int
    int16: tuple[str, ...] = ()
    softmax: Path | None = None
    cause: str = ""


def shared_pairs() -> Iterator[Pair]:
    """tiny, bad and the faults."""
    for name, stem in (("tiny", ""), ("bad", "bad_")):
        folder = SHARED / "sgs" / name
        yield Pair(
            name, folder / f"{stem}float.bin", folder / f"{stem}fixed_dq.bin", folder / "tensor_min_max.txt",
            folder / "none.ini", 2 if name == "tiny" else 1, softmax=folder / "softmax_lut_range.txt",
        )  # fmt: skip
    for case in json.loads((SHARED / "faults" / "index.json").read_text()):
        folder = SHARED / "faults" / case["dir"]
        yield Pair(
            case["dir"], folder / "float.bin", folder / "fixed.bin", folder / "tensor_min_max.txt",
            folder / "input_config.ini", int(case["quant_level"][1]), cause=case["expected_cause"],
        )  # fmt: skip


def real_pairs(folder: Path) -> Iterator[Pair]:
    """The trained networks."""
    for case in json.loads((folder / "index.json").read_text()):
        level = 1 if case["name"].endswith("_l1") else 2
        yield Pair(
            case["name"], folder / case["float"], folder / case["fixed"], folder / case["ranges"], folder / case["ini"],
            level, tuple(case.get("int16", ())), cause=case["expected_cause"],
        )  # fmt: skip


def pixels_of(ini: Path) -> Pixels | None:
    """Mean and std of an input_config.ini; None where there is none (random inputs)."""
    if not ini.is_file():
        return None
    config = inputconfig.load(ini)
    values = [config.value("input_config", f"mean_{color}") for color in ("red", "green", "blue")]
    if None in values:
        return Pixels()
    blue_first = (config.value("input_config", "training_input_formats") or "BGR").upper().startswith("BGR")
    mean = tuple(float(each or 0) for each in (reversed(values) if blue_first else values))
    return Pixels(mean, (float(config.value("input_config", "std_value") or 1),) * 3)


def plan_of(pair: Pair, twin: Twin) -> Plan:
    softmax = load_softmax_ranges(pair.softmax) if pair.softmax else None
    return plan(twin, load_ranges(pair.ranges).by_name, pair.int16, pair.level, softmax)


class Report:
    """Prints tables and remembers promises that were not kept."""

    def __init__(self) -> None:
        self.broken: list[str] = []

    def promise(self, text: str, kept: bool) -> None:
        print(f"  {'kept  ' if kept else 'BROKEN'} {text}")
        if not kept:
            self.broken.append(text)


def rebuild_table(report: Report, real: Path | None) -> None:
    """1: every op of every float dump."""
    paths = sorted(p for p in SHARED.rglob("*.bin") if "float" in p.name and "cases" not in p.parts)
    paths += sorted(real.glob("float_*.bin")) if real else []
    ops = barriers = 0
    worst = whole = 0.0
    slowest = (0.0, "")
    print(f"{'dump':48} {'ops':>4} {'exact':>5} {'worst op':>9} {'whole net':>9} {'s':>5}")
    for path in paths:
        started = time.process_time()
        twin = rebuild(open_dump(path))
        seconds = time.process_time() - started
        exact = sum(op.proof == "exact" for op in twin.ops)
        op_error = max(op.error for op in twin.ops if not op.barrier)
        print(
            f"{str(path)[-48:]:48} {len(twin.ops):4} {exact:5} {op_error:9.1e} {twin.whole_error:9.1e} {seconds:5.2f}"
        )
        ops, barriers = ops + len(twin.ops), barriers + len(twin.ops) - exact
        worst, whole = max(worst, op_error), max(whole, twin.whole_error)
        if "cmodel" not in path.name:  # a fused first convolution is looked for until its budget ends
            slowest = max(slowest, (seconds, path.name))
    report.promise(f"{ops - barriers} of {ops} ops exact, worst {worst:.1e}", barriers <= 0.01 * ops)
    report.promise(f"whole networks within {whole:.1e} (1e-4)", whole <= 1e-4)
    report.promise(f"slowest {slowest[1]} {slowest[0]:.2f} s (2 s)", slowest[0] <= 2)


def prediction_table(report: Report, real: Path | None) -> None:
    """2: ranges and level only, against the fixed simulator."""
    shared = [pair for pair in shared_pairs() if pair.cause not in OTHER_CAUSES]
    _prediction(report, "shared", shared, 0.12, 0.8)
    if real:
        _prediction(report, "real", [each for each in real_pairs(real) if each.cause != "input_mismatch"], 0.15, 0.9)


def _prediction(report: Report, title: str, pairs: Sequence[Pair], median: float, p90: float) -> None:
    every: list[float] = []
    bars: list[bool] = []
    types = right = 0
    print(f"{title:24} {'layers':>6} {'median':>7} {'p90':>6} {'max':>6}  dB")
    for pair in pairs:
        twin, fixed = rebuild(open_dump(pair.float_path)), open_dump(pair.fixed_path)
        made = plan_of(pair, twin)
        found, wrong = _types(made, fixed)
        types, right = types + found, right + found - wrong
        predicted = foreseen(Trials.start(made, pixels=pixels_of(pair.ini)))
        measured, reasons = measure(made, fixed_records(twin, fixed)), not_predicted(made)
        zero = [name for name in reasons if "all but zero" in reasons[name]]
        counted = [name for name in measured if name not in zero]
        errors = [abs(measured[n].sqnr_db - predicted[n].figures.sqnr_db) for n in counted]
        bars += [error <= predicted[n].error_bar_db for n, error in zip(counted, errors, strict=True)]
        middle, high = np.median(errors), np.percentile(errors, 90)
        print(f"{pair.name:24} {len(errors):6} {middle:7.3f} {high:6.2f} {max(errors):6.2f}")
        every += errors
    found_median, found_p90, near = np.median(every), np.percentile(every, 90), np.mean(np.array(every) <= 1)
    report.promise(
        f"{title}: median {found_median:.3f} ({median}) of {len(every)} layers", bool(found_median <= median)
    )
    report.promise(f"{title}: p90 {found_p90:.2f} ({p90})", bool(found_p90 <= p90))
    if title == "shared":
        report.promise(f"{title}: {near:.1%} within 1 dB (93 %)", bool(near >= 0.93))
    print(f"  {np.mean(bars):.1%} of layers within their error bar")
    report.promise(f"{title}: types of {right} of {types} tensors (99.9 %)", right >= 0.999 * types)


def _types(made: Plan, fixed: Dump) -> tuple[int, int]:
    pairs = [(made.grids.get(record.name), record) for record in fixed.outputs()]
    known = [(grid, record) for grid, record in pairs if grid is not None]
    return len(known), sum(grid.type_name != record.type_name for grid, record in known)


def unseen_table(report: Report, real: Path | None) -> None:
    """2b: pairs that no rule was fitted on, since their inputs differ: the float side is made by the twin itself."""
    if not real:
        return
    for pair in (each for each in real_pairs(real) if each.cause == "input_mismatch"):
        twin, fixed, pixels = rebuild(open_dump(pair.float_path)), open_dump(pair.fixed_path), pixels_of(pair.ini)
        ranges, name = load_ranges(pair.ranges).by_name, twin.inputs[0]
        own = own_pixels(read_plan(twin, fixed, ranges), fixed_records(twin, fixed), dumped_inputs(twin)[name])
        assert own is not None and pixels is not None
        with TemporaryDirectory() as made:
            values = ((own - np.array(pixels.mean)) / np.array(pixels.std)).astype(np.float32)
            write_float_dump(twin, {name: values.reshape(-1)}, Path(made) / "float.bin")
            again = rebuild(open_dump(Path(made) / "float.bin"))
            trials = Trials.start(plan(again, ranges, (), pair.level), pixels=pixels)
            predicted, measured = foreseen(trials), measure(trials.plan, fixed_records(again, fixed))
        for what, scores in (("one run", trials.scores), ("mean of 3", {n: e.figures for n, e in predicted.items()})):
            errors = [abs(measured[each].sqnr_db - scores[each].sqnr_db) for each in measured]
            middle, high = np.median(errors), np.percentile(errors, 90)
            text = f"median {middle:.3f}, p90 {high:.2f}, max {max(errors):.2f}"
            print(f"{pair.name:24} {what:9} {len(errors):4} layers, {text}")


def whatif_table(report: Report, real: Path | None) -> None:
    """3: reruns that the simulator really made."""
    bad = next(pair for pair in shared_pairs() if pair.name == "bad")
    reruns = [(bad, ("cat",), "cat"), (bad, ("pool", "cat"), "pool_cat")]
    for pair, names, stem in reruns:
        fixed = SHARED / "sgs" / "bad_int16" / f"{stem}_fixed_dq.bin"
        _whatif(report, pair, names, fixed, 0.2, ("max", 1.5))
    if real:
        known = {pair.name: pair for pair in real_pairs(real)}
        rerun = known["x_yolo_l4int16"]
        _whatif(report, known["yolo_healthy_l2"], rerun.int16, rerun.fixed_path, 0.2, ("p90", 1.0))


def _whatif(
    report: Report, pair: Pair, names: Sequence[str], rerun: Path, median: float, limit: tuple[str, float]
) -> None:
    twin = rebuild(open_dump(pair.float_path))
    softmax = load_softmax_ranges(pair.softmax) if pair.softmax else None
    ranges = load_ranges(pair.ranges).by_name
    subject = from_fixed(twin, open_dump(pair.fixed_path), ranges, pixels_of(pair.ini), softmax)
    after = {each.name: each.after for each in whatif(subject, names).layers}
    real = measure(subject.plan, fixed_records(twin, open_dump(rerun)))
    errors = np.array([abs(real[name].sqnr_db - after[name].sqnr_db) for name in real if name in after])
    second = errors.max() if limit[0] == "max" else np.percentile(errors, 90)
    assert subject.check is not None
    check = f"self-check {subject.check.median_db:.3f} / {subject.check.p90_db:.3f} dB"
    middle = float(np.median(errors))
    text = f"{pair.name} -> {','.join(names)}: median {middle:.3f} ({median}), {limit[0]} {second:.2f} ({limit[1]})"
    report.promise(f"{text}; {check}", bool(middle <= median and second <= limit[1]))


def speed_table(report: Report, real: Path | None) -> None:
    """4: on the detector of 94 ops, and as ratios to one float run."""
    if not real:
        return
    pair = next(each for each in real_pairs(real) if each.name == "rfbs_rawfloat")
    started = time.process_time()
    twin = rebuild(open_dump(pair.float_path))
    rebuilt = time.process_time() - started
    inputs, kernels = dumped_inputs(twin), {}
    _spent(lambda: [None for _ in float_layers(twin, inputs, kernels)])
    run = _spent(lambda: [None for _ in float_layers(twin, inputs, kernels)])
    subject = from_ranges(twin, load_ranges(pair.ranges).by_name, 2)
    names = twin.convolution_inputs()
    one = _spent(lambda: subject.trials.of(names[len(names) // 3 : len(names) // 3 + 1]))
    everything = _spent(lambda: subject.trials.of(names))
    alone = _spent(lambda: list(sensitivities(subject.trials, twin.outputs)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report.promise(
        f"rebuild and proof {rebuilt:.2f} s (3 s), {rebuilt / run:.0f} float runs of {run * 1000:.0f} ms", rebuilt <= 3
    )
    report.promise(
        f"a trial {one:.2f} s, all INT16 {everything:.2f} s (0.6 s), {everything / run:.0f} float runs",
        everything <= 0.6,
    )
    report.promise(f"{len(names)} single sensitivities {alone:.1f} s (30 s), {alone / run:.0f} float runs", alone <= 30)
    report.promise(f"peak memory of this process {peak:.0f} MB (500 MB)", peak <= 500)


def _spent(action: Callable[[], object]) -> float:
    """CPU seconds: other jobs on the machine make wall time two to five times as long. All here runs on one core."""
    started = time.process_time()
    action()
    return time.process_time() - started


def search_table(report: Report, real: Path | None) -> None:
    """5: never larger than the best of all sets up to three, on goals that need a set and are in reach."""
    cases = [pair for pair in shared_pairs() if pair.name == "bad" or pair.cause not in ("", *OTHER_CAUSES)]
    telling: set[str] = set()
    print(f"{'search':24} {'goal':9} {'trials':>6} {'s':>5}  chosen / best of all up to 3")
    for pair in cases:
        twin = rebuild(open_dump(pair.float_path))
        softmax = load_softmax_ranges(pair.softmax) if pair.softmax else None
        fixed = open_dump(pair.fixed_path)
        trials = from_fixed(twin, fixed, load_ranges(pair.ranges).by_name, pixels_of(pair.ini), softmax).trials
        for goal in [Goal(Limits())] if pair.name == "bad" else _goals(trials):
            telling.update([pair.name] if _searched(report, pair, trials, goal) else [])
    report.promise(f"{len(telling)} pairs with a goal that one to three tensors reach (12)", len(telling) >= 12)


def _searched(report: Report, pair: Pair, trials: Trials, goal: Goal) -> bool:
    """Whether the goal was a telling one."""
    search = Search(trials, goal)
    started = time.perf_counter()
    steps = len(list(search.run()))
    seconds, best = time.perf_counter() - started, _exhaustive(trials, goal)
    chosen = search.best.names if search.best.reached else None
    sizes = f"{'none' if chosen is None else len(chosen)} / {'none' if best is None else len(best)}"
    kept = best is None or (chosen is not None and len(chosen) <= len(best))
    report.promise(f"{pair.name:24} {_words(goal):9} {steps:6} {seconds:5.1f}  {sizes}", kept)
    if pair.name == "bad":
        report.promise("bad: cat alone", chosen == ("cat",))
    return bool(best)


def _words(goal: Goal) -> str:
    return f"sqnr {goal.limits.sqnr_db:.1f}" if goal.limits.sqnr_db is not None else "manual"


def _goals(trials: Trials) -> Iterator[Goal]:
    """An output two thirds of the way to what the best single tensor makes it, and beyond that tensor."""
    name = trials.plan.twin.outputs[-1]
    best = max(scores[name].sqnr_db for _, scores in sensitivities(trials, (name,)))
    now = trials.scores[name].sqnr_db
    for wanted in (now + (best - now) * 2 / 3, best + 0.3):
        yield Goal(Limits(rmse=None, sqnr_db=wanted), (name,))


def _exhaustive(trials: Trials, goal: Goal) -> tuple[str, ...] | None:
    names = trials.plan.twin.convolution_inputs()
    for size in range(4):
        for chosen in combinations(names, size):
            scores: dict[str, Figures] = dict(trials.of(chosen, only=goal.layers))
            wanted = goal.layers or tuple(scores)
            reasons = not_predicted(trials.plan) if goal.layers is None else {}
            if not any(goal.limits.of(name).excess(scores[name]) > 0 for name in wanted if name not in reasons):
                return chosen
    return None


def picture_table(report: Report, real: Path | None) -> None:
    """6: pairs that share weights and differ in picture."""
    folder = SHARED / "faults"
    twin = rebuild(open_dump(folder / "a_healthy_dwres48" / "float.bin"))
    with TemporaryDirectory() as made:
        for name in ("d_clip", "e_order", "f_gain", "f2_offset", "g_otherimage"):
            other = open_dump(folder / f"{name}_dwres48" / "float.bin")
            records = {record.name: record for record in other.records}
            inputs = {each: Values(other).read(records[each]) for each in twin.inputs}
            write_float_dump(twin, inputs, Path(made) / "float.bin")
            written = open_dump(Path(made) / "float.bin")
            worst = max(relative_error(written.read(r), other.read(records[r.name])) for r in written.outputs())
            report.promise(f"{name}: the simulator's own dump within {worst:.1e} (1e-5)", worst <= 1e-5)


TABLES: dict[str, Callable[[Report, Path | None], None]] = {
    "rebuild": rebuild_table, "prediction": prediction_table, "unseen": unseen_table, "whatif": whatif_table,
    "speed": speed_table, "search": search_table, "pictures": picture_table,
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path)
    parser.add_argument("--only", default=",".join(TABLES))
    options = parser.parse_args()
    if not SHARED.is_dir():
        print(f"{SHARED}: the real dumps are not on this machine", file=sys.stderr)
        return 2
    report = Report()
    for name in options.only.split(","):
        print(f"\n== {name}: {TABLES[name].__doc__}")
        try:
            TABLES[name](report, options.real)
        except SgsError as error:
            report.promise(f"{name}: {error}", False)
    print(f"\n{len(report.broken)} promises not kept")
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
