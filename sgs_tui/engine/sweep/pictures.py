"""Which pictures a sweep is over: pairs of dumps by name or by list, images and arrays; and what their content is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from sgs_tui.engine.dumps.index import looks_like_dump
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.files import at_home, mark_read, odd_kind, read_bytes, reading
from sgs_tui.engine.sweep.results import Picture
from sgs_tui.engine.text import decode, visible
from sgs_tui.language import Message

_PIECE = 1 << 20
_WORDS = ("fixed", "float", "sample", "benchmark", "dq", "original", "quantized")
"""Words at a name's end that tell a side, not a picture: cat_fixed.bin belongs to cat_float.bin."""


def digest_of(paths: Iterable[Path], *more: str) -> str:
    """A digest of the content of files, and of words. Raises InputError for what can not be read."""
    found = sha256()  # processors have instructions for it: half the time of blake2b
    for path in paths:
        with reading(path) as file:
            while piece := file.read(_PIECE):
                found.update(piece)
        found.update(b"\0file\0")
    for text in more:
        found.update(text.encode("utf-8", "surrogateescape") + b"\0word\0")
    return found.hexdigest()


def paired_dumps(samples: Path, benchmarks: Path) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    """Pairs of two folders by the files' names, in the order of names, and what has no partner, in words.

    Names pair where they are equal without a suffix, or without a side's word at their end (cat_fixed, cat_float).
    Dumps in folders of their own (cat/fixed.bin, cat/float.bin) pair by folder. Raises InputError where nothing pairs.
    """
    left, right = _by_picture(samples, "fixed"), _by_picture(benchmarks, "float")
    pairs = tuple(Picture(name, (left[name], right[name])) for name in sorted(left.keys() & right.keys()))
    alone: list[str] = [
        Message("{path}: no benchmark of that name in {folder}", path=left[name], folder=benchmarks)
        for name in sorted(left.keys() - right.keys())
    ]
    alone += [
        Message("{path}: no sample of that name in {folder}", path=right[name], folder=samples)
        for name in sorted(right.keys() - left.keys())
    ]
    if not pairs:
        raise InputError(
            Message(
                "{samples} and {benchmarks}: no two dumps have the same name", samples=samples, benchmarks=benchmarks
            ),
            Message("name them alike (cat.bin and cat.bin, or cat_fixed.bin and cat_float.bin), or give --list FILE"),
        )
    return pairs, tuple(alone)


def _by_picture(folder: Path, side: str) -> dict[str, Path]:
    """The dumps of a folder by the name of their picture. Raises InputError."""
    if folder.exists() and not folder.is_dir():
        kind = odd_kind(folder) or Message("a file")
        raise InputError(
            Message("{folder}: is {kind}, expected a folder of dumps", folder=folder, kind=Message(kind)),
            Message("name a folder, or give --list FILE"),
        )
    if not folder.is_dir():
        raise InputError(
            Message("{path}: there is no such folder", path=folder),
            Message("name a folder of dumps, or give --list FILE"),
        )
    dumps = [path for path in sorted(folder.rglob("*")) if path.is_file() and _may_be_dump(path)]
    if not dumps:
        raise InputError(
            Message("{folder}: no dump in it", folder=folder),
            Message("dumps are files that begin with `isFloat:` or `//`"),
        )
    whole: dict[str, Path] = {}
    for path in dumps:
        inside = path.relative_to(folder).with_suffix("")
        name = _without_side(str(inside))
        other = whole.get(name)
        if other is not None and _is_side(inside.name, side) == _is_side(other.stem, side):
            raise UsageError(
                Message(
                    "{folder}: {name} and {other} are of one picture", folder=folder, name=other.name, other=path.name
                ),
                Message("name pairs with --list FILE"),
            )
        if other is None or _is_side(inside.name, side):
            whole[name] = path
    return whole


def _may_be_dump(path: Path) -> bool:
    """Named as one, or begins as one: a damaged dump is a picture that fails, not one that is left out."""
    if path.name.startswith("."):
        return False
    if path.suffix.lower() == ".bin":
        return True
    with reading(path) as file:
        return looks_like_dump(file.read(128))


def _without_side(name: str) -> str:
    """`cat` of cat_fixed, cat-float.dq and cat/fixed; the name itself where it has no such word."""
    rest = name
    while True:
        cut = next((rest[: -len(word)] for word in _WORDS if rest.lower().endswith(word)), None)
        if cut is None or not cut or cut[-1] not in "_-./":
            return rest
        rest = cut[:-1]


def _is_side(name: str, side: str) -> bool:
    return side in name.lower()


def listed_dumps(path: Path) -> tuple[Picture, ...]:
    """Pairs of a list file: `SAMPLE, BENCHMARK` a line, `#` begins a remark; relative paths count from the list.

    Raises InputError with the line that is not a pair. Files that are missing are found when their turn comes.
    """
    found: list[Picture] = []
    data = read_bytes(path)
    if looks_like_dump(data[:128]):
        raise InputError(
            Message("{path}: is a dump, expected a list", path=path), Message("one pair a line: SAMPLE, BENCHMARK")
        )
    for number, line in enumerate(decode(data).splitlines(), 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        parts = [part.strip() for part in (text.split(",") if "," in text else text.split())]
        if len(parts) != 2 or not all(parts):
            raise InputError(
                Message(
                    "{path}, line {number}: expected `SAMPLE, BENCHMARK`, got {text}",
                    path=path,
                    number=number,
                    text=visible(text[:80]),
                )
            )
        sample, benchmark = (path.parent / at_home(part) for part in parts)
        found.append(Picture(_without_side(str(Path(parts[0]).with_suffix(""))), (sample, benchmark)))
    if not found:
        raise InputError(Message("{path}: an empty list", path=path), Message("one pair a line: SAMPLE, BENCHMARK"))
    return named_apart(found)


def named_apart(pictures: Sequence[Picture]) -> tuple[Picture, ...]:
    """The pictures by their last part where no other has it, else by as much as tells one apart, else numbered. A name
    is the same whichever others are there, unless it is theirs too: so an earlier sweep's are found again."""
    names: dict[int, str] = {}
    for parts in range(1, 9):
        left = {at: _end(each.name, parts) for at, each in enumerate(pictures) if at not in names}
        often = Counter([*left.values(), *names.values()])
        names.update({at: name for at, name in left.items() if often[name] == 1})
    taken = set(names.values())
    for at, each in enumerate(pictures):
        name = names.get(at, f"{at + 1}-{_end(each.name, 1)}")
        while at not in names and name in taken:
            name = f"{at + 1}-{name}"
        names[at] = name
        taken.add(name)
    return tuple(Picture(names[at], each.files) for at, each in enumerate(pictures))


def _end(name: str, parts: int) -> str:
    return "/".join(Path(name).parts[-parts:])


def sample_pictures(samples: Sequence[tuple[Path, ...]]) -> tuple[Picture, ...]:
    """Pictures of image arguments: a file for each input of the network."""
    for sample in samples:
        for path in sample:
            if path.is_file():
                mark_read(path.stat())
    return named_apart([Picture(str(sample[0].with_suffix("")), sample) for sample in samples])
