"""Seconds of `histogram --png` for a string dump of the size that the vendor's script was timed on.

    python -m tests.benchmarks.bench_histograms [--folder DIR] [--runs 3] [--binary]

The vendor's histogram.py took 72.6 s for 56 layers in 236.9 MB of string dump. The whole command is timed, in a
process of its own, start and matplotlib's import included; the best of the runs counts, as other programs only
ever make a run slower. With --binary the same values are also drawn from the binary form.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from sgs_tui.engine.dumps.format import Direction
from sgs_tui.engine.dumps.writer import Draft, create_dump

VENDOR_SECONDS, VENDOR_BYTES, LAYERS = 72.6, 236.9e6, 56
BLOCK = 1 << 15


def text_block(spread: float) -> bytes:
    """Values as the simulator prints them, with signs and one to three digits before the point."""
    values = np.random.default_rng(0).normal(0, spread, (BLOCK // 16, 16))
    return "".join(("%.6f, " * 16 + "\n") % tuple(row) for row in values).encode()


def write_text(path: Path) -> tuple[int, list[int]]:
    """A string dump of the vendor's size; its bytes, and the blocks of values in each layer."""
    blocks = []
    with path.open("wb") as file:
        file.write(b"isFloat: 1\n")
        for layer in range(LAYERS):
            block = text_block(0.5 * 3 ** (layer % 5))
            share = VENDOR_BYTES * 2 * (layer + 1) / (LAYERS * (LAYERS + 1))
            blocks.append(max(1, round(share / len(block))))
            file.write(b"//out 0 s: 0.000000 z: 0 type: float name: layer/%d bConstant:0\n" % layer)
            file.write(b"op_out[%d] CONV_2D = {\n\n" % layer)
            file.writelines([block] * blocks[-1])
            file.write(b"\n};\n")
    return path.stat().st_size, blocks


def write_binary(path: Path, blocks: list[int]) -> int:
    """The same number of values as float32."""
    with create_dump(path) as writer:
        for layer, number in enumerate(blocks):
            values = np.random.default_rng(0).normal(0, 0.5 * 3 ** (layer % 5), BLOCK).astype(np.float32)
            pieces = [values] * number
            writer.write(Draft(Direction.OUT, 0, layer, "CONV_2D", f"layer/{layer}", pieces, count=BLOCK * number))
    return path.stat().st_size


def write_ranges(path: Path) -> None:
    """Calibrated bounds of every layer."""
    path.write_text("".join(f"Name:layer/{n}, min: -4.000000, max: 4.000000;\n" for n in range(LAYERS)))


def best_seconds(dump: Path, folder: Path, runs: int) -> float:
    """The fastest of `runs` commands, each into a new folder."""
    times = []
    for run in range(runs):
        pictures = folder / f"{dump.stem}-{run}"
        command = [sys.executable, "-m", "sgs_tui", "histogram", str(dump), "--png", str(pictures)]
        start = time.perf_counter()
        subprocess.run([*command, "--ranges", str(folder / "ranges.txt")], check=True, stderr=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
        assert len(list(pictures.iterdir())) == LAYERS
    return min(times)


def show(name: str, size: int, seconds: float) -> None:
    """One line of result."""
    rate, vendor_rate = size / seconds / 1e6, VENDOR_BYTES / VENDOR_SECONDS / 1e6
    print(
        f"{name:12} {size / 1e6:6.1f} MB, {LAYERS} layers: {seconds:5.2f} s, {rate:6.1f} MB/s; "
        f"vendor {vendor_rate:.2f} MB/s, ratio {rate / vendor_rate:.1f}",
        flush=True,
    )


def main() -> None:
    """Build the dumps, draw them, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=None, help="where the files go; default: a temporary folder")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--binary", action="store_true", help="also the binary form")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        write_ranges(folder / "ranges.txt")
        size, blocks = write_text(folder / "string.bin")
        show("string dump", size, best_seconds(folder / "string.bin", folder, options.runs))
        if options.binary:
            size = write_binary(folder / "binary.bin", blocks)
            show("binary dump", size, best_seconds(folder / "binary.bin", folder, options.runs))


if __name__ == "__main__":
    main()
