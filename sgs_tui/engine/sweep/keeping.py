"""The dumps of some of a sweep's pictures, made when it is over, for a comparison of each: whole pairs or none.

Apart because it is about files that stay, while what measures a picture leaves none.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, runtime_checkable

from sgs_tui.engine.errors import InputError, reason
from sgs_tui.engine.files import make_folder
from sgs_tui.engine.sweep.pictures import digest_of
from sgs_tui.engine.sweep.results import Picture
from sgs_tui.language import Message

_ROOM = Message("check free space and rights")


@runtime_checkable
class Dumper(Protocol):
    """Makes the two dumps of a picture."""

    def dump(self, pictures: Sequence[Picture], folder: Path) -> Iterator[Path]:
        """Two paths in `folder` for each picture, as they are written. Raises SgsError."""


def stem_of(picture: Picture) -> str:
    """What the picture's dumps are called: its name, which tells it from the others of the sweep, as one part."""
    return picture.name.replace("/", "_")


def check_place(folder: Path) -> None:
    """Make the folder. Raises InputError where it can not be made, or nothing can be written into it."""
    make_folder(folder)
    with _making(folder):
        pass


def keep_dumps(how: Dumper, pictures: Sequence[Picture], folder: Path) -> Iterator[Path]:
    """Both dumps of each picture in `folder`: `cat_float.bin` and `cat_fixed.bin`, as they come.

    What is there already stays where it is the same. Raises SgsError: another dump is there, or one can not be made or
    written.
    """
    with _making(folder) as making:
        made = how.dump(pictures, making)
        pairs = zip(made, made, strict=True)
        while (pair := _next(pairs, making, folder)) is not None:
            targets = [folder / path.name for path in pair]
            for path, target in zip(pair, targets, strict=True):
                if target.exists() and digest_of([target]) != digest_of([path]):
                    raise InputError(
                        Message("{target}: is there already, with another content", target=target),
                        Message("name another folder: --dumps DIR"),
                    )
            for path, target in zip(pair, targets, strict=True):
                try:
                    path.replace(target)
                except OSError as error:
                    raise _can_not(folder, error) from error
            yield from targets


def _next(pairs: Iterator[tuple[Path, Path]], making: Path, folder: Path) -> tuple[Path, Path] | None:
    """The next picture's dumps. An error in `making`, of which nobody has heard, is told as one in `folder`."""
    try:
        return next(pairs, None)
    except InputError as error:
        if isinstance(error.__cause__, OSError) and str(making) in str(error):
            raise _can_not(folder, error.__cause__) from error
        raise


def _can_not(folder: Path, error: OSError, hint: Message = _ROOM) -> InputError:
    return InputError(Message("{folder}: cannot write: {why}", folder=folder, why=reason(error)), hint)


@contextmanager
def _making(folder: Path) -> Iterator[Path]:
    """A folder in `folder` while the block runs. Raises InputError."""
    try:
        made = TemporaryDirectory(prefix=".making-", dir=folder)
    except OSError as error:
        raise _can_not(folder, error, Message("check the folder and its rights")) from error
    with made as name:
        yield Path(name)
