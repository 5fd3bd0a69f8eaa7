"""What a sweep has finished, on disk: an append-only file of lines, keyed by content, from which it goes on.

    {"journal": "sgs-tui/sweep-journal/1"}
    {"layers": "<id>", "list": [[name, op, index, size, [low, high] or null, from, output], ..]}
    {"key": "<key>", "name": "<picture>", "layers": "<id>", "figures": "<base64 of float64, [layers, columns]>", ..}

The key is a digest of the picture's content and of everything else that its figures depend on, so a line is right
whatever the files are called now, and several sweeps may share a file. A line that is torn, as a kill or a full disk
leaves the last one, is no line: its picture is measured again. A picture without figures is a line with its reason
(`failed`), for those who look on: it is tried again. `ended` closes a sweep that went through (`how` it was measured)
and may hold the `advice` for its pictures, by their names.

Apart because it is a file format.
"""

import base64
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np

from sgs_tui.engine.errors import InputError, UsageError, reason
from sgs_tui.engine.files import make_folder, reading
from sgs_tui.engine.sweep.results import Column, Failure, InputFigures, Layer, Measured, Outcome
from sgs_tui.language import Message, restored, with_facts

SCHEMA = "sgs-tui/sweep-journal/1"
_FIRST = json.dumps({"journal": SCHEMA}).encode() + b"\n"


def key_of(how: str, picture: str) -> str:
    """The key of a picture's content under how it is measured, both digests."""
    return blake2b(f"{how} {picture}".encode(), digest_size=16).hexdigest()


class Journal:
    """An open journal, ours alone until it is closed."""

    def __init__(self, path: Path) -> None:
        """Open or make it. Raises InputError where it is something else or can not be written, UsageError where another
        sweep has it."""
        self.path = path
        make_folder(path.absolute().parent)
        try:
            self._file: IO[bytes] = open(path, "a+b")  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise InputError(
                Message("{path}: cannot write: {why}", path=path, why=reason(error)),
                Message("name another with --journal FILE"),
            ) from error
        try:
            self._begin()
        except BaseException:
            self._file.close()
            raise

    def _begin(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(
                Message("{path}: another sweep writes this journal", path=self.path),
                Message("wait for it, or cancel it"),
            ) from error
        self._file.seek(0)
        first = self._file.readline(len(_FIRST))
        if first and not _FIRST.startswith(first):
            raise InputError(
                Message("{path}: is no journal of a sweep", path=self.path),
                Message("nothing was written; name another file"),
            )
        self._written: set[str] = set()
        size = self._file.seek(0, os.SEEK_END)
        if first != _FIRST:
            self._file.truncate(0)
            self._write(_FIRST)
        elif size:
            self._file.seek(size - 1)
            if self._file.read(1) != b"\n":
                self._write(b"\n")

    def read(self) -> Iterator[tuple[str, Outcome]]:
        """Every finished picture's key and outcome, in the order they were written."""
        self._file.seek(0)
        yield from _rows(self._file, self._written)
        self._file.seek(0, os.SEEK_END)

    def add(self, key: str, name: str, outcome: Outcome) -> None:
        """Append a finished picture. Raises InputError where the disk is full."""
        measured = outcome.measured
        if measured is None:
            self._write(_line({"failed": _plain(name), "reason": outcome.reason, "failure": str(outcome.failure)}))
            return
        listed = [list(layer) for layer in measured.layers]
        called = blake2b(json.dumps(listed).encode(), digest_size=8).hexdigest()
        if called not in self._written:
            self._write(_line({"layers": called, "list": listed}))
            self._written.add(called)
        self._write(
            _line(
                {
                    "key": key,
                    "name": _plain(name),
                    "content": outcome.digest,
                    "layers": called,
                    "figures": base64.b64encode(measured.figures.astype("<f8").tobytes()).decode(),
                    "inputs": [list(each) for each in measured.inputs],
                    "unmatched": measured.unmatched,
                    "reason": measured.reason,
                    "damage": measured.damage,
                }
            )
        )

    def end(self, pictures: int, how: str = "", advice: Mapping[str, Any] | None = None) -> None:
        """Say that a sweep over so many pictures went through, and what came of it."""
        self._write(_line({"ended": pictures, "how": how, "advice": advice}))

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            hint = Message("make room and start the same sweep again: it goes on")
            raise InputError(Message("{path}: cannot write: {why}", path=self.path, why=reason(error)), hint) from error

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_journal(path: Path) -> Iterator[tuple[str, Outcome]]:
    """What a journal has by now, another sweep's at work too. Failures have their picture's name for a key, and come
    before a success of the same picture. Raises InputError where it can not be read."""
    with reading(path) as file:
        yield from _rows(file, set(), failures=True)


def read_advice(path: Path, how: str) -> dict[str, Any] | None:
    """The advice of the last sweep that went through and was measured like that. Raises InputError."""
    last = None
    with reading(path) as file:
        for line in file:
            if line.startswith(b'{"ended"'):
                with suppress(ValueError):  # torn
                    found = restored(json.loads(line))
                    last = found.get("advice") if found.get("how") == how else last
    return last


def _rows(file: IO[bytes], written: set[str], failures: bool = False) -> Iterator[tuple[str, Outcome]]:
    layers: dict[str, tuple[Layer, ...]] = {}
    for line in file:
        try:
            found = restored(json.loads(line))
            if "list" in found:
                layers[found["layers"]] = tuple(map(_layer, found["list"]))
                written.add(found["layers"])
            elif "key" in found:
                yield found["key"], _outcome(found, layers[found["layers"]])
            elif failures and "failed" in found:
                yield found["failed"], Outcome("", None, found["reason"], Failure(found["failure"]))
        except (ValueError, KeyError, TypeError):  # torn
            continue


def _plain(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(with_facts(value), separators=(",", ":")).encode() + b"\n"


def _layer(found: list[Any]) -> Layer:
    name, op_type, index, size, limits, source, output = found
    return Layer(name, op_type, index, size, tuple(limits) if limits else None, source, output)


def _outcome(found: dict[str, Any], layers: tuple[Layer, ...]) -> Outcome:
    values = np.frombuffer(base64.b64decode(found["figures"], validate=True), "<f8")
    figures = values.reshape(len(layers), len(Column)).astype(np.float64)
    inputs = tuple(
        InputFigures(name, least, greatest, mean, tuple(limits) if limits else None)
        for name, least, greatest, mean, limits in found["inputs"]
    )
    measured = Measured(layers, figures, inputs, found["unmatched"], found["reason"], found["damage"])
    return Outcome(found["content"], measured, measured.damage, Failure.INPUT if measured.damage else None)
