"""Speed and memory of the comparison against what it can not be faster than, and against the vendor's way.

    python -m tests.benchmarks.bench_compare [--folder DIR] [--scale 1.0] [--runs 3] [--reports-only]

Baselines, as whole commands: reading both files' payloads once and summing them with numpy (from files without
headers, so that every float32 is one); and the vendor-like pipeline, which
splits both dumps into one file a tensor and then starts one process a layer to compare two of them.
Prints one line a case: seconds (median of the runs), the ratio, and peak memory above an interpreter with numpy.

Then whole commands on a pair of 100,000 layers, diagnosis included: processor seconds of all their processes, what
that is for a layer and against the comparison alone, and the peak memory of the largest process. JSON and CSV have to
stay below 300 MB. `inspect | head -1` shows that who wants one line does not wait for the others.
"""

import argparse
import os
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sgs_tui.engine.dumps.reader import open_dump
from tests.benchmarks.synthetic import MB, write_pair, write_sparse

COMPARE = """
import resource, sys
from pathlib import Path
from sgs_tui.engine.session import CompareRequest, open_comparison

if __name__ == "__main__":
    comparison = open_comparison(CompareRequest(Path(sys.argv[1]), Path(sys.argv[2])))
    rows = sum(type(event).__name__ == "Row" for event in comparison.run())
    own, child = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(own, child, rows)
"""

READ_AND_SUM = """
import sys
import numpy as np

buffer = np.empty(1 << 18, np.float32)
for path in sys.argv[1:]:
    with open(path, "rb", buffering=0) as file:
        while got := file.readinto(buffer):
            float(buffer[: got // 4].sum())
"""

ONE_LAYER = """
import sys
import numpy as np
a, b = (np.fromfile(path, np.float32, offset=int(skip)) for path, skip in zip(sys.argv[1::2], sys.argv[2::2]))
d = a - b
print(float((d.astype(float) ** 2).mean()), float(np.abs(d).sum() / np.abs(b).sum()))
"""


def vendor_like(paths: tuple[Path, Path], folder: Path) -> None:
    """Split both dumps into files, then one process a layer."""
    files: list[list[Path]] = []
    for path in paths:
        with open_dump(path) as dump:
            target = folder / path.stem
            target.mkdir(parents=True, exist_ok=True)
            files.append([target / f"{record.number}.bin" for record in dump.records])
            for record, file in zip(dump.records, files[-1], strict=True):
                dump.read(record).tofile(file)
    for sample, benchmark in zip(*files, strict=True):
        command = [sys.executable, "-c", ONE_LAYER, str(sample), "0", str(benchmark), "0"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def compare(paths: tuple[Path, Path], script: Path) -> tuple[int, int]:
    """Peak kilobytes of the comparing process, and of its largest child."""
    done = subprocess.run([sys.executable, script, *paths], check=True, capture_output=True, text=True)
    own, child, _ = map(int, done.stdout.split())
    return own, child


def bare_interpreter() -> int:
    """Peak kilobytes of an interpreter that only imports numpy."""
    code = "import numpy, resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


def median_seconds(work: Callable[[], object], runs: int) -> float:
    """Median wall time of `runs` calls after one that is not counted."""
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def bench_pair(name: str, paths: tuple[Path, Path], folder: Path, runs: int, vendor: bool) -> None:
    """One line: our command, the floor, the vendor-like pipeline where asked, memory."""
    script, floor_script = folder / "compare.py", folder / "read_and_sum.py"
    script.write_text(COMPARE)
    floor_script.write_text(READ_AND_SUM)
    payloads = [_payloads_only(path) for path in paths]
    ours = median_seconds(lambda: compare(paths, script), runs)
    floor = median_seconds(lambda: subprocess.run([sys.executable, floor_script, *payloads], check=True), runs)
    own, child = compare(paths, script)
    cores = len(os.sched_getaffinity(0))
    extra = (own + child * cores * bool(child > bare_interpreter() // 2) - bare_interpreter()) / 1024
    line = (
        f"{name:34} ours {ours:6.2f} s   read+sum {floor:6.2f} s   ratio {ours / floor:4.2f}   memory +{extra:4.0f} MB"
    )
    if vendor:
        pipeline = median_seconds(lambda: vendor_like(paths, folder / "split"), 1)
        line += f"   vendor-like {pipeline:6.2f} s   ours/vendor {ours / pipeline:5.3f}"
    print(line, flush=True)
    for path in payloads:
        path.unlink()


def _payloads_only(path: Path) -> Path:
    plain = path.with_suffix(".f32")
    with open_dump(path) as dump, plain.open("wb") as file:
        for record in dump.records:
            for chunk in dump.chunks(record):
                file.write(chunk.data)
    return plain


MEMORY = 300
"""Megabytes that no command on a pair of 100,000 layers may take where its output can be written piece by piece."""
REPORTS = ("json", "csv", "vendor", "junit", "markdown", "table", "html")


def bench_reports(paths: tuple[Path, Path], folder: Path, layers: int) -> None:
    """One line a format, and one for a look at the first line of a list of records."""
    script = folder / "compare.py"
    script.write_text(COMPARE)
    alone, _ = processor_seconds([str(script), *map(str, paths)])
    print(f"  comparing alone        {alone:6.1f} s of processor time, {1e6 * alone / layers:4.0f} us a layer")
    for wanted in REPORTS:
        arguments = ["-m", "sgs_tui", "compare", *map(str, paths), "--format", wanted, "--output", str(folder / "out")]
        seconds, peak = processor_seconds(arguments)
        verdict = "" if wanted not in ("json", "csv") else "   as wanted" if peak < MEMORY else "   TOO MUCH MEMORY"
        print(
            f"  compare --format {wanted:8}{seconds:5.1f} s of processor time, {1e6 * seconds / layers:4.0f} us each,"
            f" {seconds / alone:4.1f} times comparing alone, peak {peak:4.0f} MB{verdict}",
            flush=True,
        )
    for wanted in ("table", "csv", "json"):
        seconds = median_seconds(partial(first_line, paths[1], wanted), 1)
        print(f"  inspect --format {wanted:8}| head -1 {seconds:5.2f} s", flush=True)


def first_line(path: Path, wanted: str) -> None:
    """`inspect | head -1`."""
    command = shlex.join([sys.executable, "-m", "sgs_tui", "inspect", str(path), "--format", wanted])
    subprocess.run(f"{command} | head -1", shell=True, capture_output=True, check=True)


def processor_seconds(arguments: Sequence[str]) -> tuple[float, float]:
    """(seconds of a Python process and of those that it waited for, megabytes of the largest)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, used.ru_maxrss / 1024


def bench_index(folder: Path, runs: int) -> None:
    """Opening a sparse 4 GB dump of 2,000 records."""
    path = write_sparse(folder / "sparse.bin", 2000, 2 * MB)
    seconds = median_seconds(lambda: open_dump(path).close(), runs)
    print(f"{'index 4 GB, 2,000 records':34} {seconds:6.3f} s")
    path.unlink()


def main() -> None:
    """Run every case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--folder", type=Path, default=None, help="where the files go (4 GB); default: a temporary folder"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full sizes")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--reports-only", action="store_true", help="only whole commands on 100,000 layers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder, scale = Path(name), options.scale
        bench_index(folder, options.runs)
        if options.reports_only:
            bench_reports(write_pair(folder / "pair", int(100_000 * scale), 1 << 10), folder, int(100_000 * scale))
            return
        cases = {
            "170 + 170 MB, 56 layers": (56, int(3 * MB * scale), True),
            "1 + 1 GB, 8 layers": (8, int(128 * MB * scale), False),
            "1 + 1 GB, 2,048 layers": (int(2048 * scale), 512 << 10, False),
            "1 + 1 GB, 8,192 layers": (int(8192 * scale), 128 << 10, False),
            "0.1 + 0.1 GB, 100,000 layers": (int(100_000 * scale), 1 << 10, False),
        }
        for case, (layers, size, vendor) in cases.items():
            paths = write_pair(folder / "pair", layers, size)
            bench_pair(case, paths, folder, options.runs, vendor)
            if "100,000" in case:
                bench_reports(paths, folder, layers)
            for path in paths:
                path.unlink()
    print(f"peak of this benchmark itself: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
