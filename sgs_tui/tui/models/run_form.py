"""What to run: the fields of the form, which of them count, and what is still missing."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sgs_tui.tui.lines import Tone
from sgs_tui.tui.widgets.table import Cell, Column

SDK, EMBEDDED = "sdk", "onnxruntime"
BOTH, FLOAT, FIXED = "both", "float", "fixed"


@dataclass(frozen=True, slots=True)
class Field:
    """A line of the form. `choices`: the values there are; `simulators`: where it counts; `kind`: what is typed."""

    key: str
    label: str
    note: str
    choices: tuple[str, ...] = ()
    simulators: tuple[str, ...] = (SDK, EMBEDDED)
    is_path: bool = True


FIELDS = (
    Field("simulator", "simulator", "sdk: the vendor's. onnxruntime: quantised here, no SDK needed", (SDK, EMBEDDED)),
    Field("stage", "stages", "both, or one alone", (BOTH, FLOAT, FIXED), (SDK,)),
    Field("float", "float model", "*_float.sim or *_cmodel_float.sim", simulators=(SDK,)),
    Field("fixed", "fixed model", "*_fixed.sim", simulators=(SDK,)),
    Field("model", "ONNX model", "the model that is quantised here", simulators=(EMBEDDED,)),
    Field("image", "image", "an image, a list file or a folder; one pair of runs an image"),
    Field("calibrate", "calibration", "images to calibrate with, about 30: a folder or a list", simulators=(EMBEDDED,)),
    Field("preprocess", "preprocess", "preprocess script; one an input, commas between"),
    Field("int16", "16 bit", "names of tensors that get 16 bits, commas between", (), (EMBEDDED,), is_path=False),
    Field("sdk", "SDK folder", "holds cfg_env.sh; empty: SGS_IPU_DIR", simulators=(SDK,)),
    Field("python", "SDK python", "interpreter for the SDK's scripts", simulators=(SDK,), is_path=False),
)
BY_KEY = {each.key: each for each in FIELDS}
FORM_COLUMNS = (Column("label", "", 12), Column("value", "value", least=20), Column("problem", "", 22, prose=True))
_DEFAULTS = {"simulator": SDK, "stage": BOTH, "python": "python3"}


@dataclass(frozen=True, slots=True)
class RunForm:
    """The fields' values as they were typed."""

    values: Mapping[str, str] = field(default_factory=dict)

    def value(self, key: str) -> str:
        """A field's value, or its default."""
        return self.values.get(key) or _DEFAULTS.get(key, "")

    def with_value(self, key: str, text: str) -> "RunForm":
        """One field changed."""
        return RunForm({**self.values, key: text.strip()})

    def turned(self, key: str) -> "RunForm":
        """The next choice of a field that has choices."""
        choices = BY_KEY[key].choices
        return self.with_value(key, choices[(choices.index(self.value(key)) + 1) % len(choices)])

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields that count."""
        stages = {"float": self.value("stage") != FIXED, "fixed": self.value("stage") != FLOAT}
        simulator = self.value("simulator")
        return tuple(each for each in FIELDS if simulator in each.simulators and stages.get(each.key, True))

    def problem(self, key: str) -> str:
        """Why a field keeps the run from starting, or nothing."""
        value = self.value(key)
        if not value:
            return "" if key in self._optional else "needed"
        if not BY_KEY[key].is_path or BY_KEY[key].choices:
            return ""
        missing = [part for part in value.split(",") if part and not _is_there(part, key)]
        return "no such file" if missing else ""

    @property
    def problems(self) -> tuple[str, ...]:
        """What is missing, by the fields' names."""
        found = ((each.label, self.problem(each.key)) for each in self.fields)
        return tuple(f"{label}: {problem}" for label, problem in found if problem)

    @property
    def _optional(self) -> set[str]:
        embedded = self.value("simulator") == EMBEDDED
        named = {"sdk"} if os.environ.get("SGS_IPU_DIR") else set()
        return {"preprocess", "int16", *named, *(("image",) if embedded else ())}


def form_of(values: Mapping[str, str]) -> RunForm:
    """A form from remembered values; unknown fields and choices are passed over."""
    kept = {key: value for key, value in values.items() if key in BY_KEY}
    return RunForm({k: v for k, v in kept.items() if not BY_KEY[k].choices or v in BY_KEY[k].choices})


def _is_there(text: str, key: str) -> bool:
    """A preprocess may also be the name of one of the SDK's own; an image may be `FOLDER:LIST`."""
    if key == "preprocess" and "/" not in text and not text.endswith(".py"):
        return True
    path = Path(text.strip()).expanduser()
    return path.exists() or (key == "image" and ":" in text)


class FormRows:
    """The form as table rows."""

    def __init__(self, form: RunForm) -> None:
        self.form, self.fields = form, form.fields

    def __len__(self) -> int:
        return len(self.fields)

    def row_tone(self, row: int) -> Tone:
        """No row stands out."""
        return ""

    def cell(self, row: int, column: str) -> Cell:
        """Label, value, what is wrong with it."""
        one = self.fields[row]
        if column == "label":
            return Cell(one.label, "strong")
        if column == "problem":
            problem = self.form.problem(one.key)
            return Cell(f"! {problem}" if problem else "", "warn")
        value = self.form.value(one.key)
        if one.choices:
            return Cell("  ".join(f"[{choice}]" if choice == value else f" {choice} " for choice in one.choices), "key")
        return Cell(value)
