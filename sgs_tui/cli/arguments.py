"""`sgs-tui A B` and `sgs-tui --batch A B`: which command is meant when none is named."""

from collections.abc import Collection

OPEN = "open"
"""The command behind `sgs-tui [PATH...]`: there for a file that is named like a command."""

COMMANDS = {
    OPEN: "opening",
    "compare": "compare",
    "inspect": "inspect",
    "histogram": "histogram",
    "split": "split",
    "debugconfig": "debugconfig",
    "dump": "dump",
    "run": "run",
    "runs": "runs",
    "optimize": "optimize",
    "advise": "advise",
    "iterate": "iterate",
    "journal": "journal",
    "quant": "quant",
    "core": "core",
    "vendor-script": "vendor_script",
    "demo": "demo",
    "doctor": "doctor",
}
"""Every command, as help lists them, and its module in this package: only the one that is asked for is loaded."""

_OWN_OPTIONS = frozenset({"--help", "-h", "--version", "-V", "--install-completion", "--show-completion"})


def with_command(arguments: list[str], commands: Collection[str]) -> list[str]:
    """`arguments` with the command spelled out in front.

    `--batch` may stand before the command; without a command it means `compare`.
    A file that is named like a command is reached as `./compare`.
    """
    if not arguments:
        return [OPEN]
    first, rest = arguments[0], arguments[1:]
    if first in commands or first.split("=")[0] in _OWN_OPTIONS:
        return arguments
    if first == "--batch" and rest and rest[0] in commands:
        return [rest[0], "--batch", *rest[1:]]
    return ["compare" if _asks_for_batch(arguments) else OPEN, *arguments]


def _asks_for_batch(arguments: list[str]) -> bool:
    """`--batch` as an option; what follows `--` are paths."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--batch" in options
