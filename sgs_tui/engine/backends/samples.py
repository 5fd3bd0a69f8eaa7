"""The image argument: which samples a run, or a calibration, is given; and which file goes to which input.

`[DIR:]BASE` as the SDK's tools take it: a folder (searched through), a file, or a list with one sample a line, whose
inputs are separated by commas. The simulator overwrites its dump with every sample, so each gets a run of its own.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.files import at_home, mark_read, odd_kind, read_bytes
from sgs_tui.engine.text import decode, visible
from sgs_tui.language import Message, plural

PICTURES = frozenset(
    {"bmp", "dib", "jpeg", "jpg", "jpe", "jp2", "png", "pbm", "pgm", "ppm"}
    | {"pxm", "pnm", "sr", "ras", "tiff", "tif", "hdr", "pic"}
)
"""Suffixes that every generation takes for a single input."""

DATA = frozenset({"raw", "npy", "bin", "mp4"})
"""Suffixes that only the newer one does."""

Sample = tuple[Path, ...]
"""One simulation's input: one absolute file for each input of the model."""


def samples(argument: str, inputs: int = 1, missing: bool = False) -> tuple[Sample, ...]:
    """Every sample of an image argument, folders in the order of their names.

    `missing`: samples whose files are not there are among them, for the one who reads them to say so, as long as there
    are others. Raises InputError when something is missing, UsageError when a sample has not `inputs` files.
    """
    prefix, base = _split(argument)
    if base.is_dir():
        found: list[Sample] = [(path,) for path in _pictures(base, missing)]
    elif suffix(base) in PICTURES | DATA:
        found = [(_existing(base, str(base)),)]
    else:
        found = _listed(_existing(base, argument), prefix, missing)
    for sample in found:
        if len(sample) != inputs:
            raise UsageError(
                Message(
                    "{argument}: {name} gives {number} files for {inputs} preprocess scripts",
                    argument=argument,
                    name=sample[0].name,
                    number=len(sample),
                    inputs=inputs,
                ),
                Message("give one script an input in -n, and a list file whose lines name as many files, with commas"),
            )
    return tuple(found)


def image_samples(argument: str, missing: bool = False) -> tuple[Sample, ...]:
    """The same for models of other frameworks: a list's first line tells how many files a sample has.

    `missing` as for `samples`. Raises InputError for what is missing, UsageError for a list whose lines differ.
    """
    path = at_home(argument.rpartition(":")[2] if not Path(argument).exists() else argument)
    if not path.is_file() or suffix(path) in PICTURES | DATA:
        return samples(argument, missing=missing)
    lines = (line for line in decode(read_bytes(path)).splitlines() if line.strip())
    return samples(argument, sum(1 for name in next(lines, "").split(",") if name.strip()) or 1, missing)


def named_samples(inputs: Sequence[str], given: Sequence[Sample], named: Mapping[str, Path]) -> tuple[Sample, ...]:
    """Samples in the model's order: inputs in `named` take that file, the others a sample's files in their order.

    Raises UsageError for a name that is no input, and where files are missing or left over.
    """
    unknown = next((name for name in named if name not in inputs), None)
    if unknown is not None:
        raise UsageError(
            Message("no input is named {name}", name=visible(unknown)),
            Message("the inputs are: {names}", names=visible(", ".join(inputs))),
        )
    free = [name for name in inputs if name not in named]
    if free and not given:
        raise UsageError(
            Message("no file for input {names}", names=visible(", ".join(free))),
            Message("give --image PATH or --input NAME=FILE"),
        )
    for sample in given or ((),):
        if len(sample) != len(free):
            if free:
                wanted = plural(
                    len(free), "{number} file ({names})", "{number} files ({names})", names=visible(", ".join(free))
                )
            else:
                wanted = Message("no image, every input is named")
            hint = Message("a list file with one line a sample and commas between its files, or --input NAME=FILE")
            raise UsageError(
                plural(
                    len(sample),
                    "got {number} file for a sample, expected {wanted}",
                    "got {number} files for a sample, expected {wanted}",
                    wanted=wanted,
                ),
                hint,
            )
    columns = [{**dict(zip(free, sample, strict=True)), **named} for sample in given or ((),)]
    return tuple(tuple(column[name] for name in inputs) for column in columns)


def suffix(path: Path) -> str:
    """`jpg` of `a.JPG`: what decides whether a file is an input or a list."""
    return path.suffix[1:].lower()


def _split(argument: str) -> tuple[Path | None, Path]:
    """A colon is taken for the tools' `DIR:BASE` only where no file has it in its name."""
    whole = at_home(argument).absolute()
    if whole.exists() or ":" not in argument:
        return None, whole
    prefix, base = argument.partition(":")[0], argument.rpartition(":")[2]
    return at_home(prefix).absolute(), at_home(base).absolute()


def _pictures(folder: Path, missing: bool) -> list[Path]:
    paths = (Path(place, name) for place, _, names in os.walk(folder) for name in names if not name.startswith("."))
    found = sorted(path for path in paths if suffix(path) in PICTURES | DATA)
    there = [path for path in found if path.is_file()]
    if not there:
        raise InputError(
            Message("{folder}: no image in it", folder=folder),
            Message("known suffixes: {known}", known=" ".join(sorted(PICTURES | DATA))),
        )
    return found if missing else there


def _listed(path: Path, prefix: Path | None, missing: bool) -> list[Sample]:
    data = read_bytes(path)
    if b"\0" in data:
        known = " ".join(sorted(PICTURES | DATA))
        raise InputError(
            Message("{path}: is neither an image nor a list of images", path=path),
            Message("known suffixes: {known}", known=known),
        )
    base = prefix or Path.cwd()
    found: dict[int, Sample] = {}
    for number, line in enumerate(decode(data).splitlines(), 1):
        names = [name.strip() for name in line.split(",") if name.strip()]
        if names:
            found[number] = tuple(base / at_home(name) for name in names)
    if not missing or not any(file.is_file() for files in found.values() for file in files):
        for number, files in found.items():
            for file in files:
                _existing(file, Message("{path}, line {number}: {file}", path=path, number=number, file=file))
    if not found:
        raise InputError(
            Message("{path}: an empty list of images", path=path),
            Message("one sample a line, inputs separated by commas"),
        )
    return list(found.values())


def _existing(path: Path, shown: str) -> Path:
    if kind := odd_kind(path):
        raise InputError(
            Message("{path}: is {kind}, expected an image or a list of images", path=shown, kind=kind),
            Message("name a file"),
        )
    if not path.is_file():
        raise InputError(
            Message("{path}: there is no such image", path=shown),
            Message("relative paths count from the current folder"),
        )
    mark_read(path.stat())
    return path


def open_shapes(arguments: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """`--shape NAME=1,3,224,224`: by input name (`NAME=`: a scalar), or one number by the name of a symbol.

    Raises UsageError.
    """
    found: dict[str, tuple[int, ...]] = {}
    for argument in arguments:
        name, _, value = argument.rpartition("=")
        sizes = [part.strip() for part in value.split(",")] if value.strip() else []
        if not name or not all(size.isascii() and size.isdigit() for size in sizes):
            raise UsageError(
                Message("--shape {argument}: expected NAME=1,3,224,224", argument=argument),
                Message("NAME is an input, or a symbol with one"),
            )
        if name in found:
            raise UsageError(Message("--shape {name} is given twice", name=name), Message("one shape for each input"))
        found[name] = tuple(map(int, sizes))
    return found
