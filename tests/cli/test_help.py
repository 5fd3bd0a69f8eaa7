"""Every command's help: an example that works with the parser, no markup, 80 columns; and the shell's completion."""

import shlex
import sys
from collections.abc import Callable

import pytest
from typer.main import get_command

from sgs_tui.__main__ import main
from sgs_tui.cli.main import build
from tests.cli.conftest import Command
from tests.cli.parsing import parse

ROOT = get_command(build())


def paths(command: object, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command and sub-command."""
    inner = getattr(command, "commands", {})
    return [prefix, *(path for name, sub in inner.items() for path in paths(sub, (*prefix, name)))]


def command_at(path: tuple[str, ...]) -> object:
    """The command that is called so."""
    node: object = ROOT
    for name in path:
        node = getattr(node, "commands")[name]  # noqa: B009
    return node


COMMANDS = [path for path in paths(ROOT) if path]


@pytest.mark.parametrize("path", [(), *COMMANDS], ids=" ".join)
def test_help_is_plain_and_fits(command: Command, monkeypatch: pytest.MonkeyPatch, path: tuple[str, ...]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = command(*path, "--help")
    assert [line for line in ended.text.splitlines() if len(line) > 80] == []
    assert (ended.code, ended.err) == (0, "")
    assert not set("│╭╰[/") & set("╭│╰") & set(ended.text)
    assert "\x1b" not in ended.text
    assert command(*path, "-h").out == ended.out


@pytest.mark.parametrize(
    "path", [path for path in [(), *COMMANDS] if hasattr(command_at(path), "commands")], ids=" ".join
)
def test_commands_are_listed_in_whole_sentences(
    command: Command, monkeypatch: pytest.MonkeyPatch, path: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    listed = command(*path, "--help").text.partition("\nCommands:\n")[2].splitlines()
    assert len(listed) >= 2
    assert [line for line in listed if not line.endswith(".") or line.endswith("...")] == []


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_an_example_that_parses(command: Command, path: tuple[str, ...]) -> None:
    text = command(*path, "--help").text.replace("\\\n", " ")
    examples = [line.strip() for line in text.splitlines() if line.strip().startswith("sgs-tui ")]
    assert examples
    for example in examples:
        parse(shlex.split(example)[1:])


def test_the_examples_of_the_wholeparse(command: Command) -> None:
    examples = [line.strip() for line in command("--help").text.splitlines() if line.startswith("    sgs-tui ")]
    assert len(examples) >= 4
    for example in examples:
        parse(shlex.split(example)[1:])


def test_exit_codes_are_documented(command: Command) -> None:
    text = command("--help").text
    for code in ("0 fine", "1 layers", "2 usage", "3 input", "4 a simulator", "5 nothing", "130 interrupted"):
        assert code in text


@pytest.fixture
def completed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What the shell gets that asks for `what` with these variables set."""

    def ask(what: str, **variables: str) -> str:
        monkeypatch.setattr(sys, "argv", ["sgs-tui"])
        for name, value in {"_SGS_TUI_COMPLETE": what, **variables}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as leaving:
            main()
        captured = capsys.readouterr()
        assert (leaving.value.code or 0, captured.err) == (0, "")
        return captured.out

    return ask


@pytest.mark.parametrize(
    ("shell", "word"), [("bash", "COMP_WORDS"), ("zsh", "compdef"), ("fish", "complete --command")]
)
def test_completion_scripts(completed: Callable[..., str], shell: str, word: str) -> None:
    script = completed(f"source_{shell}")
    assert word in script and "sgs-tui" in script


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("sgs-tui run", {"run", "runs"}),
        ("sgs-tui runs c", {"cancel", "compare"}),
        ("sgs-tui dump ", {"sdk", "onnx", "caffe", "tflite"}),
        ("sgs-tui vendor-script a", {"auto_dump_debug"}),
        ("sgs-tui compare --base", {"--baseline"}),
        ("sgs-tui compare --format j", {"json", "junit"}),
    ],
)
def test_what_completion_offers(completed: Callable[..., str], typed: str, offered: set[str]) -> None:
    found = completed("complete_bash", COMP_WORDS=typed, COMP_CWORD=str(typed.count(" ")))
    assert set(found.split()) == offered


def test_completion_in_zsh_and_fish(completed: Callable[..., str]) -> None:
    assert '"onnx"' in completed("complete_zsh", _TYPER_COMPLETE_ARGS="sgs-tui optimize ")
    asked = {"_TYPER_COMPLETE_ARGS": "sgs-tui optimize ", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    assert completed("complete_fish", **asked).splitlines()[0].startswith("onnx")
