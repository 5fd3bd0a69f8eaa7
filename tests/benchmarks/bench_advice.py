"""What advice promises against what came of it: pairs that were really converted again with other tensors in INT16.

    PYTHONPATH=. python -m tests.benchmarks.bench_advice [DIR ...]

Each DIR holds index.json with entries `name`, `fixed`, `float`, `ranges`, and for a rerun `base` (the name of the pair
before) and `int16` (what was raised); ../shared/data/real and its sgs/bad where none is named, and then heads whose
scores die and chains of 8-bit tensors too, which are quantized here before and after. For each rerun: what is
advised for the base and how many layers fail then on the twin; the worst layer's RMSE (of the base, and of the rerun)
foreseen for the rerun's set against the rerun's own. Exit code 1 where one is off by more than 0.05 and 15 %, or where
layers of the base fail and what is advised leaves some failing.
"""

import json
import lzma
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.advice.advise import advise
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.diagnosis.foresight import open_subject
from sgs_tui.engine.diagnosis.trying import Change, Trying
from sgs_tui.engine.twin.plan import bare
from tests.conftest import SHARED
from tests.engine.compare.heads import FAULTY, run
from tests.engine.diagnosis.runs import Diagnosed, diagnosed
from tests.engine.diagnosis.test_chains import KINDS, chained

NEAR, PART = 0.05, 0.15


@dataclass(frozen=True)
class Rerun:
    """A base pair (fixed, float, ranges), the pair it became, and what was changed."""

    name: str
    base: tuple[Path, Path, Path]
    then: tuple[Path, Path, Path]
    change: Change


def reruns(folder: Path) -> Iterator[Rerun]:
    """Those of an index.json; a level that differs from the base's counts as the change."""
    index = {each["name"]: each for each in json.loads((folder / "index.json").read_text())}
    for each in index.values():
        if each.get("base") in index:
            sides = [
                tuple(folder / one[key] for key in ("fixed", "float", "ranges")) for one in (index[each["base"]], each)
            ]
            yield Rerun(f"{each['base']} -> {each['name']}", sides[0], sides[1], Change(int16=tuple(each["int16"])))
    if {"yolo_l1", "yolo_healthy_l2"} <= index.keys():
        sides = [
            tuple(folder / index[name][key] for key in ("fixed", "float", "ranges"))
            for name in ("yolo_l1", "yolo_healthy_l2")
        ]
        yield Rerun("yolo_l1 -> yolo_healthy_l2", sides[0], sides[1], Change(level=2))


def bad() -> Iterator[Rerun]:
    base, then = SHARED / "sgs" / "bad", SHARED / "sgs" / "bad_int16"
    before = (base / "bad_fixed_dq.bin", base / "bad_float.bin", base / "tensor_min_max.txt")
    for name, raised in (("cat", ("cat",)), ("pool_cat", ("pool", "cat"))):
        after = (then / f"{name}_fixed_dq.bin", then / f"{name}_float.bin", then / f"{name}_tensor_min_max.txt")
        yield Rerun(f"bad -> {name}", before, after, Change(int16=raised))


@contextmanager
def opened(paths: tuple[Path, Path, Path]) -> Iterator[Diagnosed]:
    """A pair, unpacked where it lies packed."""
    with tempfile.TemporaryDirectory() as folder:
        files = [path if path.is_file() else _unpacked(path, Path(folder)) for path in paths[:2]]
        with diagnosed(files[0], files[1], paths[2] if paths[2].is_file() else None) as found:
            yield found


def _unpacked(path: Path, folder: Path) -> Path:
    with lzma.open(f"{path}.xz") as packed, (folder / path.name).open("wb") as file:
        shutil.copyfileobj(packed, file)
    return folder / path.name


def measured(rerun: Rerun) -> Iterator[tuple[str, bool]]:
    """Lines of a rerun, and whether each is as it should be."""
    with opened(rerun.then) as found:
        real = {bare(row.name): row.metrics.rmse for row in found.rows if row.metrics is not None}
    with opened(rerun.base) as found:
        yield advised(found)
        trying = found.diagnosis.trying or Trying(open_subject(found.comparison))
        rows = {row.name: row for row in found.rows if row.metrics is not None and bare(row.name) in real}
        then = {name: now(row) for name, row in trying.rows(rows, rerun.change).items()}
        for what, worst in (
            ("base", max(rows, key=lambda n: now(rows[n]))),
            ("rerun", max(rows, key=lambda n: real[bare(n)])),
        ):
            off = abs(then[worst] - real[bare(worst)])
            near = off <= max(NEAR, PART * real[bare(worst)])
            figures = f"{now(rows[worst]):.4f} now, {then[worst]:.4f} foreseen, {real[bare(worst)]:.4f} real"
            yield f"   worst of the {what}, {worst}: {figures}{'' if near else '  OFF'}", near


def now(row: LayerDiff) -> float:
    assert row.metrics is not None
    return row.metrics.rmse


def advised(found: Diagnosed) -> tuple[str, bool]:
    given = advise(found.comparison, found.rows, found.diagnosis)
    failing = sum(row.verdict.value == "fail" for row in found.rows)
    first = found.diagnosis.first
    what = f"INT16 for {', '.join(given.chosen)}" if given.chosen else "no INT16"
    text = f"   {failing} failing now, {len(given.remaining)} with what is advised ({what}); {first.cause}"
    return text + (f": {first.advice[0]}" if first.advice else ""), not (failing and given.remaining)


def embedded() -> Iterator[tuple[str, bool]]:
    """Lines of networks that are quantized here: with what is advised no layer fails, and all are as foreseen."""
    models = {name: make().model for name, make in FAULTY.items()}
    models |= {name: chained(*ops) for name, (ops, _) in KINDS.items()}
    for name, model in models.items():
        with tempfile.TemporaryDirectory() as folder:
            files = run(model, Path(folder, "now"))
            with diagnosed(files.fixed_dump, files.float_dump, files.ranges) as found:
                given, before = advise(found.comparison, found.rows, found.diagnosis), found.rows
            then = run(model, Path(folder, "then"), int16=given.chosen)
            with diagnosed(then.fixed_dump, then.float_dump, then.ranges) as found:
                after = {row.name: row for row in found.rows if row.metrics is not None}
        failing = [sum(row.verdict is Verdict.FAIL for row in rows) for rows in (before, after.values())]
        off = max(abs(now(after[each.layer]) - each.rmse) for each in given.predicted if each.layer in after)
        right = failing[0] > 0 == failing[1] and off <= NEAR
        what = f"INT16 for {', '.join(given.chosen) or 'nothing'}"
        figures = f"{failing[0]} failing, {failing[1]} in the rerun, RMSE at most {off:.2g} off"
        yield f"{name}: {figures} ({what}){'' if right else '  OFF'}", right


def main(folders: list[Path]) -> int:
    known = [
        each for folder in folders or [SHARED / "real"] if (folder / "index.json").is_file() for each in reruns(folder)
    ]
    wrong = 0
    for rerun in [*known, *([] if folders else bad())]:
        print(f"{rerun.name}: {rerun.change}", flush=True)
        for line, right in measured(rerun):
            print(line, flush=True)
            wrong += not right
    for line, right in () if folders else embedded():
        print(line, flush=True)
        wrong += not right
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main([Path(each) for each in sys.argv[1:]]))
