"""`--format mermaid`: the network around the layers that matter as a flowchart, for a bug tracker or a wiki.

What GitHub, GitLab and others draw is bounded: 50,000 characters and 500 edges are mermaid's own limits (maxTextSize,
maxEdges), and more than some 80 boxes nobody reads. So a large network is written around its culprits and failing
layers (those that --filter and --top leave, where they are given), a step each way, and a box says what is left out.

Text is in quotes, every character that mermaid or its Markdown could take for syntax as an entity code (`#35;`).
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from sgs_tui.batch import words
from sgs_tui.batch.console import Screen
from sgs_tui.batch.report import Report
from sgs_tui.engine.compare.results import LayerDiff, Verdict
from sgs_tui.engine.diagnosis.flow import Flow, Wiring, flow_of
from sgs_tui.engine.diagnosis.results import Role
from sgs_tui.engine.numbers import count
from sgs_tui.engine.text import cut_name, visible
from sgs_tui.language import Message
from sgs_tui.language import shown as told

WHOLE = 60
"""Up to so many tensors the whole network is written."""
MOST, FAN = 80, 12
"""Tensors of a part of a network; neighbors on each side of one of them."""
_LONGEST = 80
_EDGES = 400

_PARTS = {
    Role.INTRODUCED: Message("the error begins here"),
    Role.INHERITED: Message("the error comes in"),
    Role.RECOVERED: Message("recovers"),
}
_EDGE = {
    Role.INTRODUCED: ('-- "{text}" -->', Message("its rounding breaks it")),
    Role.INHERITED: ('== "{text}" ==>', Message("the error")),
    Role.RECOVERED: ('== "{text}" ==>', Message("error ends")),
}
_STYLES = (
    "classDef fail fill:#f8d7da,stroke:#b02a37,color:#000",
    "classDef warn fill:#fff3cd,stroke:#997404,color:#000",
    "classDef begins fill:#fff,stroke:#b02a37,stroke-width:4px,color:#000",
    "classDef guilty fill:#f8d7da,stroke:#b02a37,stroke-width:4px,color:#000",
    "classDef none fill:#f8f9fa,stroke:#6c757d,stroke-dasharray:4 3,color:#000",
)


def write(report: Report, screen: Screen) -> bytes:
    """The report as a mermaid flowchart, UTF-8."""
    assert report.wiring is not None
    flow = flow_of(report.wiring, report.rows, report.diagnosis)
    return ("\n".join(_lines(report, flow)) + "\n").encode()


def _lines(report: Report, flow: Flow) -> Iterator[str]:
    yield "flowchart LR"
    about = Message(
        "{sample} against {benchmark}, profile {profile}",
        sample=report.sample.path,
        benchmark=report.benchmark.path,
        profile=report.profile.name,
    )
    yield f"  %% {_comment(about)}"
    yield f"  %% {_comment(words.headline(report.summary))}"
    chosen = _chosen(report, flow)
    numbers = {name: number for number, name in enumerate(flow.wiring.tensors) if name in chosen}
    for name, number in numbers.items():
        yield f"  {_node(flow, name, number)}"
    edges = [(source, name) for name in numbers for source in flow.wiring.sources.get(name, ()) if source in numbers]
    for source, target in edges[:_EDGES]:
        link = _link(flow, source, target)
        yield f"  n{numbers[source]} {link} n{numbers[target]}"
    for number, text in enumerate(_left_out(report, flow, numbers, len(edges) - _EDGES)):
        yield f'  note{number}["{label(text)}"]:::none'
    yield from (f"  {style}" for style in _STYLES)


def _link(flow: Flow, source: str, target: str) -> str:
    role = flow.edge(source, target)
    if not flow.wiring.known:
        return "-.->"
    form, text = _EDGE.get(role, ("-->", ""))
    return form.format(text=label(text))


# Which tensors.


def _chosen(report: Report, flow: Flow) -> frozenset[str]:
    """The whole network where it is small, else what there is room for around the layers that matter."""
    wiring = flow.wiring
    if len(wiring.tensors) <= WHOLE and len(report.shown) == len(report.rows):
        return frozenset(wiring.tensors)
    tensors = {each.layer: name for name, each in wiring.tensors.items() if each.layer}
    found: dict[str, None] = {}
    for layer in _that_matter(report):
        if layer in tensors:
            near = _near(wiring, tensors[layer])
            if len(found) + sum(name not in found for name in near) > MOST:
                break
            found.update(dict.fromkeys(near))
    return frozenset(found)


def _that_matter(report: Report) -> Iterable[str]:
    """The filtered ones, or: where the error begins, then all that fail; where nothing fails the worst."""
    if len(report.shown) < len(report.rows):
        return [row.name for row in report.shown]
    begins = [name for name, part in report.blame.items() if part.role is Role.INTRODUCED]
    failing = [row.name for row in report.rows if row.verdict is Verdict.FAIL]
    worst = [report.summary.worst.name] if report.summary.worst else []
    return dict.fromkeys(chain(report.culprits, begins, failing, worst, [row.name for row in report.rows[:1]]))


def _near(wiring: Wiring, name: str) -> tuple[str, ...]:
    return (name, *wiring.sources.get(name, ())[:FAN], *wiring.targets.get(name, ())[:FAN])


def _left_out(report: Report, flow: Flow, shown: Iterable[str], edges: int) -> Iterator[str]:
    """What the reader has to know of the picture."""
    wiring, seen = flow.wiring, set(shown)
    if not wiring.known:
        yield Message("the dumps hold outputs alone: dotted is the order of the file, not who reads whom")
    if len(seen) < len(wiring.tensors):
        layers = {wiring.tensors[name].layer for name in seen}
        failing = [row for row in report.rows if row.verdict is Verdict.FAIL and row.name not in layers]
        yield Message(
            "left out: {tensors} of {all:,}, {failing} among them",
            tensors=count(len(wiring.tensors) - len(seen), "tensor"),
            all=len(wiring.tensors),
            failing=count(len(failing), "failing layer"),
        )
    if edges > 0:
        yield Message("left out: {edges}", edges=count(edges, "edge"))


# Boxes and their text.


def _node(flow: Flow, name: str, number: int) -> str:
    tensor, row = flow.wiring.tensors[name], flow.row(name)
    lines = [tensor.layer or tensor.name]
    if tensor.index >= 0:
        lines.append(f"{tensor.index} {tensor.op}")
    lines.append(tensor.why if row is None else _figures(row))
    role = flow.role(name)
    lines += [_PARTS[role]] if role in _PARTS else []
    lines += [Message("scale {scale}, shared", scale=flow.wiring.scales[name])] if name in flow.wiring.scales else []
    text = "<br/>".join(label(cut_name(visible(told(each)), _LONGEST, "...", len)) for each in lines if each)
    shape = f'n{number}(["{text}"])' if tensor.index < 0 else f'n{number}["{text}"]'
    return shape + _style(row, role)


def _figures(row: LayerDiff) -> str:
    figure = words.figure_text(row, "rmse")
    verdict = Message(str(row.verdict))
    return Message("RMSE {figure}, {verdict}", figure=figure, verdict=verdict) if figure else verdict


def _style(row: LayerDiff | None, role: Role) -> str:
    if row is None or row.verdict is Verdict.NOT_COMPARABLE:
        return ":::none"
    if role is Role.INTRODUCED:
        return ":::guilty" if row.verdict is Verdict.FAIL else ":::begins"
    return {Verdict.FAIL: ":::fail", Verdict.WARN: ":::warn"}.get(row.verdict, "")


_SAFE = re.compile(r"(?<=\w)[./-](?=\w)|(?<=[A-Za-z0-9])_(?=[A-Za-z0-9])|[A-Za-z0-9 ,()]")


def label(text: str) -> str:
    """Text as mermaid shows it letter by letter, in quotes: all but plain words as entity codes.

    Formulas ($$) and icons (fa:fa-) it looks for after it has read the codes: a space of no width parts them.
    """
    plain = visible(told(text)).replace("$$", "$\u200b$").replace(":fa-", ":\u200bfa-")
    safe = {match.start() for match in _SAFE.finditer(plain)}
    return "".join(char if place in safe else f"#{ord(char)};" for place, char in enumerate(plain))


def _comment(text: str) -> str:
    """Text of a comment; braces there could begin a directive."""
    return visible(told(text)).replace("{", "(").replace("}", ")")
