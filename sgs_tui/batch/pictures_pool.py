"""Pictures by one process per core: each counts a layer and draws it, because drawing holds the interpreter too."""

import signal
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from os import sched_getaffinity
from pathlib import Path

from sgs_tui.batch.pictures_draw import Look, Painter
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.records import DumpIndex
from sgs_tui.engine.dumps.source import Source
from sgs_tui.engine.errors import FileChangedError, InputError, SgsError
from sgs_tui.engine.reports.portraits import Subject, portray


@dataclass(frozen=True, slots=True)
class Sheet:
    """One picture to be made, and where to."""

    subject: Subject
    path: Path


Made = tuple[Sheet, str | None]


@dataclass(slots=True)
class _Worker:
    """What makes pictures: the open dumps and a painter."""

    dump: Dump
    against: Dump | None
    painter: Painter

    def make(self, sheet: Sheet) -> str | None:
        """Draw one; why it could not be counted, or None. Raises InputError where it can not be written."""
        try:
            portrait = portray(sheet.subject, self.dump, self.against)
        except SgsError as error:
            return error.message
        picture = self.painter.paint(portrait)
        try:
            with sheet.path.open("xb") as file:
                file.write(picture)
        except OSError as error:
            raise InputError(f"{sheet.path}: cannot write: {error.strerror}", "check free space and rights") from error
        return None


def made_sheets(
    sheets: Sequence[Sheet], dumps: Sequence[Dump], look: Look, workers: int | None = None
) -> Generator[Made]:
    """Every sheet when it is done, with why it could not be, or None; the largest layers are begun first.

    `dumps`: the dump, and the other stage where there is one. Leaving early ends the processes. Raises SgsError
    where a picture can not be written or a process dies.
    """
    count = min(len(sheets), workers or len(sched_getaffinity(0)))
    largest_first = sorted(sheets, key=lambda sheet: -sheet.subject.size)
    if count > 1:
        yield from _in_processes(largest_first, dumps, look, count)
        return
    worker = _Worker(dumps[0], dumps[1] if len(dumps) > 1 else None, Painter(look))
    yield from ((sheet, worker.make(sheet)) for sheet in largest_first)


_workers: list[_Worker] = []
"""This process' own worker, set once by the initializer; empty in the main process."""


def _start_worker(files: Sequence[tuple[Path, DumpIndex]], look: Look) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    dumps = [Dump(_unchanged(Source(path), index), index) for path, index in files]
    _workers.append(_Worker(dumps[0], dumps[1] if len(dumps) > 1 else None, Painter(look)))


def _unchanged(source: Source, index: DumpIndex) -> Source:
    if source.state != index.state:
        raise FileChangedError(f"{source.path}: file changed since it was opened", "run the command again")
    return source


def _make(sheet: Sheet) -> str | None:
    return _workers[0].make(sheet)


def _in_processes(sheets: Sequence[Sheet], dumps: Sequence[Dump], look: Look, count: int) -> Generator[Made]:
    """fork is instant and shares what is loaded, but only safe without other threads."""
    files = [(dump.path.absolute(), replace(dump.index, records=())) for dump in dumps]
    method = "fork" if threading.active_count() == 1 else "spawn"
    pool = ProcessPoolExecutor(count, get_context(method), partial(_start_worker, files, look))
    try:
        tasks: dict[Future[str | None], Sheet] = {pool.submit(_make, sheet): sheet for sheet in sheets}
        for task in as_completed(tasks):
            yield tasks[task], task.result()
    except BrokenProcessPool as error:
        raise SgsError(
            "a drawing process died (out of memory, or the dump changed)", "run the command again"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
