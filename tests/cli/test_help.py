"""Every command's help: an example that works with the parser, no markup, 80 columns where we can choose."""

import shlex

import pytest
from typer.main import get_command

from sgs_tui.cli.app import build
from sgs_tui.cli.arguments import with_command
from tests.cli.conftest import Command

ROOT = get_command(build())


def paths(command: object, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command and sub-command."""
    inner = getattr(command, "commands", {})
    return [prefix, *(path for name, sub in inner.items() for path in paths(sub, (*prefix, name)))]


LEAVES = [path for path in paths(ROOT) if path and path != ("debugconfig",)]


@pytest.mark.parametrize("path", [(), ("debugconfig",), *LEAVES], ids=" ".join)
def test_help_is_plain_and_fits(command: Command, path: tuple[str, ...]) -> None:
    ended = command(*path, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert not set("│╭╰[/") & set("╭│╰") & set(ended.text)
    assert "\x1b" not in ended.text
    assert command(*path, "-h").out == ended.out


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_has_an_example_that_parses(command: Command, path: tuple[str, ...]) -> None:
    text = command(*path, "--help").text
    examples = [line.strip() for line in text.splitlines() if line.strip().startswith("sgs-tui ")]
    assert examples
    for example in examples:
        _parse(shlex.split(example)[1:])


def test_the_examples_of_the_whole_parse(command: Command) -> None:
    examples = [line.strip() for line in command("--help").text.splitlines() if line.startswith("    sgs-tui ")]
    assert len(examples) >= 4
    for example in examples:
        _parse(shlex.split(example)[1:])


def _parse(arguments: list[str]) -> None:
    """Make the contexts down to the leaf without running anything; raises where an option is unknown."""
    arguments = with_command(arguments, ROOT.commands)
    node, context = ROOT, ROOT.make_context("sgs-tui", list(arguments))
    while hasattr(node, "commands"):
        own = next(
            (getattr(context, name) for name in ("_protected_args", "protected_args") if hasattr(context, name)), []
        )
        rest = [*own, *context.args]
        name, node, rest = node.resolve_command(context, rest)
        context = node.make_context(name, rest, parent=context)


def test_exit_codes_are_documented(command: Command) -> None:
    text = command("--help").text
    for code in ("0 fine", "1 layers", "2 usage", "3 input", "4 a simulator", "5 nothing", "130 interrupted"):
        assert code in text
