"""Read a command line as sgs-tui does, without running anything."""

from typer.main import get_command

from sgs_tui.cli.main import build, with_command

_ROOT = get_command(build())


def parse(arguments: list[str]) -> None:
    """Make the contexts down to the leaf without running anything; raises where an option is unknown."""
    arguments = with_command(arguments, _ROOT.commands)
    node, context = _ROOT, _ROOT.make_context("sgs-tui", list(arguments))
    while hasattr(node, "commands"):
        own = next(
            (getattr(context, name) for name in ("_protected_args", "protected_args") if hasattr(context, name)), []
        )
        rest = [*own, *context.args]
        if not rest:
            return  # a group by itself
        name, node, rest = node.resolve_command(context, rest)
        context = node.make_context(name, rest, parent=context)
