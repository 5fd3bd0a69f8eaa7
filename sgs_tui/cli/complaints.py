"""Everything on stderr: one plain line each, no panels, no colours, nothing that a terminal would obey."""

import sys

from sgs_tui.engine.text import visible


def error(message: str, hint: str = "") -> None:
    """`sgs-tui: error: what is wrong; what to do`."""
    _line("error", f"{message}; {hint}" if hint else message)


def warning(message: str) -> None:
    """`sgs-tui: warning: ...`: the result stands, but read this."""
    _line("warning", message)


def note(message: str) -> None:
    """`sgs-tui: note: ...`: what was done, said where data does not go."""
    _line("note", message)


def _line(kind: str, text: str) -> None:
    """Write one line; a stderr that is closed or full must not turn a result into a failure."""
    if sys.stderr is None:  # closed by the caller; print would fall back to stdout
        return
    try:
        print(f"sgs-tui: {kind}: {visible(text)}", file=sys.stderr, flush=True)
    except OSError:
        return
