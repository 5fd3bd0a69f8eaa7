"""`--format table`: for people, in 80 columns; wider screens show more figures, a pipe shows whole names.

The layers first, then what figures do not say, what has changed since the baseline, the diagnosis, the journal.
"""

from collections.abc import Iterable, Iterator, Sequence, Set

from rich.cells import cell_len, set_cell_size
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from sgs_tui.batch import three_way, words
from sgs_tui.batch.console import (
    LONGEST_NAME,
    Cell,
    Column,
    Screen,
    cut,
    hanging,
    name_column,
    page_width,
    rendered,
    slices_of,
    table_of,
    taken,
)
from sgs_tui.batch.report import Report
from sgs_tui.engine import journal
from sgs_tui.engine.compare.baseline import Step
from sgs_tui.engine.compare.limits import VANISHING, mark
from sgs_tui.engine.compare.metrics import BY_PRIORITY, METRICS
from sgs_tui.engine.compare.results import LayerDiff, RangeSource, Unmatched, Verdict
from sgs_tui.engine.diagnosis.results import Finding, Recovered, proof
from sgs_tui.engine.numbers import count
from sgs_tui.language import Message, _, _n, joined, sense, shown

_WIDE = 120
_ROOMY = 100
"""Columns from which a layer's part in the error has a column of its own; below, the diagnosis names the layers."""
_READABLE_NAME, _COMFORTABLE_NAME, _LONGEST_OP = 18, 40, 14
_ALWAYS = ("rmse", "cos", "range")
_WHEN_WIDER = tuple(key for key in BY_PRIORITY if key not in _ALWAYS)
_VERDICTS = {
    Verdict.OK: Message("ok"),
    Verdict.WARN: Message("warn"),
    Verdict.FAIL: Message("FAIL"),
    Verdict.NOT_COMPARABLE: Message("n/c"),
}
_STYLES = {"FAIL": "bold red", "warn": "yellow", "n/c": "magenta", "!": "bold red", "~": "yellow"}


def write(report: Report, screen: Screen) -> Iterator[bytes]:
    """The whole report as text: sources, layers, legend, summary, remarks, what has no partner, the diagnosis."""
    names = [row.name for row in report.shown]
    whole = name_column(_("name"), names, (), Screen(ascii=screen.ascii), 0, LONGEST_NAME)
    columns, parts = _columns(report, screen), _shares(report, screen)
    width = page_width([*columns, *parts, whole], screen)
    columns = _without_the_least(columns, width)
    enough = min(whole.width, _COMFORTABLE_NAME) if screen.columns else whole.width
    columns += _extra(report, width - taken([*columns, *parts]), enough)
    columns.insert(2, name_column(_("name"), names, [*columns, *parts], screen, 0, LONGEST_NAME))
    return rendered(_parts(report, screen, slices_of([*columns, *parts])), screen, width)


def _parts(report: Report, screen: Screen, table: Iterable[RenderableType]) -> Iterator[RenderableType]:
    yield from _sources(report, screen)
    yield Text()
    yield from table
    yield Text()
    yield hanging("", words.LEGEND, 0, screen, "dim")
    if len(report.shown) < len(report.rows):
        yield Text(_("{shown} of {layers} shown", shown=len(report.shown), layers=count(len(report.rows), "layer")))
    yield hanging("", words.headline(report.summary), 0, screen, "bold")
    yield from _remarks(report, screen)
    yield from _unmatched(report, screen)
    yield from _three_way(report, screen)
    yield from regression_section(report, screen)
    yield from diagnosis_section(report, screen)
    yield from _journal(report, screen)


def _sources(report: Report, screen: Screen) -> Iterator[Text]:
    for side, source in ((_("sample"), report.sample), (_("benchmark"), report.benchmark)):
        state = Message(str(source.health.state))
        health = Text(screen.text(state), style="" if source.health.ok else "bold red")
        stage = _("{stage}, ", stage=Message(str(source.stage)))
        yield Text.assemble(_head(side), stage, health, "  ", screen.text(source.path), overflow="fold")
    yield Text(_head(_("profile")) + screen.text(report.profile.name))
    yield Text(_head(_("ranges")) + screen.text(words.ranges_from(report)))


def _head(label: str) -> str:
    return set_cell_size(label, 11)


def _columns(report: Report, screen: Screen) -> list[Column]:
    rows = report.shown
    op_room = _LONGEST_OP if screen.columns and screen.columns < _WIDE else LONGEST_NAME
    return [
        Column("#", [Cell(str(row.index)) for row in rows], right=True),
        Column(_("verdict"), [Cell(shown(word := _VERDICTS[row.verdict]), _STYLES.get(word, "")) for row in rows]),
        Column("op", [Cell(cut(row.op_type, op_room, screen)) for row in rows]),
        *(_figure(report, key) for key in _ALWAYS),
    ]


def _shares(report: Report, screen: Screen) -> list[Column]:
    """What each layer does to the error, where there is anything to say and the screen is not of the narrow kind."""
    known = words.shares(report)
    told = [known.get(row.name, "") for row in report.shown]
    if not any(told) or (screen.columns is not None and screen.columns < _ROOMY):
        return []
    return [
        Column(
            shown(sense("difference", "error")),
            [Cell(shown(word), "bold" if word == "introduced" else "") for word in told],
        )
    ]


def _without_the_least(columns: list[Column], width: int) -> list[Column]:
    """On screens narrower than promised the op goes first, then the range, before names become unreadable."""
    for title in ("op", "range "):
        if width - taken(columns) < _READABLE_NAME:
            columns = [column for column in columns if column.title != title]
    return columns


def _extra(report: Report, room: int, name: int) -> list[Column]:
    """More figures, in their order, while `name` cells are left for the name."""
    columns: list[Column] = []
    for key in _WHEN_WIDER:
        column = _figure(report, key)
        if room - taken([*columns, column]) < name:
            break
        columns.append(column)
    return columns


def _figure(report: Report, key: str) -> Column:
    signs = [mark(row, key) for row in report.shown]
    texts = [words.figure_text(row, key) for row in report.shown]
    cells = [Cell(f"{text}{sign or ' '}", _STYLES.get(sign, "")) for text, sign in zip(texts, signs, strict=True)]
    return Column(f"{shown(METRICS[key].title)} ", cells, right=True)


# Below the table: what a figure does not say, and every output without a partner. Nothing is left out.


def _remarks(report: Report, screen: Screen) -> Iterator[RenderableType]:
    """Notes on the comparison, and layers with something to say beyond a limit: grouped by what is said."""
    for note in report.notes:
        yield Text(_("note: {text}", text=screen.text(note)))
    mixed = len({row.range.source for row in report.rows if row.range is not None}) > 1
    groups = _grouped((text, f"{row.index} {row.name}") for row in report.shown for text in _said(row, mixed))
    for text, names in groups.items():
        yield from _listed(text, names, screen, 0)


def _said_after(label: Message, text: str, screen: Screen, style: str = "") -> RenderableType:
    return hanging(label, text, cell_len(screen.text(label)), screen, style)


def _unmatched(report: Report, screen: Screen) -> Iterator[RenderableType]:
    """Outputs of either side that are in no pair, grouped by reason and side, all named."""
    if not report.unmatched:
        return
    yield Text(_("unmatched: {number}", number=len(report.unmatched)))
    said = {(item.side, item.name, item.reason) for item in report.unmatched}
    both = {(name, why) for side, name, why in said if side == "sample" and ("benchmark", name, why) in said}
    groups = _grouped((_why(item, both), f"{item.record.op_index} {item.name}") for item in report.unmatched)
    for reason, names in groups.items():
        yield from _listed(reason, names, screen, 2)


def _why(item: Unmatched, both: Set[tuple[str, str]]) -> str:
    """The reason, and whose output it is where the reason does not say; `both`: what is said of both sides."""
    if any(side in item.reason for side in ("sample", "benchmark")):
        return item.reason
    side = Message("both") if (item.name, item.reason) in both else Message(item.side)
    return Message("{side}: {reason}", side=side, reason=item.reason)


def _said(row: LayerDiff, mixed: bool) -> Iterator[str]:
    """Reasons that no figure tells (not comparable, NaN, zeros, lost slices), how it was paired, what is unusual."""
    sides = [side for side in (row.sample, row.benchmark) if side is not None]
    one_is_zero = row.verdict is Verdict.FAIL and any(side.all_zero for side in sides)
    telling = row.verdict is Verdict.NOT_COMPARABLE or row.has_non_finite or one_is_zero
    yield from row.reasons if telling else (each for each in row.reasons if each.startswith(("lost slices", VANISHING)))
    yield from (*row.pair.notes, *row.notes)
    if mixed and row.range is not None and row.range.source is RangeSource.BENCHMARK:
        yield Message("range from the benchmark's data, not in the calibration file")


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Names by what is said of them; what is said of both sides at once is one entry."""
    groups: dict[str, dict[str, None]] = {}
    for text, name in pairs:
        groups.setdefault(text, {})[name] = None
    return {text: list(names) for text, names in groups.items()}


def _listed(text: str, names: list[str], screen: Screen, indent: int) -> Iterator[RenderableType]:
    """What is said, and below it, further in, of whom."""
    yield Padding(Text(_("{text} ({number}):", text=screen.text(text), number=len(names))), (0, 0, 0, indent))
    yield Padding(Text(shown(joined(map(screen.text, names))), overflow="fold"), (0, 0, 0, 4))


# What has changed since the baseline, below the table of layers.

_CHANGE_STYLES = {
    "newly failing": "bold red",
    "not comparable": "bold red",
    "newly fixed": "bold green",
    "worse": "yellow",
}
_SHORTEST = 12


def _three_way(report: Report, screen: Screen) -> Iterator[RenderableType]:
    """Nothing without an original."""
    three = report.three_way
    if three is None:
        return
    yield Text()
    yield _said_after(Message("original: "), three.text, screen, "bold")
    stage = Message("{stage}, {state}", stage=Message(str(three.stage)), state=Message(str(three.health.state)))
    where = screen.text(str(three.path))
    yield Text(_("{stage}  {path}; RMSE", stage=stage, path=where), overflow="fold")
    rows = three_way.shown(report)
    columns = [
        Column(
            shown(title),
            [Cell(shown(text), "bold red" if "!" in text else "") for text in column],
            right=title != "breaks",
        )
        for title, column in zip(three_way.HEAD, zip(*map(three_way.cells, rows), strict=True), strict=True)
    ]
    names = [row.name for row in rows]
    if rows:
        yield table_of([name_column(_("layer"), names, columns, screen, _SHORTEST, LONGEST_NAME), *columns])


def regression_section(report: Report, screen: Screen) -> Iterator[RenderableType]:
    """Nothing without a baseline."""
    since = report.since
    if since is None:
        return
    yield Text()
    yield hanging("", words.regression_headline(since), 0, screen, "bold")
    steps, hidden = words.changed(since)
    if steps:
        yield table_of(_changes(steps, screen))
    if hidden:
        yield Text(
            _n(hidden, "{number} more is better, see --format json", "{number} more are better, see --format json")
        )
    for line in words.regression_remarks(report):
        yield _said_after(Message("note: "), line, screen)


def _changes(steps: Sequence[Step], screen: Screen) -> list[Column]:
    what = Column(_("change"), [Cell(shown(told := words.word(step)), _CHANGE_STYLES.get(told, "")) for step in steps])
    figures = zip(*map(words.step_figures, steps), strict=True)
    others = [
        Column(shown(title), list(map(Cell, column)), right=True)
        for title, column in zip(words.STEP_FIGURES, figures, strict=True)
    ]
    names = [step.name for step in steps]
    return [what, name_column(_("layer"), names, [what, *others], screen, _SHORTEST, LONGEST_NAME), *others]


# The diagnosis: where, why, the numbers that prove it, what to do; all in a screen's width.

_LABEL = 12
"""Cells of the words in front of a line, their blanks included."""
_NAME = 30


def diagnosis_section(report: Report, screen: Screen) -> Iterator[RenderableType]:
    """Nothing where no diagnosis was made."""
    found = report.diagnosis
    if found is None:
        return
    yield Text()
    yield Text(_("diagnosis"), style="bold")
    for number, finding in enumerate(found.findings[: words.MOST], 1):
        yield from _finding(number, finding, screen)
    if more := words.left_out(found):
        yield Text(screen.text(more))
    for what, text in words.course(report):
        yield hanging(what, text, _LABEL, screen)
    if found.recovered:
        yield from _recovered(found.recovered, screen)


def _finding(number: int, finding: Finding, screen: Screen) -> Iterator[RenderableType]:
    yield hanging(f"{number}. ", words.diagnosis_headline(finding), 3, screen, "bold")
    label, others = words.further_layers(finding)
    proofs = [fact.text for fact in proof(finding)]
    told = ((label, [others] if others else []), (Message("because"), proofs), (Message("do"), finding.advice))
    for what, lines in told:
        for first, line in enumerate(lines):
            yield hanging("" if first else f"   {screen.text(what)}", line, _LABEL, screen)


def _recovered(found: tuple[Recovered, ...], screen: Screen) -> Iterator[RenderableType]:
    """The layers that were put back in order. Verdicts and the exit code stay about the file as it is."""
    yield Text()
    yield Text(
        _(
            "recovered: {layers} with the stored order undone; verdicts are about the file as it is; "
            "kept: share of the values that the file still holds",
            layers=count(len(found), "layer"),
        )
    )
    rows = [each.row for each in found]
    room = _NAME if screen.columns else max(len(screen.text(row.name)) for row in rows)
    yield table_of(
        [
            Column("#", [Cell(str(row.index)) for row in rows], right=True),
            Column(_("name"), [Cell(cut(row.name, room, screen)) for row in rows]),
            Column("RMSE", [Cell(words.figure_text(row, "rmse")) for row in rows], right=True),
            Column("COS", [Cell(words.figure_text(row, "cos")) for row in rows], right=True),
            Column(_("kept"), [Cell(f"{each.kept:.0%}") for each in found], right=True),
            Column(_("order"), [Cell(screen.text(each.layout)) for each in found]),
        ]
    )


_ENTRIES = 10
"""Journal entries below a table; the newest ones count."""


def _journal(report: Report, screen: Screen) -> Iterator[RenderableType]:
    if not report.journal:
        return
    left = len(report.journal) - _ENTRIES
    older = count(left, "older entry", "older entries")
    yield Text()
    yield Text(_("journal, {entries} in --format json", entries=older) if left > 0 else _("journal"), "bold")
    for each in report.journal[-_ENTRIES:]:
        yield hanging(f"{journal.moment(each)}  ", journal.words(each), 22, screen)
