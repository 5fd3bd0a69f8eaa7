"""The command line: one file a command, of which only the one that is asked for is loaded.

Its function is named like the command; a group of commands (or one of another name) has `register(app)` instead.
"""

OPEN = "open"
"""The command behind `sgs-tui [PATH...]`: there for a file that is named like a command."""

COMMANDS = {
    name: {"core": "core_dump"}.get(name, name.replace("-", "_"))
    for name in (
        *(
            OPEN,
            "compare",
            "inspect",
            "histogram",
            "split",
            "debugconfig",
            "dump",
            "run",
            "runs",
            "sweep",
            "twin",
            "whatif",
        ),
        *("optimize", "advise", "iterate", "journal", "quant", "core", "vendor-script", "demo", "doctor"),
    )
}
"""Every command, as help lists them, and its module in this package."""
