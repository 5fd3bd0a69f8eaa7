"""The `sgs-tui` command. `--version` answers before anything heavy is loaded."""

import sys


def main() -> int:
    """Run the command line; returns its exit code."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        from sgs_tui import __version__

        print(f"sgs-tui {__version__}")
        return 0
    try:
        from sgs_tui.cli.main import guarded
    except KeyboardInterrupt:
        return 130
    return guarded(arguments)


if __name__ == "__main__":
    sys.exit(main())
