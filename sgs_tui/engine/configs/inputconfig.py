"""input_config.ini as both of its readers see it: the C library iniparser and Python's configparser."""

from collections.abc import Mapping
from configparser import Error, RawConfigParser
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from sgs_tui.engine.configs.iniparser import Entry, Kind, entries, lower
from sgs_tui.engine.configs.reading import read_bytes
from sgs_tui.engine.configs.textlines import Line, join_lines, split_lines
from sgs_tui.engine.text import decode

INPUT_SECTION = "input_config"
OUTPUT_SECTION = "output_config"
CONV_SECTION = "conv_config"
TENSOR_ARRAYS = "tensor_arrays"
INPUT_FORMAT = "input_format"


@dataclass(frozen=True, slots=True)
class PythonView:
    """What configparser makes of the file: raw values by (section, key) in lower case, or why it stops."""

    values: Mapping[tuple[str, str], str]
    error: str = ""

    def get(self, section: str, key: str) -> str | None:
        """A value as Python has it: with quotes, `;` and comments."""
        return self.values.get((lower(section), lower(key)))


@dataclass(frozen=True, slots=True)
class InputConfig:
    """The lines of an input_config.ini. The properties are what the vendor's C tools read."""

    lines: tuple[Line, ...] = ()

    def render(self) -> bytes:
        """The file's bytes."""
        return join_lines(self.lines)

    def entries(self) -> tuple[Entry, ...]:
        """Its logical lines by iniparser's rules."""
        return tuple(entries(self.lines))

    def setting(self, section: str, key: str) -> Entry | None:
        """The line that sets a key: the last one. Upper and lower case are the same."""
        found = [e for e in self.entries() if (e.kind, e.section, e.key) == (Kind.VALUE, lower(section), lower(key))]
        return found[-1] if found else None

    def value(self, section: str, key: str) -> str | None:
        """A value by iniparser's rules, without its quotes."""
        entry = self.setting(section, key)
        return entry.value if entry else None

    @property
    def inputs(self) -> tuple[str, ...]:
        """The network's inputs."""
        return split_names(self.value(INPUT_SECTION, "inputs"))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The network's outputs."""
        return split_names(self.value(OUTPUT_SECTION, "outputs"))

    @property
    def tensor_arrays(self) -> tuple[str, ...]:
        """The convolution inputs chosen for INT16, each as a prefix; a blank is part of its name."""
        return split_names(self.value(CONV_SECTION, TENSOR_ARRAYS))

    @property
    def input_format(self) -> str | None:
        """The global choice (ALL_UINT8, ALL_INT16, CONV2D_INT16, DEPTHWISE_INT16), None without one."""
        return self.value(CONV_SECTION, INPUT_FORMAT)

    def python_view(self) -> PythonView:
        """The same file as the vendor's Python scripts read it."""
        parser = RawConfigParser()
        try:
            parser.read_file(StringIO(decode(self.render()), newline=None), "input_config.ini")
        except Error as error:
            return PythonView({}, str(error).splitlines()[0])
        return PythonView(
            {(lower(section), key): value for section in parser.sections() for key, value in parser.items(section)}
        )


def split_names(value: str | None) -> tuple[str, ...]:
    """A list at its commas, nothing stripped: the vendor's tools strip nothing either."""
    return tuple(value.split(",")) if value else ()


def parse(data: bytes) -> InputConfig:
    """The document of a file's bytes; `parse(data).render() == data` for any bytes."""
    return InputConfig(split_lines(data))


def load(path: Path) -> InputConfig:
    """Read an input_config.ini. Raises InputError when it can not be read."""
    return parse(read_bytes(path))
