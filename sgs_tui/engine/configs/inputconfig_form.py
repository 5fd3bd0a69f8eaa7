"""What makes an input_config.ini unreadable for the converter, or read otherwise than it looks."""

from collections.abc import Iterator

from sgs_tui.engine.configs.findings import Finding, Severity
from sgs_tui.engine.configs.iniparser import LONGEST_LINE, Entry, Kind
from sgs_tui.engine.configs.inputconfig import INPUT_SECTION, OUTPUT_SECTION, InputConfig, PythonView
from sgs_tui.engine.text import visible

_STOPS = "the converter stops"


def form_findings(document: InputConfig) -> Iterator[Finding]:
    """Findings about lines and sections; an error for everything that one of the parsers refuses."""
    found, python = [*_about_sections(document), *_about_duplicates(document)], document.python_view()
    previous: Entry | None = None
    for entry in document.entries():
        found += _about_line(document, entry, previous, python)
        previous = entry if entry.kind not in (Kind.COMMENT, Kind.EMPTY) else previous
    yield from found
    error = python.error
    if error and not any(finding.severity is Severity.ERROR for finding in found):
        message = f"Python's configparser, which the converter uses, refuses the file: {visible(error)}"
        yield Finding(Severity.ERROR, None, message, "mend that line")


def _about_sections(document: InputConfig) -> Iterator[Finding]:
    there = {entry.section for entry in document.entries() if entry.kind is Kind.SECTION}
    for section in (INPUT_SECTION, OUTPUT_SECTION):
        if section not in there:
            message = f"there is no [{section.upper()}]: {_STOPS}"
            yield Finding(Severity.ERROR, None, message, f"add [{section.upper()}] and its keys")


def _about_duplicates(document: InputConfig) -> Iterator[Finding]:
    """Python refuses a second key or section; sections that differ in case are two for it, one for C."""
    seen: dict[tuple[str, str], int] = {}
    exact: set[str] = set()
    for entry in document.entries():
        what = (entry.section, entry.key)
        if entry.kind not in (Kind.SECTION, Kind.VALUE):
            continue
        if what in seen:
            yield _duplicate(entry, seen[what], entry.kind is Kind.SECTION and entry.name not in exact)
        seen.setdefault(what, entry.first)
        exact.add(entry.name)


def _duplicate(entry: Entry, before: int, other_case: bool) -> Finding:
    name = f"[{visible(entry.name)}]" if entry.kind is Kind.SECTION else visible(entry.key)
    if other_case:
        message = f"{name} is the section of line {before} for the C tools and another one for the Python scripts"
        return Finding(Severity.WARNING, entry.first, message, "put both together")
    message = f"{name} is there twice, first in line {before}: {_STOPS}"
    return Finding(Severity.ERROR, entry.first, message, "keep one of them")


def _about_line(document: InputConfig, entry: Entry, previous: Entry | None, python: PythonView) -> Iterator[Finding]:
    raw = document.lines[entry.first - 1].text
    if entry.too_long:
        message = f"a line of over {LONGEST_LINE} bytes, comment or not: `iniparser: input line too long`"
        yield Finding(Severity.ERROR, entry.first, message, "shorten it")
    if entry.last > entry.first:
        message = "a \\ at the end of a line joins it with the next one for the C tools, not for the Python scripts"
        yield Finding(Severity.WARNING, entry.first, message, "write it in one line without \\")
    elif document.lines[entry.last - 1].text.rstrip().endswith("\\"):
        message = "the last line ends in \\: the C tools never look at it"
        yield Finding(Severity.WARNING, entry.first, message, "take the \\ away")
    if entry.kind is Kind.ERROR:
        yield _unreadable(entry, raw, previous)
    elif entry.kind is Kind.VALUE:
        yield from _about_value(entry, raw, previous, python)


def _unreadable(entry: Entry, raw: str, previous: Entry | None) -> Finding:
    """A line that iniparser takes for nothing, which makes the whole file unreadable."""
    if entry.text.startswith("["):
        what, remedy = "text behind or missing ] of a section", "leave the section alone in its line"
    elif raw[:1] in (" ", "\t") and previous and previous.kind in (Kind.VALUE, Kind.ERROR):
        what, remedy = "an indented line that goes on with the value above", "put the whole value in one line"
    elif ":" in entry.text:
        what, remedy = "key:value", "write key=value;"
    else:
        what, remedy = "no section, no key=value and no comment", "mend it, or put ; in front"
    message = f"{what} ({visible(entry.text[:40])}): {_STOPS} at `Assertion '0' failed` without naming it"
    return Finding(Severity.ERROR, entry.first, message, remedy)


def _about_value(entry: Entry, raw: str, previous: Entry | None, python: PythonView) -> Iterator[Finding]:
    if previous is None:
        message = f"{visible(entry.key)} stands before any section: {_STOPS}"
        yield Finding(Severity.ERROR, entry.first, message, "put it below its section")
    if raw[:1] in (" ", "\t") and not python.error and python.get(entry.section, entry.key) is None:
        message = f"{visible(entry.key)} is indented: for the Python scripts it goes on with the line above"
        yield Finding(Severity.WARNING, entry.first, message, "start the line with the key")
    if "%" in entry.value:
        message = "a % makes configparser look for another value (interpolation) and fail"
        yield Finding(Severity.WARNING, entry.first, message, "use a name without %")
