"""Write a planned bundle: whole or not at all, over nothing that is there."""

import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.files import replacing
from sgs_tui.engine.reports.bundle import Part, Plan
from sgs_tui.engine.session import CompareRequest

_BLOCK = 1 << 20


def write_bundle(
    plan: Plan, request: CompareRequest, path: Path, report: Callable[[int, int], None] = lambda done, total: None
) -> None:
    """Write all parts to `path`, which must not be there; `report` is told the bytes done and all.

    Raises InputError where a part can not be read any more or the zip not be written; nothing is left then.
    """
    done = 0
    with ExitStack() as stack:
        dumps = {
            "sample": stack.enter_context(open_dump(request.sample)),
            "benchmark": stack.enter_context(open_dump(request.benchmark)),
        }
        file = stack.enter_context(replacing(path))
        archive = stack.enter_context(zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6))
        for part in plan.parts:
            with archive.open(_member(part), "w", force_zip64=True) as member:
                for piece in _pieces(part, dumps):
                    member.write(piece)
                    done += len(piece)
                    report(done, plan.size)


def _member(part: Part) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(part.name, time.localtime()[:6])
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member


def _pieces(part: Part, dumps: dict[str, Dump]) -> Iterator[bytes]:
    if part.data is not None:
        yield part.data
    elif part.tensor is not None:
        yield from part.tensor.pieces(dumps[part.tensor.side])
    elif part.path is not None:
        yield from _file(part.path)


def _file(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}", "try again without it") from error
