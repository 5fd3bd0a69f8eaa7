r"""DebugConfig.txt without losing a byte that is not ours.

The simulator reads it from its working directory, one key a line. As the older generation was seen to read it
(interop notes, observed): a key counts when its line starts with it, in the right case and from the first
column, whatever follows (`dumpTensorXYZ` is dumpTensor); every other line is ignored. A line ends at `\n` only,
so a `\r` or a blank belongs to the path; the last line loses its last character when no newline follows.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from sgs_tui.engine.configs.nearest import did_you_mean
from sgs_tui.engine.configs.reading import read_bytes
from sgs_tui.engine.configs.switches import SWITCH_NAMES
from sgs_tui.engine.configs.textlines import BOM, Line, join_lines, split_lines, with_final_newline
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.text import decode, encode, visible

_PATH = b"path="
_SWITCH_LINE = re.compile(
    rb"[ \t]*(?P<off>#[# \t]*)?(?P<key>" + "|".join(SWITCH_NAMES).encode() + rb")[ \t]*", re.IGNORECASE
)
_PATH_LINE = re.compile(rb"[ \t]*path[ \t]*=[ \t]*(?P<value>.*?)[ \t]*", re.IGNORECASE)
_PROPER = {name.lower().encode(): name for name in SWITCH_NAMES}


@dataclass(frozen=True, slots=True)
class Effect:
    """What the simulator makes of a file. `path` is None without a `path=` line: the home folder."""

    switches: frozenset[str]
    path: str | None


@dataclass(frozen=True, slots=True)
class DebugConfig:
    """The lines of a DebugConfig.txt. Changes give a new document and touch only the lines they need."""

    lines: tuple[Line, ...] = ()

    def render(self) -> bytes:
        """The file's bytes."""
        return join_lines(self.lines)

    def is_on(self, switch: str) -> bool:
        """Whether a line switches it on as the user wrote it; see `effect` for what the simulator reads."""
        return bool(self._live(switch))

    @property
    def path(self) -> str | None:
        """The value of the last `path=` line as written, None without one."""
        values = [line.content for line in self.lines if line.content.startswith(_PATH)]
        return decode(values[-1].removeprefix(_PATH)) if values else None

    def effect(self) -> Effect:
        """What the older simulator reads: `\\r` kept, last character lost without a final newline."""
        seen = [line.content + line.ending.removesuffix(b"\n") for line in self.lines]
        if self.lines and not self.lines[-1].ending:
            seen[-1] = seen[-1][:-1]
        switches = {name for name in SWITCH_NAMES if any(text.startswith(name.encode()) for text in seen)}
        paths = [decode(text.removeprefix(_PATH)) for text in seen if text.startswith(_PATH)]
        return Effect(frozenset(switches), paths[-1] if paths else None)

    def with_switch(self, switch: str, on: bool) -> "DebugConfig":
        """Switched on (a `#` goes, or a line is added) or off (a `#` comes). Raises UsageError if unknown."""
        live = self._live(switch)
        if on:
            return self if live else self._switched_on(switch)
        lines = [replace(line, content=b"#" + line.content) if i in live else line for i, line in enumerate(self.lines)]
        return DebugConfig(tuple(lines))

    def with_path(self, path: str) -> "DebugConfig":
        """The dump's folder set; other `path=` lines are switched off. Raises UsageError for control characters."""
        if any(ord(char) < 32 for char in path):
            raise UsageError(f"a path with control characters: {visible(path)}", "give a folder name without them")
        wanted = _PATH + encode(path)
        places = [i for i, line in enumerate(self.lines) if line.content.startswith(_PATH)]
        if not places:
            return self._path_added(wanted)
        contents = {i: b"#" + self.lines[i].content for i in places} | {places[-1]: wanted}
        return self._changed(contents)

    def mend(self) -> "DebugConfig":
        r"""Written as every simulator reads it: `\n` endings, one at the end, our keys exact and without blanks.

        A key that was ignored for a blank or its case becomes what it was meant to be. Other lines stay.
        """
        data = self.render().removeprefix(BOM).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = with_final_newline(split_lines(data))
        return DebugConfig(tuple(replace(line, content=_mended(line.content)) for line in lines))

    def _live(self, switch: str) -> set[int]:
        if switch not in SWITCH_NAMES:
            raise UsageError(f"no switch {visible(switch)!r}", did_you_mean(switch, SWITCH_NAMES))
        return {i for i, line in enumerate(self.lines) if line.content.startswith(switch.encode())}

    def _changed(self, contents: dict[int, bytes]) -> "DebugConfig":
        """Other contents for some lines, which then end as the simulator needs it."""
        lines = [Line(contents[i]) if i in contents else line for i, line in enumerate(self.lines)]
        return DebugConfig(tuple(lines))

    def _switched_on(self, switch: str) -> "DebugConfig":
        """The first line that has it off (or misspelt in case) becomes it; else it is added at the end."""
        for i, line in enumerate(self.lines):
            found = _SWITCH_LINE.fullmatch(line.content)
            if found and _PROPER[found["key"].lower()] == switch:
                return self._changed({i: switch.encode()})
        return self._added(switch.encode())

    def _path_added(self, wanted: bytes) -> "DebugConfig":
        """In place of a `path = x` that the simulator does not read; else at the end."""
        for i, line in enumerate(self.lines):
            if _PATH_LINE.fullmatch(line.content):
                return self._changed({i: wanted})
        return self._added(wanted)

    def _added(self, content: bytes) -> "DebugConfig":
        return DebugConfig((*with_final_newline(self.lines), Line(content)))


def _mended(content: bytes) -> bytes:
    path, switch = _PATH_LINE.fullmatch(content), _SWITCH_LINE.fullmatch(content)
    if path:
        return _PATH + path["value"]
    return _PROPER[switch["key"].lower()].encode() if switch and not switch["off"] else content


def parse(data: bytes) -> DebugConfig:
    """The document of a file's bytes; `parse(data).render() == data` for any bytes."""
    return DebugConfig(split_lines(data))


def load(path: Path) -> DebugConfig:
    """Read a DebugConfig.txt. Raises InputError when it can not be read."""
    return parse(read_bytes(path))
