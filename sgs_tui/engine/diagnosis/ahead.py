"""A second thread for what a diagnosis will ask for while the first computes something else.

onnxruntime and reads of files leave the interpreter to other threads; that is half of a diagnosis. What is computed
does not depend on which thread is faster.

Apart because `diagnose` says what follows from what, and this only when it is computed.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

from sgs_tui.engine.diagnosis.case import Case
from sgs_tui.engine.diagnosis.causes.coarse_step import OWN
from sgs_tui.engine.diagnosis.error_budget import Budgets


@contextmanager
def second_thread() -> Iterator[tuple[ThreadPoolExecutor, Event]]:
    """One thread, and an event that is set when the block is left early: nothing runs on behind it."""
    left = Event()
    with ThreadPoolExecutor(1, "diagnosis") as pool:
        try:
            yield pool, left
        finally:
            left.set()


def budgets_ahead(case: Case, budgets: Budgets, left: Event) -> None:
    """Layers computed again, and where any is bad what rounding their inputs costs them. Raises as `Budgets.of`."""
    for name in case.compared:
        if left.is_set():
            return
        budgets.of(name)
    for budget in budgets.all() if case.suspects else ():
        for costs in (budget.passed, budget.rounding) if budget.total >= OWN else ():
            if not left.is_set():
                tuple(costs)
