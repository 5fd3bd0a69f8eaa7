"""A second thread for what a diagnosis will ask for while the first computes something else.

onnxruntime and reads of files leave the interpreter to other threads; that is half of a diagnosis. What is computed
does not depend on which thread is faster.

Apart because `diagnose` says what follows from what, and this only when it is computed.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.causes.coarse_step import OWN
from sgs_tui.engine.diagnosis.error_budget import Budgets
from sgs_tui.engine.diagnosis.results import Costs


@contextmanager
def second_thread() -> Iterator[tuple[ThreadPoolExecutor, Event]]:
    """One thread, and an event that is set when the block ends: nothing runs on behind it."""
    left = Event()
    with ThreadPoolExecutor(1, "diagnosis") as pool:
        try:
            yield pool, left
        finally:
            left.set()


def layers_ahead(case: Case, budgets: Budgets, left: Event) -> deque[Costs]:
    """Layers computed again; where any is bad what rounding their inputs costs them is still to be computed. Raises as
    `Budgets.of`."""
    for name in case.compared:
        if left.is_set():
            return deque()
        budgets.of(name)
    bad = [each for each in budgets.all() if each.total >= OWN] if case.suspects else []
    return deque(costs for each in bad for costs in (each.passed, each.rounding) if isinstance(costs, Costs))


def costs_ahead(waiting: "Future[deque[Costs]]", left: Event) -> None:
    """Compute what is still waiting, together with whatever thread does the same. Raises as `Costs`."""
    costs = waiting.result()
    while not left.is_set():
        try:
            each = costs.popleft()
        except IndexError:
            return
        tuple(each)
