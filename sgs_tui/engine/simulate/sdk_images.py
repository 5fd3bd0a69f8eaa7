"""The image argument of the SDK's tools, taken apart: one sample a run (facts 6.2).

`[DIR:]BASE`: a folder (searched through), a file, or a list with one sample a line, whose inputs are separated
by commas. The simulator overwrites its dump with every sample, so each gets a run of its own.
"""

from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.text import decode

PICTURES = frozenset(
    {"bmp", "dib", "jpeg", "jpg", "jpe", "jp2", "png", "pbm", "pgm", "ppm"}
    | {"pxm", "pnm", "sr", "ras", "tiff", "tif", "hdr", "pic"}
)
"""Suffixes that every generation takes for a single input."""

DATA = frozenset({"raw", "npy", "bin", "mp4"})
"""Suffixes that only the newer one does."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One simulation's input: one file for each input of the model, absolute."""

    files: tuple[Path, ...]

    @property
    def name(self) -> str:
        """The first file's name."""
        return self.files[0].name


def samples(argument: str, inputs: int = 1) -> tuple[Sample, ...]:
    """Every sample of an image argument, folders in the order of their names.

    Raises InputError when something is missing, UsageError when a sample has not `inputs` files.
    """
    prefix, base = _split(argument)
    if base.is_dir():
        found = [Sample((path,)) for path in _pictures(base)]
    elif suffix(base) in PICTURES | DATA:
        found = [Sample((_existing(base, str(base)),))]
    else:
        found = _listed(_existing(base, argument), prefix)
    for sample in found:
        if len(sample.files) != inputs:
            raise UsageError(
                f"{argument}: {sample.name} gives {len(sample.files)} files for {inputs} preprocess scripts",
                "give one script an input in -n, and a list file whose lines name as many files, with commas",
            )
    return tuple(found)


def suffix(path: Path) -> str:
    """`jpg` of `a.JPG`: what decides whether a file is an input or a list."""
    return path.suffix[1:].lower()


def _split(argument: str) -> tuple[Path | None, Path]:
    """A colon is taken for the tools' `DIR:BASE` only where no file has it in its name."""
    whole = Path(argument).expanduser().absolute()
    if whole.exists() or ":" not in argument:
        return None, whole
    prefix, base = argument.partition(":")[0], argument.rpartition(":")[2]
    return Path(prefix).expanduser().absolute(), Path(base).expanduser().absolute()


def _pictures(folder: Path) -> list[Path]:
    paths = (path for path in folder.rglob("*") if not path.name.startswith("."))
    found = sorted(path for path in paths if suffix(path) in PICTURES | DATA and path.is_file())
    if not found:
        raise InputError(f"{folder}: no image in it", f"known suffixes: {' '.join(sorted(PICTURES | DATA))}")
    return found


def _listed(path: Path, prefix: Path | None) -> list[Sample]:
    data = path.read_bytes()
    if b"\0" in data:
        known = " ".join(sorted(PICTURES | DATA))
        raise InputError(f"{path}: is neither an image nor a list of images", f"known suffixes: {known}")
    base = prefix or Path.cwd()
    found = []
    for number, line in enumerate(decode(data).splitlines(), 1):
        names = [name.strip() for name in line.split(",") if name.strip()]
        files = [base / Path(name).expanduser() for name in names]
        if files:
            found.append(Sample(tuple(_existing(file, f"{path}, line {number}: {file}") for file in files)))
    if not found:
        raise InputError(f"{path}: an empty list of images", "one sample a line, inputs separated by commas")
    return found


def _existing(path: Path, shown: str) -> Path:
    if not path.is_file():
        raise InputError(f"{shown}: there is no such image", "relative paths count from the current folder")
    return path
