"""Baselines that were kept with `M`: in the user's state folder, one a sample, for the next start of the app.

Apart because it needs no screen.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sgs_tui.engine.compare.baseline import Baseline, layers_json, load_baseline, stem
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.errors import SgsError
from sgs_tui.engine.files import write_atomically
from sgs_tui.engine.numbers import count
from sgs_tui.language import _n
from sgs_tui.tui.frame.dialogs import Choice
from sgs_tui.tui.settings import state_folder
from sgs_tui.tui.text import age

_MOST = 8
_ALIKE = 0.5
"""Share of the layers that two comparisons of one network have in common at least."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A baseline in its file, and when it was kept."""

    path: Path
    moment: float
    baseline: Baseline

    def choice(self, now: float) -> Choice:
        failing = sum(layer.verdict is Verdict.FAIL for layer in self.baseline.layers)
        told = _n(
            failing,
            "kept {age} ago: {number} of {layers} fails",
            "kept {age} ago: {number} of {layers} fail",
            age=age(now - self.moment),
            layers=count(len(self.baseline.layers), "layer"),
        )
        return Choice(str(self.path), Path(self.baseline.source).name, told)


def keep(baseline: Baseline, sample: Path) -> None:
    """For later starts, in place of what was kept of this sample. Raises InputError or OSError."""
    path = _folder() / f"{sha256(bytes(sample.absolute())).hexdigest()[:16]}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, layers_json(baseline.layers, baseline.profile, str(sample.absolute())))
    for old in [each.path for each in _newest()][_MOST:]:
        old.unlink(missing_ok=True)


def kept_of(names: Iterable[str]) -> Iterator[Kept]:
    """What was kept of the network with these layers, the newest first; files that can not be read are passed over."""
    here = {stem(name) for name in names}
    for each in _newest():
        there = {stem(layer.name) for layer in each.baseline.layers}
        if len(here & there) >= _ALIKE * max(1, min(len(here), len(there))):
            yield each


def _folder() -> Path:
    return state_folder() / "baselines"


def _newest() -> list[Kept]:
    found = []
    for path in _folder().glob("*.json"):
        try:
            found.append(Kept(path, path.stat().st_mtime, load_baseline(path)))
        except (OSError, SgsError):
            continue
    return sorted(found, key=lambda each: -each.moment)
