"""`python -m tests.catalogue [OTHER.po...]`: bring the Chinese catalogue up to date with the code, and compile it.

New messages come in without a translation, those that the code has no more go; what is missing is looked for in the
other files first (another branch's catalogue). Run it after a merge too: keep both sides of the .po, run this.
"""

import ast
import io
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from inspect import cleandoc
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment

from sgs_tui.engine.errors import _NAMED as TOML_NAMED
from sgs_tui.engine.journal import Kind as Entries
from sgs_tui.engine.twin.sources import Kind

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "sgs_tui"
PO = PACKAGE / "locale" / "zh_CN" / "LC_MESSAGES" / "sgs_tui.po"

Id = str | tuple[str, ...]

MARKS = {
    "_": (0,),
    "Message": (0,),
    "Words": (0,),
    "_n": (1, 2),
    "plural": (1, 2),
    "joined": (1,),
    "option": (1,),
    "argument": (1,),
}
"""Functions whose arguments, by place, are messages: two places are a message and its plural."""
TABLES = {"known": (2, 3), "Action": (3,), "PaneEntry": (2, 3, 4), "Column": (1,), "Field": (1, 2)}
"""Entries of tables, whose arguments at these places are messages each."""
KEY = "key"
"""The context of what stands beside a key in the footer: one or two words, which mean other things elsewhere."""
MARKED_BY_NAME = frozenset({"help", "about"})
ENUMERATIONS = frozenset(
    {
        "HealthState",
        "RunState",
        "Stage",
        "Role",
        "Verdict",
        "Change",
        "Severity",
        "RangeSource",
        "Breaks",
        "Status",
        "Proof",
    }
    | {"Kinship", "Hypothesis", "Rule", "Stored", "LimitsFrom"}
)
"""Those whose members are shown by their values, as `Message(str(member))`."""
FOREIGN = {
    "sgs_tui/language.py": (", ",),
    "sgs_tui/engine/twin/sources.py": tuple(str(kind) for kind in Kind),
    "stages and details of runs": (
        *("float and fixed", "convert", "calibrate", "iteration", "optimize", "sweep"),
        *("image", "preprocess", "calibration", "generation", "sdk_version", "command", "via"),
    ),
    "sgs_tui/engine/journal.py": tuple(str(kind) for kind in Entries),
    "typer": (
        *("Arguments", "Options", "Commands", "required", "default", "env var"),
        *("Show this message and exit.", "Install completion for the current shell."),
        "Show completion for the current shell, to copy it or customize the installation.",
    ),
    "json": (
        *("Expecting value", "Unterminated string starting at", "Extra data", "Invalid control character at"),
        *("Expecting property name enclosed in double quotes", "Expecting ':' delimiter", "Expecting ',' delimiter"),
        *("Illegal trailing comma before end of object", "Illegal trailing comma before end of array"),
        *("Invalid \\escape", "Invalid \\uXXXX escape"),
    ),
    "toml": (
        *("Invalid value", "Invalid statement", "Unterminated string", "Unclosed array", "Unclosed inline table"),
        *("Cannot overwrite a value", "Invalid initial character for a key part", "Invalid date or datetime"),
        "Expected newline or end of document after a statement",
        "Expected '=' after a key in a key/value pair",
        "Expected ']' at the end of a table declaration",
        *("Expected ']]' at the end of an array declaration", "Invalid hex value", "Unescaped '\\\\' in a string"),
        "Escaped character is not a Unicode scalar value",
        *TOML_NAMED,
    ),
    "sgs_tui/engine/backends/user_python.py": (
        "it defines neither image_preprocess(path, norm=True) nor get_image(path, ..., nchw=True)",
        *("it returned {kind}, expected a numpy array", "it returned an array of {kind}, expected numbers"),
        *("OpenCV {version} has no Caffe reader any more, 4.x has", "not a Python module"),
    ),
    "the operating system": (
        *("No such file or directory", "Permission denied", "Is a directory", "Not a directory", "File exists"),
        *("No space left on device", "Read-only file system", "File name too long", "Too many open files"),
        *("Input/output error", "Operation not permitted", "Too many levels of symbolic links", "Disk quota exceeded"),
        *("Invalid argument", "Broken pipe", "Bad file descriptor", "Device or resource busy", "Directory not empty"),
        *("Exec format error", "Connection refused", "Cannot allocate memory", "Invalid cross-device link"),
    ),
}
"""What others say through us: their English is looked up as it comes."""
FIXED_HEADERS = re.compile(
    r'^"(POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator|Language-Team|Report-Msgid-Bugs-To): .*\n',
    re.M,
)


def messages_of(source: str, name: str) -> Iterator[Id]:
    """Every marked text of a Python file. Raises ValueError for one that can not be looked up."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield from _of_call(node, name)
        elif isinstance(node, ast.ClassDef) and node.name in ENUMERATIONS:
            yield from (_text(each.value) for each in node.body if isinstance(each, ast.Assign) and _text(each.value))
        elif name.startswith("sgs_tui/cli/") and isinstance(node, ast.FunctionDef):
            about = ast.get_docstring(node) or ""
            yield from [about] if "\b" in about else []  # a command's help


def _of_call(node: ast.Call, name: str) -> Iterator[Id]:
    called = ast.unparse(node.func).rpartition(".")[2]
    in_cli = name.startswith("sgs_tui/cli/")
    if called in MARKS and (in_cli or called not in ("option", "argument")):
        found = [_literals(node.args[place], name) for place in MARKS[called] if place < len(node.args)]
        yield from (tuple(each) for each in zip(*found, strict=True)) if len(found) == 2 else found[0] if found else ()
    for entry in (node.args[place] for place in TABLES.get(called, ()) if place < len(node.args)):
        yield from _literals(entry, name) if isinstance(entry, ast.Constant | ast.IfExp) else ()  # else made elsewhere
    if called == "Field":
        yield from (text for each in node.keywords if each.arg == "embedded" for text in _literals(each.value, name))
    if called == "count" and len(node.args) > 1 and (nouns := [*map(_text, node.args[1:])])[0]:
        noun, several = (*nouns, f"{nouns[0]}s")[:2]
        yield f"{{number:,}} {noun}", f"{{number:,}} {several}"
    if in_cli:
        yield from (
            text for each in node.keywords if each.arg in MARKED_BY_NAME for text in _literals(each.value, name)
        )
        if called == "add_group":
            yield from _literals(node.args[2], name)


def in_context(source: str) -> Iterator[tuple[str, str]]:
    """(context, word) of what keys are called in a table of actions, and of words that mean one thing of several."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and (called := ast.unparse(node.func)) in ("Action", "key_word", "sense"):
            words = (KEY, *map(_text, node.args[2:3] if called == "Action" else node.args))[-2:]
            yield from [(words[0], words[1])] if all(words) else []


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _literals(node: ast.expr, name: str) -> list[str]:
    """The text, or both of a choice; none of what is only known later, whose texts are marked where they stand."""
    if isinstance(node, ast.IfExp):
        return [*_literals(node.body, name), *_literals(node.orelse, name)]
    if isinstance(node, ast.JoinedStr | ast.BinOp):
        raise ValueError(f"{name}:{node.lineno}: a message is one literal, its values named: {ast.unparse(node)}")
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return []
    return [cleandoc(node.value) if "\b" in node.value else node.value]  # help is looked up without its margins


def template() -> Catalog:
    """All messages of the code, with the files that they are in."""
    catalog = Catalog("zh_CN", "sgs_tui", project="sgs-tui", version="1", fuzzy=False)
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        for message in messages_of(path.read_text("utf-8"), name):
            catalog.add(message, locations=[(name, 1)])
        for context, word in in_context(path.read_text("utf-8")):
            catalog.add(word, locations=[(name, 1)], context=context)
    for path in sorted(PACKAGE.rglob("*.html")):
        for _, _, found in Environment(extensions=["jinja2.ext.i18n"]).extract_translations(path.read_text("utf-8")):
            text = found if isinstance(found, str) else found[0]  # the others are values
            catalog.add(text, locations=[(path.relative_to(ROOT).as_posix(), 1)])
    for place, texts in FOREIGN.items():
        for text in texts:
            catalog.add(text, locations=[(place, 1)])
    return catalog


def read(path: Path = PO) -> Catalog:
    """A catalogue as it is on disk."""
    with path.open("rb") as file:
        return read_po(file, locale="zh_CN", domain="sgs_tui")


def updated(current: Catalog, others: Sequence[Catalog] = ()) -> Catalog:
    """The messages of the code with the translations that there are, by file."""
    wanted = template()
    wanted.header_comment = current.header_comment
    for entry in _entries(wanted):
        for known in (current, *others):
            found = known.get(entry.id, entry.context)
            if found is not None and found.string and not found.fuzzy:
                entry.string = found.string
                break
    return wanted


def _entries(catalog: Catalog) -> Iterator[Entry]:
    """Without the header."""
    return (entry for entry in catalog if entry.id)


def po_of(catalog: Catalog) -> bytes:
    """The .po: the same bytes for the same messages, whoever writes them."""
    file = io.BytesIO()
    write_po(file, catalog, width=0, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
    return FIXED_HEADERS.sub("", file.getvalue().decode()).encode()


def mo_of(catalog: Catalog) -> bytes:
    """The .mo of a .po that was read, on whatever day."""
    catalog.creation_date = catalog.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def problems(catalog: Catalog) -> Iterator[str]:
    """What is wrong with the translations: missing, fuzzy, other placeholders, half-width punctuation."""
    for entry in _entries(catalog):
        said = entry.string if isinstance(entry.string, str) else entry.string[0]
        ids = (entry.id,) if isinstance(entry.id, str) else entry.id
        where = f"{', '.join(name for name, _ in entry.locations)}: {ids[0]!r}"
        if not said:
            yield f"{where}: has no translation"
        elif entry.fuzzy:
            yield f"{where}: is fuzzy"
        elif all(placeholders(said) != placeholders(text) for text in ids):
            yield f"{where}: other placeholders: {said!r}"
        elif ids[0][-1:].isspace() != said[-1:].isspace() and said[-1] not in "：，；、":
            yield f"{where}: a blank at the end of one only: {said!r}"


def placeholders(text: str) -> set[tuple[str, str, str]]:
    """(name, format, conversion) of each; none where braces are only braces."""
    try:
        found = [
            (name, form or "", turned or "") for _, name, form, turned in Formatter().parse(text) if name is not None
        ]
    except ValueError:
        return set()
    return set(found) if all(name.isidentifier() for name, _, _ in found) else set()


def write(others: Iterable[Path] = ()) -> Catalog:
    """Update the .po and compile the .mo."""
    PO.parent.mkdir(parents=True, exist_ok=True)
    current = read() if PO.exists() else Catalog(locale="zh_CN", domain="sgs_tui")
    PO.write_bytes(po_of(updated(current, [read(path) for path in others])))
    made = read()
    PO.with_suffix(".mo").write_bytes(mo_of(made))
    return made


if __name__ == "__main__":
    found = list(problems(write(map(Path, sys.argv[1:]))))
    print("\n".join(found) or "every message has its Chinese")
    sys.exit(bool(found))
