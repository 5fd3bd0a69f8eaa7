"""What does a search keep in its folder, so that one that was broken off goes on where it stopped?

One JSON file a trial below `trials/`, written whole or not at all, so that several processes can add to them. A
trial holds every layer's figures and no verdicts: it serves any profile.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.files import read_bytes, reading, write_atomically
from sgs_tui.engine.optimize.search import MeasuredLayer
from sgs_tui.engine.text import encode
from sgs_tui.language import Message


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of INT16 for `names`.

    `quantized` are the layers with integers, in network order; `int16` those of them that are INT16, which are more
    than `names` where others share a scale with them; `roots` name the tensor that each scale is made for. `seconds`
    is what it took.
    """

    names: frozenset[str]
    layers: tuple[MeasuredLayer, ...]
    quantized: tuple[str, ...] = ()
    int16: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    seconds: float = 0.0


class TrialStore:
    """The trials of one question in its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "trials"

    def save(self, trial: Trial) -> None:
        """Keep a trial. Raises InputError when it can not be written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        document = {
            "names": sorted(trial.names),
            "quantised": list(trial.quantized),
            "raised": list(trial.int16),
            "roots": list(trial.roots),
            "seconds": trial.seconds,
            "layers": [layer.to_json() for layer in trial.layers],
        }
        write_atomically(self._path(trial.names), json.dumps(document, ensure_ascii=True).encode("ascii"))

    def find(self, names: frozenset[str]) -> Trial | None:
        """The trial of exactly these names; None where there is none that can be read."""
        try:
            document = json.loads(read_bytes(self._path(names)))
            found = Trial(
                frozenset(document["names"]),
                tuple(MeasuredLayer.from_json(entry) for entry in document["layers"]),
                tuple(document["quantised"]),
                tuple(document["raised"]),
                tuple(document["roots"]),
                float(document["seconds"]),
            )
        except (InputError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return found if found.names == names and found.layers else None

    def count(self) -> int:
        return sum(1 for _ in self._folder.glob("*.json"))

    def _path(self, names: Iterable[str]) -> Path:
        digest = sha256(b"\0".join(encode(name) for name in sorted(names))).hexdigest()
        return self._folder / f"{digest[:32]}.json"


def fingerprint(files: Iterable[Path], words: Iterable[str]) -> str:
    """What tells one question from another: contents of `files` in their order, and `words`. Raises InputError."""
    digest = sha256()
    for path in files:
        with reading(path) as file:
            content = sha256()
            while block := file.read(1 << 20):
                content.update(block)
            digest.update(content.digest())
    digest.update(json.dumps(list(words), ensure_ascii=True).encode("ascii"))
    return digest.hexdigest()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One search at a time in a folder. Raises InputError where another one holds it."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                Message("{folder}: another search is at work there", folder=folder), Message("wait for it, or stop it")
            ) from error
        yield
    finally:
        os.close(descriptor)
