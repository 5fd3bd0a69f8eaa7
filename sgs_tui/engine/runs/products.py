"""What a run was to leave: is it there, is it new, and where it goes once it is found good."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sgs_tui.engine.dumps.format import Health, HealthState, Stage
from sgs_tui.engine.errors import DumpError
from sgs_tui.engine.runs.known_failures import SWAPPED_FIXED, SWAPPED_FLOAT, Explanation
from sgs_tui.engine.runs.run_folder import Elements, Product, ProductKind, RunFolder, RunRequest, working_directory

if TYPE_CHECKING:
    from sgs_tui.engine.dumps.reader import Dump

FileStates = Mapping[str, tuple[int, int, int]]
"""Path to (size, mtime in ns, inode), for files that existed."""


@dataclass(frozen=True, slots=True)
class Found:
    """The files that answer to one product: new ones, and old ones that the run left untouched."""

    product: Product
    new: tuple[Path, ...]
    stale: tuple[Path, ...]


def file_states(request: RunRequest, folder: RunFolder) -> FileStates:
    """What the products' files are now. Taken before the child starts: clocks of file servers differ, so
    a new file is one that changed, not one with a later time."""
    directory = working_directory(folder, request)
    paths = [path for product in request.products for path in _matches(product, directory)]
    return {str(path): _state(path) for path in paths}


def find_products(request: RunRequest, folder: RunFolder, before: FileStates) -> tuple[Found, ...]:
    """The products of a run that ended."""
    directory = working_directory(folder, request)
    return tuple(_found(product, directory, before) for product in request.products)


def publish(path: Path, folder: RunFolder) -> Path:
    """Move a good product out of the working directory to the run folder; elsewhere it stays where it is."""
    if not path.is_relative_to(folder.work_path):
        return path
    target = folder.path / path.name
    os.replace(path, target)
    return target


def growing_size(request: RunRequest, folder: RunFolder) -> int | None:
    """Bytes of the first product so far; None while there is none, and for files outside the run folder."""
    product = request.products[0] if request.products else None
    if product is None or request.cwd or Path(product.path).is_absolute():
        return None
    for path in (*_matches(product, folder.work_path), folder.path / product.path):
        with suppress(FileNotFoundError):
            return path.stat().st_size
    return None


def _found(product: Product, directory: Path, before: FileStates) -> Found:
    paths = _matches(product, directory)
    new = tuple(path for path in paths if before.get(str(path)) != _state(path))
    return Found(product, new, tuple(path for path in paths if path not in new))


def _matches(product: Product, directory: Path) -> tuple[Path, ...]:
    path = directory / product.path
    if product.kind is ProductKind.PATTERN:
        return tuple(sorted(entry for entry in path.parent.glob(path.name) if entry.is_file()))
    return (path,) if path.is_file() else ()


def _state(path: Path) -> tuple[int, int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


# Is a product what was asked for: there, new, complete, of the right kind.


def product_problems(found: Found) -> list[Explanation]:
    """What is wrong with the files of one product after a command that reports success; empty for nothing."""
    if found.new:
        return [problem for path in found.new if (problem := _dump_problem(path, found.product))]
    name = Path(found.product.path).name
    if found.stale:
        message = f"{name} was left as it was before the run: nothing new was made"
        return [Explanation("stale_product", message, "do not use it; the log may say what failed")]
    if found.product.kind is not ProductKind.DUMP:
        return [Explanation("no_product", f"the command left no {name}", "read the log of the run")]
    message = f"the command reports success but left no dump ({name})"
    hint = "DebugConfig.txt must say dumpTensor at the start of a line and stand in the simulator's own directory"
    return [Explanation("no_dump", message, hint)]


def _dump_problem(path: Path, product: Product) -> Explanation | None:
    if product.kind is not ProductKind.DUMP:
        return None
    from sgs_tui.engine.dumps.reader import open_dump  # numpy: a supervisor that waits for its turn stays small

    try:
        with open_dump(path) as dump:
            return _health_problem(dump.health, dump) or _kind_problem(dump, product)
    except DumpError as error:
        return Explanation("no_dump", error.message, "the file that the simulator left is of no use")


def _health_problem(health: Health, dump: "Dump") -> Explanation | None:
    if health.ok:
        return None
    if health.state is HealthState.EMPTY and dump.is_float:
        return SWAPPED_FIXED
    if health.state is HealthState.STOPS_EARLY and not dump.is_float:
        return SWAPPED_FLOAT
    hint = f"the records before that can be read: sgs-tui inspect {dump.path}"
    return Explanation("damaged_dump", f"the dump is damaged ({health})", hint)


def _kind_problem(dump: "Dump", product: Product) -> Explanation | None:
    from sgs_tui.engine.dumps.index import guess_stage

    if not dump.outputs():
        message = "the dump holds no layer (no output that is not constant)"
        return Explanation("no_layers", message, "is it the right model?")
    stage = guess_stage(dump.index)
    if product.elements is Elements.FLOAT and stage is Stage.FIXED:
        return SWAPPED_FIXED
    if product.elements is Elements.INTEGER and stage in (Stage.FLOAT, Stage.CMODEL_FLOAT):
        return SWAPPED_FLOAT
    if product.is_float is not None and product.is_float != dump.is_float:
        wanted, got = ("floats", "integers") if product.is_float else ("integers", "floats")
        message = f"the dump holds {got} (isFloat: {int(dump.is_float)}) where {wanted} were asked for"
        return Explanation("wrong_kind", message, "compare dequantFixed in DebugConfig.txt with what was asked")
    return None
