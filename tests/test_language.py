"""Messages, their Chinese catalogue, and which language is spoken."""

import copy
import json
import pickle
import re
import tomllib
from dataclasses import dataclass, replace
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry

from sgs_tui.cli.language import _settings, choose
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.files import settings_path
from sgs_tui.language import (
    CHINESE,
    ENGLISH,
    MESSAGES,
    Message,
    _,
    _Catalogue,
    _n,
    joined,
    key_word,
    plural,
    restored,
    sense,
    shown,
    speak,
    spoken,
    with_facts,
)
from tests import catalogue
from tests.english import sentences_in


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    return catalogue.read()


def test_every_message_has_its_chinese(chinese: Catalog) -> None:
    assert list(catalogue.problems(chinese)) == []


def test_the_catalogue_is_as_the_code_and_the_script_leave_it(chinese: Catalog) -> None:
    """No message is missing, none is obsolete, all are in their order: else `python -m tests.catalogue`."""
    assert catalogue.po_of(catalogue.updated(chinese)).decode() == catalogue.PO.read_text("utf-8")


def test_what_is_read_is_compiled_from_it(chinese: Catalog) -> None:
    with catalogue.PO.with_suffix(".mo").open("rb") as file:
        compiled = GNUTranslations(file)
    told = [entry for entry in chinese if entry.id and entry.string and isinstance(entry.id, str)]
    assert len(told) > 100
    assert [entry.id for entry in told if _compiled(compiled, entry) != entry.string] == []
    speak(CHINESE)
    assert [
        entry.id for entry in told if not entry.context and _(str(entry.id)) != entry.string
    ] == []  # as the library reads it
    several = [entry for entry in chinese if isinstance(entry.id, tuple)]
    ours = _Catalogue(catalogue.PO.with_suffix(".mo"))
    assert several and all(ours.ngettext(*each.id, 2) == compiled.ngettext(*each.id, 2) for each in several)
    held, wanted = catalogue.PO.with_suffix(".mo").read_bytes(), catalogue.mo_of(chinese)
    assert held[8:12] == wanted[8:12], "the number of messages"


def _compiled(compiled: GNUTranslations, entry: Entry) -> str:
    return compiled.pgettext(entry.context, str(entry.id)) if entry.context else compiled.gettext(str(entry.id))


def test_a_word_beside_a_key_has_its_own_chinese(chinese: Catalog) -> None:
    found = [chinese.get(word, context).string for word, context in (("error", "key"), ("error", None))]
    assert found == ["误差", "错误"]
    speak(CHINESE)
    assert key_word("error") == "误差" and _("error") == "错误"


def test_no_translation_keeps_an_english_sentence(chinese: Catalog) -> None:
    """Of all messages, also those that no test of a screen or a report leads to."""
    told = (entry.string if isinstance(entry.string, str) else entry.string[0] for entry in chinese if entry.id)
    assert [text for text in told if sentences_in(re.sub(r"\{[^}]*\}", "0", text))] == []


def test_a_word_of_several_meanings() -> None:
    error = sense("difference", "error")
    assert (error, shown(error), pickle.loads(pickle.dumps(error))) == ("error", "error", "error")
    speak(CHINESE)
    assert (shown(error), _("error"), shown(sense("healed", "fixed")), _("fixed")) == ("误差", "错误", "已修复", "定点")
    assert shown(sense("nowhere", "error")) == "error"


def test_the_wheel_holds_it() -> None:
    """Everything below the package goes into the wheel unless git is told to leave it out."""
    root = catalogue.ROOT
    wheel = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == ["sgs_tui"] and "exclude" not in wheel
    assert catalogue.PO.with_suffix(".mo").is_relative_to(root / "sgs_tui")
    assert not {"*.mo", "*.po", "locale", "locale/"} & set((root / ".gitignore").read_text().splitlines())


# How texts are marked.


@dataclass(frozen=True)
class Fact:
    text: str
    hint: str = ""


def test_a_message_is_its_english() -> None:
    message = Message("{path}: {why}", path="a{b}", why=Message("Permission denied"))
    assert message == "a{b}: Permission denied"
    assert type(str(message)) is str and json.dumps([message]) == '["a{b}: Permission denied"]'
    assert shown(message) is message
    speak(CHINESE)
    assert shown(message) == "a{b}：权限不足"
    assert (str(message), shown("plain"), shown(3)) == ("a{b}: Permission denied", "plain", 3)
    assert _("{path}: {why}", path="x", why="y") == "x：y"


def test_braces_without_values_stay() -> None:
    assert Message("docker run -u {uid}") == "docker run -u {uid}" == _("docker run -u {uid}")
    speak(CHINESE)
    assert _("docker run -u {uid}") == "docker run -u {uid}"
    assert shown(Message("")) == ""


def test_numbers_have_their_english_plural() -> None:
    assert [_n(n, "{number:,} thing", "{number:,} things") for n in (0, 1, 2000)] == [
        "0 things",
        "1 thing",
        "2,000 things",
    ]
    assert plural(1, "{number} of {name}", "{number} of many {name}", name="x") == "1 of x"


def test_lists_are_shown_part_by_part() -> None:
    parts = [Message("Permission denied"), "x"] * 2000
    found = joined(parts)
    assert found == ", ".join(parts)
    assert joined(["one"]) == "one" and joined([]) == ""
    speak(CHINESE)
    assert shown(found) == "、".join(["权限不足", "x"] * 2000)


@pytest.mark.parametrize(
    "message",
    [
        Message("{path}: {why}", path="p", why=Message("Permission denied")),
        joined(["a", Message("warn")]),
        plural(2, "a", "b"),
    ],
)
def test_messages_go_to_other_processes_and_copies(message: Message) -> None:
    for made in (pickle.loads(pickle.dumps(message)), copy.deepcopy(message), replace(Fact(message), hint="x").text):
        assert made == message
        assert shown(made) == shown(message)
        speak(CHINESE)
        assert shown(made) == shown(message)
        speak(ENGLISH)


def test_errors_carry_messages() -> None:
    error = InputError(
        Message("{path}: {why}", path="p", why=Message("Permission denied")), Message("check its rights")
    )
    assert str(error) == "p: Permission denied (check its rights)"
    speak(CHINESE)
    assert (shown(error.message), shown(error.hint)) == ("p：权限不足", "请检查它的权限")


@pytest.mark.parametrize(
    "source",
    [
        "_(f'{x} is written')",
        "Message('a' + b)",
        "stderr.note(Message('it is ' + 'here' + x))",
    ],
)
def test_glued_messages_are_refused(source: str) -> None:
    with pytest.raises(ValueError, match="one literal"):
        list(catalogue.messages_of(source, "sgs_tui/batch/x.py"))


def test_what_is_extracted() -> None:
    source = "_('a' if x else 'b'); plural(n, 'c', 'd'); joined(x, ' or '); option('-x', 'no'); shown(Message(text))"
    assert set(catalogue.messages_of(source, "sgs_tui/tui/x.py")) == {"a", "b", ("c", "d"), " or "}
    command = 'def x():\n    """Does it.\n\n    \\b\n    Examples:\n      sgs-tui x\n    """\n'
    command += 'option("-x", "about it", help="other")'
    found = set(catalogue.messages_of(command, "sgs_tui/cli/x.py"))
    assert found == {"Does it.\n\n\b\nExamples:\n  sgs-tui x", "about it", "other"}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("无法读取：run `sgs-tui doctor --x y z` 看看", []),
        ("RMSE 0.5、COS 0.99（op CONV，sample 与 benchmark）", []),
        ("  sgs-tui compare fixed.bin float.bin --top 3", []),
        ("错误：the file is damaged", ["the file is damaged"]),
        ("it's over, nothing left", ["it's over, nothing left"]),
    ],
)
def test_english_is_found(said: str, found: list[str]) -> None:
    assert sentences_in(said) == found


# Which language.

UTF8 = {"LC_ALL": "zh_CN.UTF-8"}


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, CHINESE),
        ({"LANG": "zh_SG.utf8"}, CHINESE),
        ({"LANG": "zh.UTF-8"}, CHINESE),
        ({"LC_MESSAGES": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, CHINESE),
        ({"LC_ALL": "en_US.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8", "LANG": "zh_CN.UTF-8"}, ENGLISH),
        ({"LANG": "zh_TW.UTF-8"}, ENGLISH),
        ({"LANG": "zh_CN.GB18030"}, ENGLISH),
        ({"LANG": "zh_CN"}, ENGLISH),
        ({"LANG": "de_DE.UTF-8"}, ENGLISH),
        ({"LC_CTYPE": "C", "LANG": "zh_CN.UTF-8"}, ENGLISH),
        ({"LC_ALL": "C.UTF-8"}, ENGLISH),
        ({}, ENGLISH),
    ],
)
def test_the_locale_decides(environment: dict[str, str], language: str, tmp_path: Path) -> None:
    choice = choose(None, False, {"XDG_CONFIG_HOME": str(tmp_path), **environment})
    assert choice.language == language and choice.why


def test_who_wins(tmp_path: Path) -> None:
    def told(wanted: str | None = None, ascii_only: bool = False, **environment: str) -> tuple[str, str, str]:
        choice = choose(wanted, ascii_only, {"XDG_CONFIG_HOME": str(tmp_path), **environment})
        return choice.language, choice.why, choice.refused

    settings = tmp_path / "sgs-tui" / "settings.toml"
    settings.parent.mkdir()
    assert told(**UTF8) == (CHINESE, "LC_ALL=zh_CN.UTF-8", "")
    assert told("en", **UTF8) == (ENGLISH, "--lang en", "")
    refused = "--ascii leaves no Chinese characters"
    assert told("zh_CN", True, **UTF8) == (ENGLISH, f"--lang zh_CN; {refused}", refused)
    settings.write_text('theme = "sgs-dark"\nlanguage = "en"\n[keys]\nlanguage = "zh_CN"\n')
    assert told(**UTF8) == (ENGLISH, f"{settings}: language", "")
    assert told("zh_CN", **UTF8)[0] == CHINESE
    settings.write_text("language='zh_CN' # always\n")
    assert told(LANG="en_US.UTF-8") == (CHINESE, f"{settings}: language", "")
    assert told(LANG="C")[:1] == (ENGLISH,)
    settings.write_text('[keys]\nlanguage = "zh_CN"\n')
    assert told(LANG="en_US.UTF-8")[0] == ENGLISH
    settings.write_bytes(b"\xff\n")
    assert told(LANG="en_US.UTF-8")[0] == ENGLISH


def test_the_settings_are_where_the_others_look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    assert _settings(os.environ) == settings_path()
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert _settings(os.environ) == settings_path()


def test_tests_speak_english() -> None:
    assert spoken() == ENGLISH


# Files between processes.

_ACROSS = [
    Message("{path}: {why}", path=Path("p"), why=Message("Permission denied")),
    Message("ended after its time limit of {timeout:g} s", timeout=2.5),
    joined((Message("the log has the place"), Message("it had printed nothing")), "; "),
    plural(2000, "{number:,} layer fails", "{number:,} layers fail"),
]


@pytest.mark.parametrize("message", _ACROSS)
def test_a_message_in_a_file_is_english_and_its_facts(message: Message) -> None:
    written = json.loads(json.dumps(with_facts({"message": message, "notes": [message], "state": "ok"})))
    assert written["message"] == written["notes"][0] == str(message)
    again = json.loads(json.dumps(with_facts(restored(written))))
    assert again == written, "one that never showed it passes it on"
    read = restored(again)
    assert read == {"message": message, "notes": [message], "state": "ok"} and shown(read["message"]) == message
    speak(CHINESE)
    assert shown(read["notes"][0]) == shown(message) != str(message)


@pytest.mark.parametrize(
    "facts",
    [
        None,
        [],
        {},
        {"id": "{x.__class__} was here", "values": {"x": 1}},
        {"id": "{path}: {why}", "values": {"path": "p"}},
        {"id": "{path}: {why}", "values": {"path": "p", "why": "other words"}},
        {"id": "{path}: {why}", "values": 3},
        {"between": ", ", "parts": ["p", "q"]},
    ],
)
def test_facts_of_others_are_not_believed(facts: object) -> None:
    speak(CHINESE)
    read = restored({"message": "p: no", MESSAGES: {"p: no": facts}})
    assert shown(read["message"]) == "p: no"


@pytest.mark.parametrize("document", [3, [], {"message": "a"}, {"message": "a", MESSAGES: ["a"]}])
def test_files_without_facts_are_as_they_are(document: object) -> None:
    assert restored(document) == document
