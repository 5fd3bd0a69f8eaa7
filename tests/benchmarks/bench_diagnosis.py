"""Confusion matrix of the diagnosis on generated networks, each with one known fault.

    python -m tests.benchmarks.bench_diagnosis [--seeds 16] [--first 0] [--cost]

Networks differ in build (residual, dense, skipping, chain, deep), size, channels, activation and weight scales;
faults differ in place and strength; every second case is diagnosed without ranges. Rows are the true causes,
columns what was found first; a culprit that is not named counts as wrong. Exit code 1 where a cell off the
diagonal is not 0. `--seeds 16` are 208 cases.

`--cost` instead: whole `compare` commands with the diagnosis and without it, CPU seconds of all their processes (the
fastest of each, taken in turn): a healthy pair of about 170 + 85 MB, one of that size with failing
layers, and the pairs of trained networks of ../shared/data/real, where they are. Limit: 2.5 times the command without
it, plus a second.
"""

import argparse
import json
import lzma
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.bench_compare import processor_seconds
from tests.benchmarks.large_pair import write_large
from tests.conftest import SHARED
from tests.engine.diagnosis.cases import FAULTS
from tests.engine.diagnosis.runs import generated, right

RUNS = 3
FACTOR, MORE = 2.5, 1.0
"""A diagnosis may take so many times the comparison, and so many seconds."""
REAL = SHARED / "real"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--cost", action="store_true")
    options = parser.parse_args()
    if options.cost:
        for line in costs():
            print(line, flush=True)
        return 0
    cells, wrong, seconds = measure(range(options.first, options.first + options.seeds))
    print(matrix(cells))
    print(f"\n{sum(cells.values())} cases, {len(wrong)} wrong; {statistics.median(seconds):.3f} s a case (median)")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


def costs() -> Iterator[str]:
    """A line for each pair."""
    for name, factor in (("large", 1.0), ("large and failing", 400.0)):
        with tempfile.TemporaryDirectory() as folder:
            yield cost(name, *write_large(Path(folder), factor=factor))
    for pair in json.loads((REAL / "index.json").read_text()) if REAL.is_dir() else ():
        with tempfile.TemporaryDirectory() as folder:
            sides = (unpacked(pair[side], Path(folder)) for side in ("fixed", "float"))
            yield cost(pair["name"], *sides, REAL / pair["ranges"])


def unpacked(name: str, folder: Path) -> Path:
    with lzma.open(REAL / f"{name}.xz") as packed, (folder / name).open("wb") as file:
        shutil.copyfileobj(packed, file)
    return folder / name


def cost(name: str, sample: Path, benchmark: Path, ranges: Path) -> str:
    """Seconds of both commands, their ratio, and whether the limit holds. The first run of each does not count."""
    command = ["-m", "sgs_tui", "compare", str(sample), str(benchmark), "--ranges", str(ranges), "--format", "json"]
    taken = [(processor_seconds([*command, "--no-diagnosis"]), processor_seconds(command)) for _ in range(RUNS + 1)]
    (alone, _), (both, _) = (min(runs) for runs in zip(*taken[1:], strict=True))
    size = sum(path.stat().st_size for path in (sample, benchmark)) / 1e6
    limit = FACTOR * alone + MORE
    verdict = "as wanted" if both <= limit else "TOO LONG"
    times = f"{both:.2f} s with the diagnosis, {alone:.2f} s without: {both / alone:.2f} times"
    return f"{name}, {size:.0f} MB: {times}; limit {limit:.2f} s, {verdict}"


def measure(seeds: range) -> tuple[Counter[tuple[str, str]], list[str], list[float]]:
    """Cells of the matrix, a line for every wrong case, and the seconds of each (generating it included)."""
    cells: Counter[tuple[str, str]] = Counter()
    wrong, seconds = [], []
    for cause in FAULTS:
        for seed in seeds:
            start = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                pair, diagnosis = generated(cause, seed, Path(folder))
            seconds.append(time.perf_counter() - start)
            found = str(diagnosis.first.cause)
            cells[cause, found] += 1
            if not right(pair, diagnosis):
                wrong.append(f"{cause} seed {seed} ({pair.net}): {found} at {', '.join(diagnosis.first.layers[:4])}")
    return cells, wrong, seconds


def matrix(cells: Counter[tuple[str, str]]) -> str:
    """The cells as a table; columns are numbered as rows are."""
    causes = list(FAULTS)
    lines = [" " * 22 + "".join(f"{number:5d}" for number in range(1, len(causes) + 1))]
    for number, cause in enumerate(causes, 1):
        row = "".join(f"{cells[cause, found] or '.':>5}" for found in causes)
        lines.append(f"{number:3d} {cause:<18}{row}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
