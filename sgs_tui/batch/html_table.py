"""The layer table of the page: every shown layer with its figures, ready to be sorted by the page's script."""

from collections.abc import Collection

from sgs_tui.batch.diagnosis_text import shares
from sgs_tui.batch.html_text import name, safe
from sgs_tui.batch.numbers import plain
from sgs_tui.batch.phrases import FAILED, figure_text, mark
from sgs_tui.batch.report import Report
from sgs_tui.engine.compare.catalogue import FIGURES, Worse
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.configs.profiles import Profile

_FIGURES = ("rmse", "cos", "sqnr_db", "mse", "max_abs_error", "range")
_CLASSES = {Verdict.OK: "ok", Verdict.WARN: "warn", Verdict.FAIL: "fail", Verdict.NOT_COMPARABLE: "nc"}
_SEVERITY = {Verdict.FAIL: 0, Verdict.NOT_COMPARABLE: 1, Verdict.WARN: 2, Verdict.OK: 3}

_CONTROLS = (
    '<div class="controls" id="controls" hidden>'
    '<label>Sort by <select id="order"></select></label>'
    '<label>Find <input id="words" type="search" size="16" autocomplete="off" spellcheck="false"></label>'
    '<label><input id="bad" type="checkbox"> only what is not ok</label>'
    '<span class="soft" id="count"></span></div>'
)


def table(report: Report, pictured: Collection[int]) -> str:
    """The controls, hidden where no script runs, and the table; layers in `pictured` lead to their histogram."""
    parts = shares(report)
    rows = "".join(
        _row(row, report.profile, row.pair.number in pictured, parts.get(row.name, "")) for row in report.shown
    )
    return f'{_CONTROLS}<table id="table"><thead><tr>{_head()}</tr></thead><tbody>\n{rows}</tbody></table>'


def _head() -> str:
    figures = "".join(_figure_head(key) for key in _FIGURES)
    verdict, (label, op, why) = '<th scope="col" class="text">verdict</th>', map(_text_head, ("name", "op", "why"))
    return f'<th scope="col">#</th>{label}{verdict}{op}{figures}{why}'


def _text_head(title: str) -> str:
    return f'<th scope="col" class="text" data-text>{title}</th>'


def _figure_head(key: str) -> str:
    down = "" if FIGURES[key].worse is Worse.LOW else ' data-first="down"'
    return f'<th scope="col"{down}>{safe(FIGURES[key].title)}</th>'


def _row(row: LayerDiff, profile: Profile, pictured: bool, share: str) -> str:
    link = f' <a href="#layer-{row.pair.number}" aria-label="its histogram">&#8628;</a>' if pictured else ""
    verdict = f'<span class="v {_CLASSES[row.verdict]}">{safe(row.verdict)}</span>'
    reasons = "; ".join(filter(None, (*row.reasons, f"error {share}" if share else "")))
    cells = (
        _cell("#", str(row.index), str(row.index), "index"),
        _cell("name", name(row.name) + link, row.name, "text name", f' data-n="{row.index}"'),
        _cell("verdict", verdict, str(_SEVERITY[row.verdict]), "text"),
        _cell("op", name(row.op_type), row.op_type, "text"),
        *(_figure(row, key, profile) for key in _FIGURES),
        _cell("why", safe(reasons), reasons, "text why"),
    )
    return f"<tr{' data-ok' if row.verdict is Verdict.OK else ''}>{''.join(cells)}</tr>\n"


def _cell(title: str, html: str, value: str, kind: str = "", more: str = "") -> str:
    """`data-v` is what is sorted by, `data-t` what stands beside the value where there is no room for a head."""
    kinds = " ".join(word for word in (kind, "" if html else "empty") if word)
    attribute = f' class="{kinds}"' if kinds else ""
    return f'<td{attribute} data-t="{title}" data-v="{safe(value)}"{more}>{html}</td>'


def _figure(row: LayerDiff, key: str, profile: Profile) -> str:
    value, text, sign = FIGURES[key].value(row), safe(figure_text(row, key)), mark(row, key, profile)
    if sign:
        text = f'<b class="{"over" if sign == FAILED else "near"}">{text}{sign}</b>'
    return _cell(safe(FIGURES[key].title), text, "" if value is None else plain(value))
