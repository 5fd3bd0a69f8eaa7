"""Faults planted into whole networks with the twin: alone, and two at once; what was stated against what was right.

    python -m tests.benchmarks.bench_planted [--seeds 1] [--pairs 1] [--first 0] [--networks deep0,deep1]
                                             [--journal FILE] [--jobs 1]

`deepN` are generated: 50 to 80 layers, residuals, depthwise, hard-swish, joined heads (tests/engine/diagnosis/deep.py).
Others are those of the float dumps in ../shared/data: trained ones of 94 to 262 ops (yolo, cls, det, rfbs; some 10 s a
case) and two small ones. Every second seed is diagnosed without ranges. Exit code 1 where a first cause is wrong, or
where less than 90 % of two planted faults are both named in the order in which to mend them.

`--journal`: a line for every case, written when it is done. Cases that are in it are not run again, so a run goes on
where another stopped; the table at the end is of all that were asked for.
"""

import argparse
import atexit
import json
import lzma
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from tests.conftest import SHARED
from tests.engine.diagnosis.deep import deep
from tests.engine.diagnosis.faults import BESIDE, FAULTS, PAIRS
from tests.engine.diagnosis.networks import Network, network
from tests.engine.diagnosis.planting import in_order, plant, right
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
    parser.add_argument("--journal", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    kinds = [((fault,), options.seeds) for fault in FAULTS if fault not in BESIDE]
    kinds += [(pair, options.pairs) for pair in PAIRS]
    cases = [
        Case(name, faults, seed)
        for name in options.networks.split(",")
        for faults, count in kinds
        for seed in range(options.first, options.first + count)
    ]
    done = known(options.journal) if options.journal else {}
    open_ones = [case for case in cases if case not in done]
    with ProcessPoolExecutor(options.jobs) as pool:
        for outcome in pool.map(measured, open_ones):
            done[outcome.case] = outcome
            if outcome.stated and not outcome.right:
                print(outcome, file=sys.stderr, flush=True)
            if options.journal:
                with options.journal.open("a") as journal:
                    print(json.dumps(asdict(outcome)), file=journal)
    table = Table([done[case] for case in cases])
    print(table)
    return table.code


@dataclass(frozen=True)
class Case:
    """One pair of dumps, made anew from these alone."""

    network: str
    faults: tuple[str, ...]
    seed: int


@dataclass(frozen=True)
class Outcome:
    """What a case was found to be; nothing is `stated` where its faults have no place in the network, or break no
    limit there."""

    case: Case
    stated: tuple[str, str, float] | None = None
    first: bool = False
    right: bool = False
    said: tuple[str, ...] = ()

    def __str__(self) -> str:
        case = self.case
        return f"{case.network} {' + '.join(case.faults)} seed {case.seed}: {', '.join(self.said)}"


def known(journal: Path) -> dict[Case, Outcome]:
    """What earlier runs found."""
    found = {}
    for line in journal.read_text().splitlines() if journal.exists() else ():
        read = json.loads(line)
        case = Case(**read["case"] | {"faults": tuple(read["case"]["faults"])})
        stated = read["stated"] and tuple(read["stated"])
        found[case] = Outcome(case, stated, read["first"], read["right"], tuple(read["said"]))
    return found


def measured(case: Case) -> Outcome:
    """The case made and diagnosed."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            planted, pair = plant(_network(case.network), case.faults, case.seed, Path(folder))
        except LookupError:
            return Outcome(case)
        with diagnosed(pair.sample, pair.benchmark, None if case.seed % 2 else pair.ranges) as found:
            diagnosis = found.diagnosis
    first = diagnosis.first
    good = right(planted, diagnosis)
    return Outcome(
        case,
        (str(first.cause), str(first.proof), first.confidence),
        first=good,
        right=good and (len(case.faults) == 1 or in_order(planted, diagnosis)),
        said=tuple(f"{each.cause} at {' '.join(each.layers[:2])}" for each in diagnosis.findings[:3]),
    )


@cache
def _network(name: str) -> Network:
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    return opened(name, Path(folder))


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
    """First causes by fault, pairs that are wholly right, and what was stated against right."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.made = [each for each in outcomes if each.stated is not None]
        self.single = Counter((each.case.faults[0], each.right) for each in self.made if len(each.case.faults) == 1)
        self.pairs = Counter((each.case.faults, each.right) for each in self.made if len(each.case.faults) == 2)

    @property
    def code(self) -> int:
        """0 where all single faults are right and 90 % of the pairs."""
        good, bad = (sum(n for (_, right), n in self.pairs.items() if right is wanted) for wanted in (True, False))
        return int(any(not right for _, right in self.single) or bad > 0.1 * (good + bad))

    def __str__(self) -> str:
        lines = []
        for title, counts in (("one fault", self.single), ("two faults", self.pairs)):
            whole = sum(n for (_, right), n in counts.items() if right)
            lines.append(f"{title}: {whole} of {counts.total()} right")
            for what in dict.fromkeys(fault for fault, _ in counts):
                label = what if isinstance(what, str) else " + ".join(what)
                lines.append(f"  {label:<34}{counts[what, True]:4d} right{counts[what, False]:4d} wrong")
        return "\n".join([*lines, *self._calibration(), "", *(str(each) for each in self.made if not each.right)])

    def _calibration(self) -> Iterator[str]:
        yield "stated of the first cause against right"
        stated = [each.stated for each in self.made if each.stated is not None]
        for cause, proof, confidence in sorted(set(stated)):
            firsts = [each.first for each in self.made if each.stated == (cause, proof, confidence)]
            share = sum(firsts) / len(firsts)
            yield f"  {cause:<16}{proof:<8} stated {confidence:.2f}   right {share:.2f} of {len(firsts)}"


if __name__ == "__main__":
    sys.exit(main())
