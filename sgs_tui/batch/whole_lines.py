"""Lines with paths: never broken by us, so that they can be copied whole from a narrow terminal."""

from rich.segment import Segment, Segments

from sgs_tui.batch.screen import Screen


def whole_line(line: str, screen: Screen) -> Segments:
    """The line as it is; where it is too long the terminal goes on below without a newline between."""
    return Segments([Segment(screen.text(line)), Segment.line()])
