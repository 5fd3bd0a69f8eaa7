"""The command line: one file a command, of which only the one that is asked for is loaded.

Its function is named like the command; a group of commands (or one of another name) has `register(app)` instead.
"""

OPEN = "open"
"""The command behind `sgs-tui [PATH...]`: there for a file that is named like a command."""

COMMANDS = {
    OPEN: "open",
    "compare": "compare",
    "inspect": "inspect",
    "histogram": "histogram",
    "split": "split",
    "debugconfig": "debugconfig",
    "dump": "dump",
    "run": "run",
    "runs": "runs",
    "twin": "twin",
    "whatif": "whatif",
    "optimize": "optimize",
    "advise": "advise",
    "iterate": "iterate",
    "journal": "journal",
    "quant": "quant",
    "core": "core_dump",
    "vendor-script": "vendor_script",
    "demo": "demo",
    "doctor": "doctor",
}
"""Every command, as help lists them, and its module in this package."""
