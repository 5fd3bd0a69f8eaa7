"""Faults planted into whole networks with the twin: alone, and two at once; what was stated against what was right.

    python -m tests.benchmarks.bench_planted [--seeds 1] [--pairs 1] [--first 0] [--networks deep0,deep1]

`deepN` are generated: 50 to 80 layers, residuals, depthwise, hard-swish, joined heads (tests/engine/diagnosis/deep.py).
Others are those of the float dumps in ../shared/data: trained ones of 94 to 262 ops (yolo, cls, det, rfbs; some 10 s a
case) and two small ones. Every second seed is diagnosed without ranges. Exit code 1 where a first cause is wrong, or
where less than 90 % of two planted faults are both named.
"""

import argparse
import lzma
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import SHARED
from tests.engine.diagnosis.deep import deep
from tests.engine.diagnosis.planted import FAULTS, PAIRS, Network, named, network, plant, right
from tests.engine.diagnosis.runs import diagnosed

TRAINED = {
    "yolo": ("yolo_healthy_l2_fixed.bin", "float_yolo_e02ff460.bin"),
    "cls": ("cls_healthy_l2_fixed.bin", "float_cls_7b33b1b2.bin"),
    "det": ("det_healthy_l2_fixed.bin", "float_det_49be6ba1.bin"),
    "rfbs": ("rfbs_rawfloat_fixed.bin", "float_rfbs_d77b56fb.bin"),
}
DEEP = tuple(f"deep{number}" for number in range(10))
SMALL = {"unet28": "a_healthy_unet28", "dwres48": "a_healthy_dwres48"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--networks", default=",".join((*DEEP, *SMALL)))
    options = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory() as folder:
        for name in options.networks.split(","):
            net = opened(name, Path(folder))
            for fault in FAULTS:
                table.measure(net, (fault,), range(options.first, options.first + options.seeds))
            for pair in PAIRS:
                table.measure(net, pair, range(options.first, options.first + options.pairs))
    print(table)
    return table.code


def opened(name: str, folder: Path) -> Network:
    """A generated network, or one of the shared dumps; packed ones are unpacked into `folder`."""
    if name.startswith("deep"):
        return deep(name, int(name.removeprefix("deep")), folder)
    if name in SMALL:
        place = SHARED / "faults" / SMALL[name]
        return network(name, place / "float.bin", place / "fixed.bin")
    for file in TRAINED[name]:
        with lzma.open(SHARED / "real" / f"{file}.xz") as packed, (folder / file).open("wb") as plain:
            shutil.copyfileobj(packed, plain)
    fixed, float_ = (folder / file for file in TRAINED[name])
    return network(name, float_, fixed)


class Table:
    """What was counted: first causes by fault, pairs of which both are named, and what was stated against right."""

    def __init__(self) -> None:
        self.first: Counter[tuple[str, bool]] = Counter()
        self.both: Counter[bool] = Counter()
        self.stated: Counter[tuple[str, str, float, bool]] = Counter()
        self.wrong: list[str] = []

    def measure(self, net: Network, faults: Sequence[str], seeds: range) -> None:
        for seed in seeds:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    planted, pair = plant(net, faults, seed, Path(folder))
                except LookupError:  # no place for it in this network, or it breaks no limit
                    continue
                with diagnosed(pair.sample, pair.benchmark, None if seed % 2 else pair.ranges) as found:
                    diagnosis = found.diagnosis
            good, all_named = right(planted, diagnosis), all(named(planted, diagnosis))
            first = diagnosis.first
            self.stated[str(first.cause), str(first.proof), first.confidence, good] += 1
            if len(faults) == 1:
                self.first[faults[0], good] += 1
            else:
                self.both[all_named] += 1
            if not (good and (all_named or len(faults) == 1)):
                said = [(str(each.cause), each.layers[:2]) for each in diagnosis.findings[:3]]
                self.wrong.append(f"{net.name} {' + '.join(faults)} seed {seed}: {said}")
                print(self.wrong[-1], file=sys.stderr, flush=True)

    @property
    def code(self) -> int:
        """0 where all single faults are right and 90 % of the pairs."""
        single = all(not self.first[fault, False] for fault in FAULTS)
        return int(not single or self.both[True] < 0.9 * self.both.total())

    def __str__(self) -> str:
        lines = [
            f"{fault:<20}{self.first[fault, True]:4d} right{self.first[fault, False]:4d} wrong" for fault in FAULTS
        ]
        lines += [
            f"two at once         {self.both[True]:4d} both named, {self.both[False]} not",
            "",
            "stated against right",
        ]
        for cause, proof, stated in sorted({key[:3] for key in self.stated}):
            good = self.stated[cause, proof, stated, True]
            total = good + self.stated[cause, proof, stated, False]
            lines.append(f"{cause:<16}{proof:<8} stated {stated:.2f}   right {good / total:.2f} of {total}")
        return "\n".join([*lines, "", *self.wrong])


if __name__ == "__main__":
    sys.exit(main())
