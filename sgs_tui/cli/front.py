"""The way into the app."""

from pathlib import Path

from sgs_tui.cli.terminal import require_terminal


def open_app(
    paths: tuple[Path, ...],
    *,
    ranges: Path | None = None,
    shapes: Path | None = None,
    profile: str = "",
    ascii_only: bool = False,
    mouse: bool = True,
    query: str = "",
    sort: str = "",
) -> int:
    """Run the app on `paths`; its exit code. An empty `profile` is the one of the user's settings.

    Raises UsageError where there is no terminal.
    """
    require_terminal()
    from sgs_tui.tui.launch import LaunchOptions, launch

    return launch(LaunchOptions(paths, ranges, shapes, profile, ascii_only, mouse, query, sort))
