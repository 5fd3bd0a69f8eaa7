r"""DebugConfig.txt: its keys, its lines kept byte for byte, ready settings.

The simulator reads it from its working directory, one key a line. Seen with the older SDK generation, one case after
the other:

    no `path=`, `path=` empty, or `path = x`          the dump goes to $HOME
    `path=.`, relative, blanks inside the path        works, as any order of keys, empty and unknown lines do
    last line without a newline                       its last character is cut off, of a path or a switch
    CRLF, a blank behind the path, ~, no such folder  exit 0, `Run evaluation OK.`, no dump
    leading blank, wrong case, #                      the key is ignored in silence
    `dumpTensorXYZ`                                   is dumpTensor: a key counts when its line starts with it

A line ends at `\n` only. An existing dump is overwritten; of a folder of pictures the last one's dump is left. The
calibrator obeys dumpTensor too. `log/`, `output/` and `tmp_image/` beside the file are made anew by each run, so
every run needs a folder of its own.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sgs_tui.engine.configs.textlines import BOM, Line, join_lines, split_lines, with_final_newline
from sgs_tui.engine.dumps.mistaken import refuse_as
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.files import read_bytes
from sgs_tui.engine.text import decode, did_you_mean, encode, visible
from sgs_tui.language import Message


@dataclass(frozen=True, slots=True)
class Switch:
    """One key of the file. `path` takes a value, the others are on when their line stands there."""

    name: str
    meaning: str
    read_by: str
    recommended: str


DUMP_TENSOR = "dumpTensor"
ELIMINATE_GARBAGE = "eliminateGarbage"
DEQUANT_FIXED = "dequantFixed"
DUMP_AS_STRING = "dumpasstring"
DISABLE_FUSION = "disableDomainFuseOps"
KEEP_OLD_DUMP = "dumpdonotrecovery"
PATH = "path"

SWITCHES: tuple[Switch, ...] = (
    Switch(
        DUMP_TENSOR,
        Message("Write every tensor to sigma_outtensor_dump.bin. Without it the other dump switches do nothing."),
        Message("simulator, float and fixed; the calibrator obeys it too"),
        Message("on for a dump, off while calibrating"),
    ),
    Switch(
        ELIMINATE_GARBAGE,
        Message("Leave out what the hardware pads rows and blocks with, so that the data fits the tensor's shape."),
        Message("simulator, together with dumpTensor; float models do not change"),
        Message("on, always"),
    ),
    Switch(
        DEQUANT_FIXED,
        Message("Write the values of a fixed model as floats (payload x scale) instead of integer codes."),
        Message("simulator, fixed models"),
        Message("on for comparisons, never without eliminateGarbage"),
    ),
    Switch(
        DUMP_AS_STRING,
        Message("Write text with six decimals instead of binary data: slower and several times larger."),
        Message("simulator"),
        Message("off for comparisons; on for the vendor's histogram.py, which reads nothing else"),
    ),
    Switch(
        DISABLE_FUSION,
        Message("Keep fused layers apart, so that each can be dumped."),
        Message("float-to-fixed conversion only: calibrate again; the simulator ignores it"),
        Message("on when the suspicious layer is missing in the fixed dump"),
    ),
    Switch(
        KEEP_OLD_DUMP,
        Message(
            "Keep a dump that is already there and number the new one (sigma_outtensor_dump_<n>.bin). The manual does "
            "not mention it."
        ),
        Message("simulator"),
        Message("off; use a folder of its own for every run"),
    ),
)
"""The switches in the order of the vendor's template."""

PATH_KEY = Switch(
    PATH,
    Message(
        "Folder for the dump. It must exist; empty or missing means the home folder. Relative paths start at the "
        "folder the simulator runs in; ~ and $NAME are not expanded; at most 122 bytes."
    ),
    Message("simulator"),
    Message("an absolute path, or . for the folder of the run"),
)

SWITCH_NAMES = tuple(switch.name for switch in SWITCHES)
LONGEST_PATH = 122
"""Bytes of an absolute path or of the home folder (manual)."""
DUMP_NAME = "sigma_outtensor_dump.bin"

_PATH = b"path="
_SWITCH_LINE = re.compile(
    rb"[ \t]*(?:#[# \t]*)?(?P<key>" + "|".join(SWITCH_NAMES).encode() + rb")[ \t]*", re.IGNORECASE
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
            return self if live else self._put(switch.encode(), lambda content: _switch_in(content) == switch)
        lines = [replace(line, content=b"#" + line.content) if i in live else line for i, line in enumerate(self.lines)]
        return DebugConfig(tuple(lines))

    def with_path(self, path: str) -> "DebugConfig":
        """The dump's folder set; other `path=` lines are switched off. Raises UsageError for control characters."""
        if any(ord(char) < 32 for char in path):
            raise UsageError(
                Message("a path with control characters: {path}", path=visible(path)),
                Message("give a folder name without them"),
            )
        wanted = _PATH + encode(path)
        places = [i for i, line in enumerate(self.lines) if line.content.startswith(_PATH)]
        if not places:
            return self._put(wanted, lambda content: bool(_PATH_LINE.fullmatch(content)))
        contents = {i: b"#" + self.lines[i].content for i in places} | {places[-1]: wanted}
        return self._changed(contents)

    def fix(self) -> "DebugConfig":
        r"""Written as every simulator reads it: `\n` endings, one at the end, our keys exact and without blanks.

        A key that was ignored for a blank or its case becomes what it was meant to be. Other lines stay.
        """
        data = self.render().removeprefix(BOM).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = with_final_newline(split_lines(data))
        return DebugConfig(tuple(replace(line, content=_fixed(line.content)) for line in lines))

    def _live(self, switch: str) -> set[int]:
        if switch not in SWITCH_NAMES:
            raise UsageError(
                Message("no switch {switch!r}", switch=visible(switch)), did_you_mean(switch, SWITCH_NAMES)
            )
        return {i for i, line in enumerate(self.lines) if line.content.startswith(switch.encode())}

    def _changed(self, contents: dict[int, bytes]) -> "DebugConfig":
        lines = [Line(contents[i]) if i in contents else line for i, line in enumerate(self.lines)]
        return DebugConfig(tuple(lines))

    def _put(self, content: bytes, meant: Callable[[bytes], bool]) -> "DebugConfig":
        """In place of the first line that is meant to be it, but is not read as it; else at the end."""
        for i, line in enumerate(self.lines):
            if meant(line.content):
                return self._changed({i: content})
        return DebugConfig((*with_final_newline(self.lines), Line(content)))


def _switch_in(content: bytes) -> str | None:
    found = _SWITCH_LINE.fullmatch(content)
    return _PROPER[found["key"].lower()] if found else None


def _fixed(content: bytes) -> bytes:
    if path := _PATH_LINE.fullmatch(content):
        return _PATH + path["value"]
    switch = _switch_in(content)
    return switch.encode() if switch and b"#" not in content else content


def parse(data: bytes) -> DebugConfig:
    """The document of a file's bytes; `parse(data).render() == data` for any bytes."""
    return DebugConfig(split_lines(data))


def load(path: Path) -> DebugConfig:
    """Read a DebugConfig.txt. Raises InputError when it can not be read, or is a dump, a model, a picture."""
    data = read_bytes(path)
    refuse_as(Message("a DebugConfig.txt"), path, data[:128])
    return parse(data)


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of switches. `key` names its folder under cfg/debugconfig; `note` says when to use it."""

    key: str
    title: str
    note: str
    switches: frozenset[str]


_DUMP = frozenset({DUMP_TENSOR, ELIMINATE_GARBAGE})

PRESETS: tuple[Preset, ...] = (
    Preset("float", Message("dump float"), Message("The benchmark: simulate the float model with it."), _DUMP),
    Preset(
        "fixed",
        Message("dump fixed for comparison"),
        Message("The sample: simulate the fixed model with it. Dequantized and without padding."),
        _DUMP | {DEQUANT_FIXED},
    ),
    Preset(
        "histogram",
        Message("dump for histogram (string)"),
        Message("Text for the vendor's histogram.py. Not for comparisons: six decimals, slow, large."),
        _DUMP | {DEQUANT_FIXED, DUMP_AS_STRING},
    ),
    Preset(
        "fixed-without-fusion",
        Message("fixed model without fusion"),
        Message("Calibrate with it first (the model itself changes), then simulate the fixed model with it."),
        _DUMP | {DEQUANT_FIXED, DISABLE_FUSION},
    ),
)


def apply(preset: Preset, document: DebugConfig) -> DebugConfig:
    """The document with the preset's switches; the path, dumpdonotrecovery and all other lines stay."""
    for name in SWITCH_NAMES:
        if name != KEEP_OLD_DUMP:
            document = document.with_switch(name, name in preset.switches)
    return document


def template(preset: Preset) -> bytes:
    """The file to copy: comments, every key in the vendor's order, the dump beside it.

    `path=` is not the last line: an editor that drops the final newline would cut the path.
    """
    head = [
        f"# DebugConfig.txt: {preset.title}.",
        f"# {preset.note}",
        "# Copy it to the folder the simulator is started in. One key a line, in the first column, without",
        "# blanks; a # in front switches it off. Keep LF line ends and the newline at the end.",
    ]
    keys = [name if name in preset.switches else f"#{name}" for name in SWITCH_NAMES]
    keys.insert(keys.index(f"#{KEEP_OLD_DUMP}"), "path=.")
    return "".join(f"{line}\n" for line in [*head, *keys]).encode()
