"""`--format html`: one page that holds everything: what the set shows, a heat map layer x picture, the tables.

sweep.html (beside this file) is the template; the style and the guards are those of a comparison's page.
"""

from collections.abc import Iterator

import numpy as np
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sgs_tui.batch.console import Screen
from sgs_tui.batch.formats.html import harmless, policy
from sgs_tui.batch.sweeps.report import SweepReport, headline, output_line
from sgs_tui.engine.numbers import count, decibel, ratio
from sgs_tui.engine.sweep.results import Status
from sgs_tui.language import Message, _, spoken

MOST = 200
"""Pictures that a heat map shows: the worst."""
EDGES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""RMSE at which the next color begins; the manual's limit is among them."""
_LOST = len(EDGES) + 1
_WORDS = {
    Status.FAIL: (Message("failed"), "fail"),
    Status.WARN: (Message("warn"), "warn"),
    Status.ERROR: (Message("error"), "nc"),
}
_LINE, _LEFT, _TOP = 14, 260, 22
_WIDTH, _NARROW, _WIDE = 900, 4, 18
"""Of all cells, and of one at least and at most, in pixels."""


def write(report: SweepReport, screen: Screen) -> bytes:
    """The whole page, UTF-8."""
    loader = ChoiceLoader([PackageLoader("sgs_tui.batch", "sweeps"), PackageLoader("sgs_tui.batch", "formats")])
    environment = Environment(loader=loader, autoescape=True, finalize=harmless, undefined=StrictUndefined)
    style = "".join(loader.get_source(environment, name)[0] for name in ("report.css", "sweep.css"))
    failing = report.result.failing_layers
    text = environment.get_template("sweep.html").render(
        report=report,
        result=report.result,
        headline=headline(report),
        kind="fail" if failing else "ok",
        policy=policy(style, ""),
        style=Markup(style),
        outputs=[(row.name, output_line(report, row)) for row in report.result.outputs],
        heat=_heat(report),
        edges=EDGES,
        most=MOST,
        words=_WORDS,
        ratio=ratio,
        _=_,
        message=Message,
        language=spoken().replace("_", "-"),
        decibel=decibel,
        count=count,
    )
    return text.encode()


def _heat(report: SweepReport) -> dict[str, object]:
    """A path for each color: runs of equal cells are one stroke, so that a large map is a small page."""
    places = list(report.result.order)[:MOST]
    levels = np.searchsorted(EDGES, report.result.rmse[:, places], side="right")
    levels[np.isnan(report.result.rmse[:, places])] = _LOST
    levels[report.result.verdicts[:, places] == _ABSENT] = -1
    cell = min(max(_WIDTH // max(len(places), 1), _NARROW), _WIDE)
    paths: dict[int, list[str]] = {}
    for at, row in enumerate(levels.tolist()):
        y = _TOP + at * _LINE + _LINE // 2
        for level, start, stop in _runs(row):
            if level >= 0:
                paths.setdefault(level, []).append(f"M{_LEFT + start * cell} {y}H{_LEFT + stop * cell}")
    return {
        "width": _LEFT + len(places) * cell,
        "height": _TOP + len(levels) * _LINE,
        "paths": [(level, "".join(parts)) for level, parts in sorted(paths.items())],
        "labels": [
            (_TOP + at * _LINE + _LINE - 3, layer.layer.name[-40:]) for at, layer in enumerate(report.result.layers)
        ],
        "ticks": [(_LEFT + at * cell, at + 1) for at in range(0, len(places), 10)],
        "shown": len(places),
    }


_ABSENT = 255


def _runs(row: list[int]) -> Iterator[tuple[int, int, int]]:
    """Value, start, stop of each run."""
    start = 0
    for at in range(1, len(row) + 1):
        if at == len(row) or row[at] != row[start]:
            yield row[start], start, at
            start = at
