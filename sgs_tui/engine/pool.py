"""Worker processes: how they start, and that none outlives the work it was started for."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait

stopping = threading.Event()
"""In a worker: the pool's block has ended, nobody waits any more for the task at work."""


@contextmanager
def process_pool(count: int, start: Callable[[], object]) -> Iterator[ProcessPoolExecutor]:
    """`count` workers that call `start` first; they are gone when the block ends, whatever ended it.

    fork is instant and shares what is loaded, but only safe without other threads: ours (the app's) and those of
    onnxruntime. Ctrl-C is the parent's business.
    """
    alone = threading.active_count() == 1 and "onnxruntime" not in sys.modules
    context = get_context("fork" if alone else "spawn")
    theirs, ours = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(count, context, partial(_begin, start, theirs, ours))
    try:
        yield pool
    finally:
        ours.close()
        pool.shutdown(wait=True, cancel_futures=True)
        theirs.close()


def _begin(start: Callable[[], object], ended: Connection, parents_end: Connection) -> None:
    parents_end.close()  # now the parent alone has it: closed, or the parent killed, `ended` is at its end
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the parent's handler came along with fork
    threading.Thread(target=_watch, args=(ended,), daemon=True).start()
    start()


def _watch(ended: Connection) -> None:
    """A worker whose parent was killed would wait for tasks for ever: it holds the other end of the queue itself."""
    wait([ended])
    stopping.set()
    parent = parent_process()
    assert parent is not None  # this is a worker
    parent.join()
    os._exit(1)
