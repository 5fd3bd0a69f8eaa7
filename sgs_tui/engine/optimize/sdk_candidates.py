"""Candidates: quantisation files that say which tensors get 16 bits."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sgs_tui.engine.calibration.quantinfo import QuantEntry, load_quant_info
from sgs_tui.engine.errors import InputError, UsageError

_NAME = re.compile(r"optimized_quant_info_(\d+)(?:_(\d*\.?\d+))?$")
_SIXTEEN = 16


@dataclass(frozen=True, slots=True)
class Candidate:
    """One file, or several that say the same: `labels` are their compression rates, or their names."""

    file: Path
    labels: tuple[str, ...]
    entries: tuple[QuantEntry, ...]

    @property
    def label(self) -> str:
        """The first of its labels."""
        return self.labels[0]

    @property
    def int16(self) -> tuple[str, ...]:
        """Names of the entries with 16 bits, inputs and weights of convolutions, in the file's order."""
        return tuple(entry.name for entry in self.entries if entry.bit == _SIXTEEN)

    @property
    def key(self) -> str:
        """What tells it from every other candidate, whatever their files are called."""
        return sha256(repr(self.entries).encode("ascii", "backslashreplace")).hexdigest()[:16]

    @property
    def has_data(self) -> bool:
        """The file carries weights, which the calibrator writes into the float model."""
        return any(entry.has_data for entry in self.entries)


def load_candidates(files: Iterable[Path], rates: tuple[str, ...] = ()) -> tuple[Candidate, ...]:
    """The candidates in the order of their rates; files that say the same are one. `rates`: only these.

    Raises InputError for a file that can not be read, UsageError where none of `rates` is there.
    """
    found: dict[tuple[QuantEntry, ...], Candidate] = {}
    known = [(label_of(path), path) for path in sorted(files, key=_order)]
    wanted = [(label, path) for label, path in known if not rates or label in rates]
    if missing := [rate for rate in rates if rate not in [label for label, _ in known]]:
        raise UsageError(f"no candidate for {missing[0]}", f"there are {', '.join(label for label, _ in known)}")
    for label, path in wanted:
        entries = load_quant_info(path)
        same = found.get(entries)
        found[entries] = Candidate(path, (label,), entries) if same is None else _with_label(same, label)
    if not found:
        raise InputError("there is no candidate to try", "sim_optimizer.py leaves optimized_quant_info_*.pkl")
    return tuple(found.values())


def label_of(path: Path) -> str:
    """The compression rate in the file's name, its number where there is none, else the name."""
    match = _NAME.match(path.stem)
    return (match[2] or match[1]) if match else path.name


def _order(path: Path) -> tuple[int, str]:
    match = _NAME.match(path.stem)
    return (int(match[1]) if match else 0, path.name)


def _with_label(candidate: Candidate, label: str) -> Candidate:
    return Candidate(candidate.file, (*candidate.labels, label), candidate.entries)
