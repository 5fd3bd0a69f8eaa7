"""What the app costs over a slow line: bytes and milliseconds, through a pseudo terminal.

    python -m tests.benchmarks.bench_tui [--folder DIR] [--layers 10000] [--megabytes 170] [--keys 100]
                                         [--only start,idle,cursor,held,pages,sorting,filter,drawing] [--size 80x24]

Prints one line a figure with its limit. "painted" is when the last byte of the repaint arrived; what follows a cursor
move when it rests (status line, and on a large screen histogram and details) is listed apart. On a busy machine only
the processor's time tells anything: it is that of the app's process, for a key and all that follows it.
"""

import argparse
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.compare.histogram import LayerHistogram, SideCounts
from sgs_tui.engine.compare.histogram import Span as Stretch
from tests.benchmarks.synthetic import MB, write_pair
from tests.tui.terminal import Terminal

GAP = 0.012
"""Seconds without a byte after which a repaint counts as complete (its bytes come in one write)."""
REST = 0.3
"""Seconds without a byte after which what follows the cursor has been painted too (it follows after 0.12)."""
STILL = 0.08
"""Seconds without a byte after which a held key has stopped; what follows when the cursor rests comes later."""
PARTS = ("start", "idle", "cursor", "held", "pages", "sorting", "filter", "drawing")
SIZES = ("80x24", "160x50")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result."""

    name: str
    value: str
    wanted: str = ""


def started(paths: tuple[str, ...], size: tuple[int, int]) -> Terminal:
    """The app on these dumps."""
    return Terminal((*paths, "--no-mouse"), *size, environment={"LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": ""})


def finished(text: str) -> bool:
    """Every row of the comparison is there, none is still to come."""
    head = text.split("\n", maxsplit=1)[0]
    return "layers" in head and "%" not in head and "·" not in text


def processor(terminal: Terminal) -> float:
    """Seconds that the app's threads have computed so far, to the nanosecond."""
    tasks = Path(f"/proc/{terminal.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def start_times(paths: tuple[str, ...]) -> list[Figure]:
    """From the command to the first picture, to the first rows, to all."""
    with started(paths, (80, 24)) as terminal:
        terminal.wait_for(finished)  # once for the caches of Python and of the disk
    began, seen = time.monotonic(), []
    with started(paths, (80, 24)) as terminal:
        for shown in ("against", "layer_0", finished):
            terminal.wait_for(shown)
            seen.append(f"{time.monotonic() - began:.2f} s ({processor(terminal):.2f} s of processor)")
    what = f"{sum(Path(path).stat().st_size for path in paths) / 1e6:.0f} MB"
    return [
        Figure(f"start to first picture, {what}", seen[0], "< 0.5 s"),
        Figure(f"start to the table, {what}", seen[1]),
        Figure(f"start to all figures, {what}", seen[2]),
    ]


def language_costs() -> Figure:
    """What a start in Chinese takes more of the processor than one in English: medians, one after the other."""
    taken: dict[str, list[float]] = {"en_US.UTF-8": [], "zh_CN.UTF-8": []}
    for _ in range(30):
        for language, times in taken.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            command = [sys.executable, "-m", "sgs_tui", "--version"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "LC_ALL": language})
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000)
    english, chinese = map(statistics.median, taken.values())
    return Figure("start in Chinese", f"{chinese - english:+.1f} ms of {english:.1f} ms of CPU", "< +10 ms")


@dataclass(frozen=True, slots=True)
class Pressed:
    """What one key took: milliseconds until painted, bytes of the repaint and after it, milliseconds of the processor
    until painted and in all."""

    milliseconds: float
    repaint: int
    followed: int
    processor: float
    in_all: float


def press(terminal: Terminal, key: str) -> Pressed:
    """Press it and wait until nothing follows any more."""
    before, began, used = len(terminal.output), time.monotonic(), processor(terminal)
    terminal.press(key)
    terminal.read_some()
    painted = time.monotonic()
    while terminal.read(GAP):
        painted = time.monotonic()
    repaint, first = len(terminal.output) - before, processor(terminal) - used
    terminal.settle(REST)
    in_all = processor(terminal) - used
    followed = len(terminal.output) - before - repaint
    return Pressed((painted - began) * 1000, repaint, followed, first * 1000, in_all * 1000)


def moves(terminal: Terminal, keys: str, name: str, limits: tuple[str, str, str]) -> list[Figure]:
    """Latency, bytes and processor time of these keys; `limits` of latency, repaint and what follows."""
    return told([press(terminal, key) for key in keys], name, limits)


def told(results: list[Pressed], name: str, limits: tuple[str, str, str]) -> list[Figure]:
    """Latency, processor time and bytes of keys that were pressed."""
    repaints = sorted(each.repaint for each in results)
    bytes_ = f"median {statistics.median(repaints):.0f}, most {repaints[-1]} bytes"
    followed = statistics.median(each.followed for each in results)
    return [
        Figure(f"{name}: key to painted", spread([each.milliseconds for each in results]), limits[0]),
        Figure(f"{name}: the same, processor", spread([each.processor for each in results]), limits[0]),
        Figure(f"{name}: and all that follows", spread([each.in_all for each in results])),
        Figure(f"{name}: repaint", bytes_, limits[1]),
        Figure(f"{name}: afterwards", f"median {followed:.0f} bytes", limits[2]),
    ]


def spread(milliseconds: list[float]) -> str:
    """Median and 95th percentile: the smallest that 95 of 100 are not above."""
    ranked = sorted(milliseconds)
    p95 = ranked[math.ceil(0.95 * len(ranked)) - 1]
    return f"median {statistics.median(ranked):.1f}, p95 {p95:.1f} ms"


def held(terminal: Terminal, name: str) -> Figure:
    """A key that repeats for two seconds, 30 times a second, and is let go: how long the cursor goes on."""
    terminal.press("g")
    terminal.settle(REST)
    for _ in range(60):
        terminal.press("j")
        terminal.read_for(1 / 30)
    released = last = time.monotonic()
    while time.monotonic() - last < STILL:
        if terminal.read(0.005):
            last = time.monotonic()
    return Figure(f"{name} held key goes on for", f"{(last - released) * 1000:.0f} ms", "< 100 ms")


CURSOR = ("median < 8, p95 < 16 ms", "< 330 bytes", "< 2000 bytes")
OTHERS = ("p95 < 30 ms", "", "")


def at_many_rows(paths: tuple[str, ...], keys: int, size: tuple[int, int], only: Collection[str]) -> Iterator[Figure]:
    """Idle, moving, sorting and filtering."""
    name = f"{size[0]}x{size[1]}"
    with started(paths, size) as terminal:
        terminal.wait_for(finished)
        terminal.settle(2.0)
        if "idle" in only:
            before = len(terminal.output)
            terminal.read_for(5.0)
            yield Figure(f"{name} idle for 5 s", f"{len(terminal.output) - before} bytes", "0 bytes")
        if "cursor" in only:
            inside = "".join("j" * 6 + "k" * 6 for _ in range(keys // 12 + 1))[:keys]
            yield from moves(terminal, inside, f"{name} cursor", CURSOR)
        if "held" in only:
            yield held(terminal, name)
        if "pages" in only:
            yield from moves(terminal, "jjJJKKGg" * 8, f"{name} pages and ends", OTHERS)
        if "sorting" in only:
            yield from moves(terminal, "sSo" * 7, f"{name} sorting all rows", OTHERS)
        if "filter" in only:
            yield from typed(terminal, f"{name} filter as typed")


def typed(terminal: Terminal, name: str) -> list[Figure]:
    """Filters, key by key, each opened and dropped again."""
    pressed = []
    for text in ("layer_99", "rmse>0.0", "!99 op:c", "verdict:fail", "cos<0.9999"):
        terminal.press("/")
        terminal.settle(REST)
        pressed += [press(terminal, key) for key in text]
        terminal.press("\x1b")
        terminal.settle(REST)
    return told(pressed, name, OTHERS)


def drawing() -> list[Figure]:
    """The histogram's lines from known counts, and one repaint of them."""
    import numpy as np

    from sgs_tui.tui.histogram.view import Look, picture

    random = np.random.default_rng(0)
    side = SideCounts(np.histogram(random.normal(size=1_000_000), 4096, (-5, 5))[0], 0, 0, 0, 0.0)
    histogram = LayerHistogram(Stretch(-5, 5), side, side, Stretch(-5, 5), side)
    figures = []
    for width, height in ((80, 16), (71, 21), (160, 44)):
        look, times = Look(width, height), []
        for _ in range(20):
            began = time.process_time()
            picture(histogram, None, look)
            times.append((time.process_time() - began) * 1000)
        value = f"median {statistics.median(times):.1f}, most {max(times[1:]):.1f} ms of CPU"
        figures.append(Figure(f"histogram {width}x{height} drawn", value, "< 50 ms"))
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--layers", type=int, default=10_000)
    parser.add_argument("--megabytes", type=int, default=170)
    parser.add_argument("--keys", type=int, default=100)
    parser.add_argument("--only", default=",".join(PARTS), help="parts to measure, with commas between")
    parser.add_argument("--size", choices=SIZES, help="of the terminal; without it both")
    options = parser.parse_args()
    only = options.only.split(",")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        if "start" in only:
            report([language_costs()])
            report(start_times(tuple(map(str, write_pair(Path(folder), 56, options.megabytes * MB // 56)))))
        if {*only} - {"start", "drawing"}:
            many = tuple(map(str, write_pair(Path(folder), options.layers, 256)))
            for size in [options.size] if options.size else SIZES:
                columns, lines = map(int, size.split("x"))
                report(at_many_rows(many, options.keys, (columns, lines), only))
    if "drawing" in only:
        report(drawing())


def report(figures: Iterable[Figure]) -> None:
    """One line each, at once."""
    for figure in figures:
        print(f"{figure.name:<44} {figure.value:<34} {figure.wanted}".rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
