"""`--format html`: one file that holds everything and asks nobody for anything; verdict first, readable on a phone.

The page carries its style and its script, and a content policy that lets nothing else run and nothing be fetched.
"""

import base64
import hashlib
from collections.abc import Collection, Iterator, Sequence
from html import escape
from math import ceil, floor, isfinite, log10

from sgs_tui.batch.formats.pictures import percent
from sgs_tui.batch.progress import RateMeter
from sgs_tui.batch.report import Report, Source
from sgs_tui.batch.values import plain
from sgs_tui.batch.words import (
    FAILED,
    LEGEND,
    changed,
    course,
    diagnosis_headline,
    figure_text,
    figures,
    headline,
    mark,
    ranges_from,
    regression_headline,
    regression_remarks,
    shares,
    word,
)
from sgs_tui.engine.calibration.ranges import Bounds
from sgs_tui.engine.compare.baseline import Step
from sgs_tui.engine.compare.channels import position_of
from sgs_tui.engine.compare.histogram import Bars, Counts, bars_of, step_of, view_of
from sgs_tui.engine.compare.limits import Profile
from sgs_tui.engine.compare.metrics import BRIEF, METRICS, Worse
from sgs_tui.engine.compare.results import LayerDiff, SideStats, Verdict
from sgs_tui.engine.diagnosis.results import Cause, Finding, Recovered
from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.journal import moment, words
from sgs_tui.engine.numbers import count, figure, size
from sgs_tui.engine.reports.details import Closeup, Details, FileFacts, Portrait, gather_details
from sgs_tui.engine.text import visible

# HTML out of text that nobody may trust: every name and path passes through here.


def safe(text: str) -> str:
    """Text for an element or a quoted attribute: control characters shown, markup harmless."""
    return escape(visible(text), quote=True)


def name(text: str) -> str:
    """A tensor's name: kept together, broken anywhere where it does not fit, never translated."""
    return f'<code translate="no">{safe(text)}</code>'


def facts(rows: Sequence[tuple[str, str]]) -> str:
    """Pairs of a term (text) and its description (HTML)."""
    return f"<dl>{''.join(f'<dt>{safe(term)}</dt><dd>{described}</dd>' for term, described in rows)}</dl>"


def listing(items: Sequence[str]) -> str:
    """A list of HTML items; nothing where there are none."""
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>" if items else ""


def section(key: str, title: str, *content: str) -> str:
    """A part of the page with its heading; nothing where it has no content."""
    body = "".join(content)
    return f'<section id="{key}"><h2>{safe(title)}</h2>{body}</section>\n' if body else ""


# The diagnosis on the page: findings with their proof, what to do, the course of the error, data put back in order.


def diagnosis(report: Report) -> str:
    """All findings, the likeliest first; nothing where there is no diagnosis."""
    found = report.diagnosis
    if found is None:
        return ""
    findings = "".join(map(_finding, found.findings))
    run = facts([(what, safe(text)) for what, text in course(report)])
    won_back = listing([_recovered(each) for each in found.recovered])
    recovered = f"<h3>Layers whose data could be put back in order</h3>{won_back}" if won_back else ""
    return section("diagnosis", "Diagnosis", findings, run, recovered, listing(list(map(safe, found.notes))))


def named_layers(report: Report) -> tuple[str, ...]:
    """The likeliest culprit of each cause: worth a picture even where it does not fail itself."""
    findings = report.diagnosis.findings if report.diagnosis else ()
    return tuple(finding.layers[0] for finding in findings if finding.layers and finding.cause is not Cause.HEALTHY)


def _finding(finding: Finding) -> str:
    layers = "" if finding.cause is Cause.HEALTHY else f"<p>{', '.join(map(name, finding.layers))}</p>"
    evidence = listing([safe(fact.text) for fact in finding.evidence])
    advice = f"<p>What to do:</p>{listing(list(map(safe, finding.advice)))}" if finding.advice else ""
    wrong = f'<p class="soft">Would be refuted by: {safe(finding.refuted_by)}</p>' if finding.refuted_by else ""
    return f"<article><h3>{safe(diagnosis_headline(finding))}</h3>{layers}{evidence}{advice}{wrong}</article>"


def _recovered(each: Recovered) -> str:
    figures = ", ".join(f"{key.upper()} {figure_text(each.row, key)}" for key in ("rmse", "cos"))
    return f"{name(each.row.name)}: {figures} read as {safe(each.layout)}; {percent(each.kept)} of its values are there"


# What the page brings along: style and script. Nothing is ever loaded; the page forbids it to itself.

STYLE = """
:root{--bg:#fff;--fg:#1c1f23;--soft:#5a636e;--line:#d5dae0;--panel:#f5f7f9;--blue:#2f7ac0;--orange:#c85a00;
--red:#c0202c;--amber:#8a5a00;--green:#177245;--violet:#7a3e9d}
@media(prefers-color-scheme:dark){:root{--bg:#15181c;--fg:#e4e7ea;--soft:#a0a9b3;--line:#363c44;--panel:#1d2127;
--blue:#5aa2e6;--orange:#ff9d4d;--red:#ff7b80;--amber:#f0b849;--green:#5fd39a;--violet:#cf9bf0}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;max-width:1400px;padding:0 16px 48px;background:var(--bg);color:var(--fg);
font:15px/1.45 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif}
header{margin:16px 0;padding:12px 16px;border-left:6px solid var(--soft);background:var(--panel)}
header.fail{border-color:var(--red)}header.warn{border-color:var(--amber)}header.ok{border-color:var(--green)}
h1{margin:0 0 4px;font-size:1.5rem;line-height:1.2}
h2{margin:32px 0 8px;font-size:1.15rem}
header.fail h1{color:var(--red)}header.warn h1{color:var(--amber)}header.ok h1{color:var(--green)}
p{margin:4px 0}a{color:var(--blue)}h3 .soft{font-weight:400}
code{font:0.92em/1.35 ui-monospace,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.soft{color:var(--soft)}.bad{color:var(--red);font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 12px;margin:8px 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere;min-width:0}
ul{margin:4px 0;padding-left:20px}li{margin:2px 0;overflow-wrap:anywhere}
.controls{display:flex;flex-wrap:wrap;gap:8px 16px;align-items:center;margin:8px 0}
.controls label{display:flex;gap:6px;align-items:center}
input,select,button{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);
border-radius:4px;padding:4px 8px;min-height:34px}
input[type=checkbox]{min-height:0;width:18px;height:18px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:3px 8px;text-align:right;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
th{position:sticky;top:0;background:var(--bg);color:var(--soft);font-weight:600;cursor:pointer}
table.plain{width:auto;max-width:100%}table.plain th{cursor:auto;position:static}
th.text,td.text{text-align:left}td.name{white-space:normal;min-width:16em}td.why{white-space:normal;min-width:14em}
th[aria-sort]::after{content:" \\25BC"}th[aria-sort=ascending]::after{content:" \\25B2"}
.v{font-weight:700}.v.fail{color:var(--red)}.v.warn{color:var(--amber)}.v.ok{color:var(--green)}.v.nc{color:var(--violet)}
b.over{color:var(--red)}b.near{color:var(--amber)}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,520px),1fr));gap:12px}
article{margin:0 0 12px;padding:10px 12px;border:1px solid var(--line);border-radius:6px}
article h3{margin:0 0 6px;font-size:1rem;overflow-wrap:anywhere}
svg{display:block;width:100%;max-width:820px;height:auto}
svg text{font:12px system-ui,sans-serif;fill:var(--soft)}
.sample{fill:var(--blue);fill-opacity:.75}.benchmark{fill:none;stroke:var(--orange);stroke-width:1.6}
.limit{stroke:var(--red);stroke-width:1.4;stroke-dasharray:6 4}.axis{stroke:var(--soft);fill:none}
.key i{display:inline-block;width:14px;height:10px;margin:0 4px 0 10px;vertical-align:baseline}
.key i.s{background:var(--blue)}.key i.b{border-top:2px solid var(--orange);height:4px}
.key i.l{border-top:2px dashed var(--red);height:4px}
[hidden]{display:none!important}
@media(max-width:760px){
body{padding:0 10px 32px}thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,tbody{display:block}tr{display:grid;grid-template-columns:1fr 1fr;gap:0 16px;padding:8px 0;
border-bottom:1px solid var(--line)}td.index{display:none}
td{display:flex;justify-content:space-between;gap:8px;border:0;padding:1px 0;min-width:0}
td::before{content:attr(data-t);color:var(--soft);font-weight:400}
td.name,td.why{grid-column:1/-1;display:block;text-align:left;min-width:0;overflow-wrap:anywhere}
td.name::before{content:attr(data-n) " "}td.name code{font-weight:700}td.why::before{content:""}td.empty{display:none}
.plain td.text{grid-column:1/-1}.plain td.text::before{content:none}.plain td.empty{display:flex}
dl{grid-template-columns:1fr}dd{margin-bottom:4px}}
@media print{.controls{display:none}th{position:static}}
"""

SCRIPT = """
(function(){
"use strict";
var table=document.getElementById("table");if(!table){return}
var body=table.tBodies[0],rows=Array.prototype.slice.call(body.rows);
var heads=Array.prototype.slice.call(table.tHead.rows[0].cells);
var order=document.getElementById("order"),words=document.getElementById("words"),
bad=document.getElementById("bad"),count=document.getElementById("count");
function key(row,column){return row.cells[column].getAttribute("data-v")}
function compare(a,b,column,sign,text){
var x=key(a,column),y=key(b,column);
if(x===""||y===""){return x===y?0:x===""?1:-1}
if(text){return sign*x.localeCompare(y,undefined,{numeric:true})}
if(x==="nan"||y==="nan"){return x===y?0:x==="nan"?-1:1}
x=parseFloat(x.replace("inf","Infinity"));y=parseFloat(y.replace("inf","Infinity"));
return x===y?0:sign*(x<y?-1:1)}
function sort(column,descending){
var head=heads[column],text=head.hasAttribute("data-text"),sign=descending?-1:1;
var sorted=rows.map(function(row,place){return[row,place]}).sort(function(a,b){
return compare(a[0],b[0],column,sign,text)||a[1]-b[1]});
heads.forEach(function(other){other.removeAttribute("aria-sort")});
head.setAttribute("aria-sort",descending?"descending":"ascending");
sorted.forEach(function(pair){body.appendChild(pair[0])});
order.value=String(column)}
function first(column){return heads[column].getAttribute("data-first")==="down"}
heads.forEach(function(head,column){
head.tabIndex=0;
function turn(){var now=head.getAttribute("aria-sort");sort(column,now?now==="ascending":first(column))}
head.addEventListener("click",turn);
head.addEventListener("keydown",function(event){
if(event.key==="Enter"||event.key===" "){event.preventDefault();turn()}});
var option=document.createElement("option");option.value=String(column);option.textContent=head.textContent;
order.appendChild(option)});
function choose(){
var wanted=words.value.toLowerCase().split(/\\s+/).filter(Boolean),shown=0;
rows.forEach(function(row){
var text=row.textContent.toLowerCase();
var fits=wanted.every(function(word){return text.indexOf(word)>=0});
if(bad.checked&&row.getAttribute("data-ok")!==null){fits=false}
row.hidden=!fits;shown+=fits?1:0});
count.textContent=shown+" of "+rows.length+" shown"}
order.addEventListener("change",function(){var column=parseInt(order.value,10);sort(column,first(column))});
words.addEventListener("input",choose);bad.addEventListener("change",choose);
document.getElementById("controls").hidden=false;choose();
})();
"""


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def policy() -> str:
    """The content policy: this very style and script, nothing from anywhere, whatever a name might smuggle in."""
    return f"default-src 'none'; style-src 'sha256-{_hash(STYLE)}'; script-src 'sha256-{_hash(SCRIPT)}'; img-src data:"


# A histogram as an inline SVG: no library, no script, colors from the page's light or dark style.

_WIDTH, _HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 632, 18, 196
_BARS = 128
_MARGIN = 0.03
_TICKS = 6


def histogram(portrait: Portrait) -> str:
    """The picture; the sample filled, the benchmark as a line, dashes at the calibrated min and max."""
    record = portrait.subject.record
    tallies = [tally for tally in (portrait.tally, portrait.other) if tally is not None]
    step = step_of(record, portrait.tally.stats.minimum, portrait.tally.stats.maximum)
    bars = bars_of(tallies, _BARS, step)
    if bars is None:
        return "<p>No finite values to draw.</p>"
    label = safe(f"Histogram of {record.name}")
    inside = "".join(_inside(bars, portrait.subject.bounds))
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">{inside}</svg>'


def _inside(bars: Bars, bounds: Bounds | None) -> Iterator[str]:
    low, high = view_of(float(bars.edges[0]), float(bars.edges[-1]), bounds or ())
    low, high = low - _MARGIN * (high - low), high + _MARGIN * (high - low)
    highest = max(int(side.max(initial=0)) for side in bars.sides) or 1
    places = _LEFT + (bars.edges - low) / (high - low) * (_RIGHT - _LEFT)
    for side, kind in zip(bars.sides, ("sample", "benchmark"), strict=False):
        yield f'<path class="{kind}" d="{_outline(places, side, highest)}"/>'
    yield f'<path class="axis" d="M{_LEFT} {_BOTTOM}H{_RIGHT}"/>'
    yield f'<text class="peak" x="{_LEFT}" y="12">peak {highest:,}</text>'
    for value in _ticks(low, high):
        yield _tick(value, _place(value, low, high))
    for value in bounds or ():
        if isfinite(value):
            yield f'<path class="limit" d="M{_place(value, low, high):.1f} {_TOP}V{_BOTTOM}"/>'


def _place(value: float, low: float, high: float) -> float:
    return _LEFT + (value - low) / (high - low) * (_RIGHT - _LEFT)


def _outline(places: FloatArray, counts: Counts, highest: int) -> str:
    """Stairs over the edges; a lone bar is made wide enough to be seen."""
    edges = places.tolist()
    if len(edges) == 2 and edges[1] - edges[0] < 2:
        middle = (edges[0] + edges[1]) / 2
        edges = [middle - 1, middle + 1]
    steps = [f"M{edges[0]:.1f} {_BOTTOM}"]
    for right, values in zip(edges[1:], counts.tolist(), strict=True):
        steps.append(f"V{_BOTTOM - (_BOTTOM - _TOP) * values / highest:.1f}H{right:.1f}")
    return f"{''.join(steps)}V{_BOTTOM}"


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers inside the view: multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / _TICKS
    if not isfinite(rough) or rough <= 0:
        return []
    unit = 10.0 ** floor(log10(rough))
    width = next((unit * factor for factor in (1, 2, 5) if unit * factor >= rough), 10 * unit)
    return [number * width for number in range(ceil(low / width), floor(high / width) + 1)]


def _tick(value: float, place: float) -> str:
    anchor = "start" if place < 40 else "end" if place > _WIDTH - 40 else "middle"
    label = f"{value:.6g}" if value == 0 or 1e-4 <= abs(value) < 1e6 else figure(value)
    return (
        f'<path class="axis" d="M{place:.1f} {_BOTTOM}v4"/>'
        f'<text x="{place:.1f}" y="214" text-anchor="{anchor}">{label}</text>'
    )


# The parts of the page around the table: verdict, close-ups, what has no partner, where it comes from.

_KEY = (
    '<p class="key soft"><i class="s"></i>sample<i class="b"></i>benchmark<i class="l"></i>calibrated min and max</p>'
)


def verdict(report: Report) -> tuple[str, str]:
    """What the comparison comes to: the heading, and the class that colors it."""
    summary = report.summary
    if report.incomplete:
        return "The input is damaged: this comparison is incomplete", "fail"
    if report.nothing_comparable:
        return "Nothing could be compared", "fail"
    if summary.failed:
        return f"{summary.failed} of {count(summary.layers, 'layer')} failed", "fail"
    if summary.warned:
        return f"No layer failed, {summary.warned} of {count(summary.layers, 'layer')} to look at", "warn"
    return f"All {count(summary.layers, 'layer')} are within the limits", "ok"


def head(report: Report) -> str:
    """The verdict first, then the pointers, then what was compared."""
    title, kind = verdict(report)
    trouble = listing([f'<span class="bad">{safe(line)}</span>' for line in report.incomplete])
    about = facts(
        [
            ("sample", _source(report.sample)),
            ("benchmark", _source(report.benchmark)),
            ("profile", name(report.profile.name)),
            ("ranges", safe(ranges_from(report))),
        ]
    )
    summary = f"<h1>{safe(title)}</h1><p>{safe(headline(report.summary))}</p>"
    return f'<header class="{kind}">{summary}{trouble}{about}</header>\n'


def _source(source: Source) -> str:
    health = safe(str(source.health))
    return f"{name(source.path)} ({safe(source.stage)}, {health if source.health.ok else f'<b>{health}</b>'})"


def closeups(details: Details) -> str:
    """The histogram of each layer that matters, with the statistics of both sides."""
    if not details.closeups:
        return ""
    left = ", ".join(name(row.name) for row in details.left_out)
    rest = f"<p>Failing as well, without a picture: {left}</p>" if left else ""
    pictures = f'<div class="grid">{"".join(map(_closeup, details.closeups))}</div>'
    return section("closer", "A closer look", _KEY, pictures, rest)


def _closeup(closeup: Closeup) -> str:
    row = closeup.row
    picture = histogram(closeup.portrait) if closeup.portrait else f"<p>No histogram: {safe(closeup.why)}</p>"
    described = facts(list(_described(row, closeup.portrait)))
    title = f"{row.index} {name(row.name)} <span class='soft'>{safe(row.op_type)}</span>"
    return f'<article id="layer-{row.pair.number}"><h3>{title}</h3>{picture}{described}</article>\n'


def _described(row: LayerDiff, portrait: Portrait | None) -> Iterator[tuple[str, str]]:
    if row.reasons:
        yield "verdict", f"{safe(row.verdict)}: {safe('; '.join(row.reasons))}"
    yield "figures", safe(", ".join(f"{key.upper()} {figure_text(row, key)}" for key in ("rmse", "cos", "mse")))
    for side, stats in (("sample", row.sample), ("benchmark", row.benchmark)):
        if stats is not None:
            yield side, safe(_stats(stats))
    if row.metrics is not None and row.metrics.max_abs_index >= 0:
        place = ", ".join(map(str, position_of(row.pair, row.metrics.max_abs_index)))
        yield "largest error", f"{figure(row.metrics.max_abs_error)} at ({place})"
    if row.range is not None:
        yield "range", safe(_range(row, portrait))
    if notes := (*row.pair.notes, *row.notes):
        yield "notes", safe("; ".join(notes))


def _stats(stats: SideStats) -> str:
    text = f"{count(stats.count, 'value')}, {figure(stats.minimum)} to {figure(stats.maximum)}"
    text += f", mean {figure(stats.mean)}, {stats.zeros:,} zeros"
    return text if stats.finite else f"{text}, {stats.nan:,} NaN, {stats.inf:,} Inf"


def _range(row: LayerDiff, portrait: Portrait | None) -> str:
    assert row.range is not None
    text = f"{figure(row.range.minimum)} to {figure(row.range.maximum)} (from {row.range.source})"
    if portrait is None or portrait.subject.bounds is None or portrait.other is None:
        return text
    shares = f"{percent(portrait.tally.outside_share)} of the sample, {percent(portrait.other.outside_share)}"
    return f"{text}; outside of it: {shares} of the benchmark"


def unmatched(report: Report) -> str:
    """Every output without a partner, with the reason."""
    items = [f"{name(item.name)} ({item.side}): {safe(item.reason)}" for item in report.unmatched]
    return section("unmatched", f"Not compared: {len(items)}", listing(items)) if items else ""


def origin(report: Report, details: Details) -> str:
    """Notes, files with checksums, what made the page."""
    notes = listing([safe(note) for note in report.notes])
    files = [(file.role, _file(file)) for file in details.files]
    journal = listing([f"{moment(each)}: {safe(words(each))}" for each in report.journal])
    made = [(what, safe(version)) for what, version in (*details.environment, ("made", details.made))]
    return "".join(
        (
            section("journal", "Journal", journal),
            section("notes", "Notes", notes),
            section("files", "Files", facts(files)),
            section("environment", "Environment", facts(made)),
            f'<footer class="soft"><p>{safe(LEGEND)}.</p></footer>\n',
        )
    )


def _file(file: FileFacts) -> str:
    if file.problem:
        return f'{name(file.path)}<br><span class="bad">{safe(file.problem)}</span>'
    return f"{name(file.path)}<br>{size(file.size)}, {safe(file.modified)}<br>SHA-256 {name(file.sha256)}"


# What has changed since the baseline, on the page: newly failing and newly fixed first.

_REGRESSION_CLASSES = {"newly failing": "fail", "not comparable": "nc", "newly fixed": "ok", "worse": "warn"}
_EMPTY = ' class="empty"'
_REGRESSION_FIGURES = ("RMSE was", "RMSE now", "COS was", "COS now")


def regression(report: Report) -> str:
    """Nothing without a baseline."""
    since = report.since
    if since is None:
        return ""
    steps, hidden = changed(since)
    more = f"<p>{hidden} more are better.</p>" if hidden else ""
    notes = listing([safe(line) for line in regression_remarks(report)])
    return section(
        "since", "Since the baseline", f"<p>{safe(regression_headline(since))}</p>", _table(steps), more, notes
    )


def _table(steps: list[Step]) -> str:
    if not steps:
        return ""
    heads = "".join(f'<th scope="col">{title}</th>' for title in _REGRESSION_FIGURES)
    head = f'<tr><th scope="col" class="text">layer</th><th scope="col" class="text">change</th>{heads}</tr>'
    return f'<table class="plain"><thead>{head}</thead><tbody>\n{"".join(map(_regression_row, steps))}</tbody></table>'


def _regression_row(step: Step) -> str:
    told, (rmse_was, cos_was), (rmse, cos) = word(step), figures(step.before), figures(step.after)
    cells = "".join(map(_regression_cell, _REGRESSION_FIGURES, (rmse_was, rmse, cos_was, cos)))
    kind = _REGRESSION_CLASSES.get(told)
    what = f'<span class="v {kind}">{safe(told)}</span>' if kind else safe(told)
    title = f'<td class="text name">{name(step.name)}</td>'
    return f'<tr>{title}<td class="text" data-t="change">{what}</td>{cells}</tr>\n'


def _regression_cell(title: str, text: str) -> str:
    return f'<td{"" if text else _EMPTY} data-t="{title}">{safe(text)}</td>'


# The layer table of the page: every shown layer with its figures, ready to be sorted by the page's script.

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
    return f'{_CONTROLS}<table id="table"><thead><tr>{_table_head()}</tr></thead><tbody>\n{rows}</tbody></table>'


def _table_head() -> str:
    figures = "".join(_figure_head(key) for key in BRIEF)
    verdict, (label, op, why) = '<th scope="col" class="text">verdict</th>', map(_text_head, ("name", "op", "why"))
    return f'<th scope="col">#</th>{label}{verdict}{op}{figures}{why}'


def _text_head(title: str) -> str:
    return f'<th scope="col" class="text" data-text>{title}</th>'


def _figure_head(key: str) -> str:
    down = "" if METRICS[key].worse is Worse.LOW else ' data-first="down"'
    return f'<th scope="col"{down}>{safe(METRICS[key].title)}</th>'


def _row(row: LayerDiff, profile: Profile, pictured: bool, share: str) -> str:
    link = f' <a href="#layer-{row.pair.number}" aria-label="its histogram">&#8628;</a>' if pictured else ""
    verdict = f'<span class="v {_CLASSES[row.verdict]}">{safe(row.verdict)}</span>'
    reasons = "; ".join(filter(None, (*row.reasons, f"error {share}" if share else "")))
    cells = (
        _cell("#", str(row.index), str(row.index), "index"),
        _cell("name", name(row.name) + link, row.name, "text name", f' data-n="{row.index}"'),
        _cell("verdict", verdict, str(_SEVERITY[row.verdict]), "text"),
        _cell("op", name(row.op_type), row.op_type, "text"),
        *(_figure(row, key, profile) for key in BRIEF),
        _cell("why", safe(reasons), reasons, "text why"),
    )
    return f"<tr{' data-ok' if row.verdict is Verdict.OK else ''}>{''.join(cells)}</tr>\n"


def _cell(title: str, html: str, value: str, kind: str = "", more: str = "") -> str:
    """`data-v` is what is sorted by, `data-t` what stands beside the value where there is no room for a head."""
    kinds = " ".join(word for word in (kind, "" if html else "empty") if word)
    attribute = f' class="{kinds}"' if kinds else ""
    return f'<td{attribute} data-t="{title}" data-v="{safe(value)}"{more}>{html}</td>'


def _figure(row: LayerDiff, key: str, profile: Profile) -> str:
    value, text, sign = METRICS[key].value(row), safe(figure_text(row, key)), mark(row, key, profile)
    if sign:
        text = f'<b class="{"over" if sign == FAILED else "near"}">{text}{sign}</b>'
    return _cell(safe(METRICS[key].title), text, "" if value is None else plain(value))


def html_report(report: Report) -> bytes:
    """Read what the page shows beyond the figures, and write it."""
    with RateMeter("reading") as meter:
        details = gather_details(report.request, report.rows, meter.report, named_layers(report))
    return write_html(report, details)


def write_html(report: Report, details: Details) -> bytes:
    """The whole page, UTF-8."""
    body = _body(report, details)
    return f'<!doctype html>\n<html lang="en">\n{_head(report)}<body>\n{body}</body>\n</html>\n'.encode()


def _head(report: Report) -> str:
    title = f"{verdict(report)[0]}: {report.sample.path} against {report.benchmark.path}"
    return (
        '<head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy()}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">\n'
        f'<link rel="icon" href="data:,"><title>{safe(title)}</title>\n<style>{STYLE}</style></head>\n'
    )


def _body(report: Report, details: Details) -> str:
    pictured = {closeup.row.pair.number for closeup in details.closeups}
    shown = f"{len(report.shown)} of {count(len(report.rows), 'layer')} shown"
    heading = "Layers" if len(report.shown) == len(report.rows) else f"Layers: {shown}"
    layers = section("layers", heading, table(report, pictured)) if report.shown else ""
    main = (regression(report), diagnosis(report), layers, closeups(details), unmatched(report))
    content = f"{''.join(main)}{origin(report, details)}"
    return f"{head(report)}<main>\n{content}</main>\n<script>{SCRIPT}</script>\n"
