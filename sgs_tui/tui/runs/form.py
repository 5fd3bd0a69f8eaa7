"""What to run: the fields of the form, which of them count, what is still missing, and the window that asks."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from textual import on
from textual.message import Message
from textual.widget import Widget

from sgs_tui.engine.backends.sdk_install import SdkWish, configured
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.files import at_home
from sgs_tui.language import _, joined, shown
from sgs_tui.tui.actions import Action, bindings, group
from sgs_tui.tui.frame.dialogs import Dialog
from sgs_tui.tui.text import BLANK, Line, paragraph
from sgs_tui.tui.widgets.bars import KeyBar
from sgs_tui.tui.widgets.prompt import PathPrompt, Prompt
from sgs_tui.tui.widgets.table import Cell, Column, ListTable, Table
from sgs_tui.tui.widgets.text_view import TextView

SDK, EMBEDDED = "sdk", "onnxruntime"
BOTH, FLOAT, FIXED = "both", "float", "fixed"


@dataclass(frozen=True, slots=True)
class Field:
    """A line of the form. `choices`: the values there are; `simulators`: where it counts.

    `embedded`: its note where the models are quantized here.
    """

    key: str
    label: str
    note: str
    choices: tuple[str, ...] = ()
    simulators: tuple[str, ...] = (SDK, EMBEDDED)
    is_path: bool = True
    embedded: str = ""

    def hint(self, simulator: str) -> str:
        """What is typed into it, true for that simulator."""
        return self.embedded if self.embedded and simulator == EMBEDDED else self.note


_FIELDS = (
    Field(
        "simulator",
        "simulator",
        "sdk: the vendor's. onnxruntime: quantized here, no SDK needed",
        (SDK, EMBEDDED),
    ),
    Field("stage", "stages", "both, or one alone", (BOTH, FLOAT, FIXED), (SDK,)),
    Field("float", "float model", "*_float.sim or *_cmodel_float.sim", simulators=(SDK,)),
    Field("fixed", "fixed model", "*_fixed.sim", simulators=(SDK,)),
    Field("model", "ONNX model", "the model that is quantized here", simulators=(EMBEDDED,)),
    Field(
        "image",
        "image",
        "an image, a list file or a folder; one pair of runs an image",
        embedded="the one image (or .npy) that both stages run on; empty: the first to calibrate with",
    ),
    Field(
        "calibrate",
        "calibration",
        "images to calibrate with, about 30: a folder or a list",
        simulators=(EMBEDDED,),
    ),
    Field("preprocess", "preprocess", "preprocess script; one an input, commas between"),
    Field("int16", "INT16", "names of tensors that get INT16, commas between", (), (EMBEDDED,), is_path=False),
    Field("shape", "open shapes", "of inputs: NAME=1,3,224,224; several with blanks", (), (EMBEDDED,), is_path=False),
    Field("sdk", "SDK folder", "holds cfg_env.sh; empty: settings, SGS_IPU_DIR", simulators=(SDK,)),
    Field(
        "via",
        "SDK via",
        "its container or host: docker exec -i NAME, ssh HOST",
        (),
        (SDK,),
        is_path=False,
    ),
    Field("chip", "chip", "for SDKs whose tools take --soc_version", simulators=(SDK,), is_path=False),
    Field("python", "SDK python", "interpreter for the SDK's scripts", simulators=(SDK,), is_path=False),
)
_BY_KEY = {each.key: each for each in _FIELDS}
_DEFAULTS = {"stage": BOTH, "python": "python3"}


@dataclass(frozen=True, slots=True)
class RunForm:
    """The fields' values as they were typed."""

    values: Mapping[str, str] = field(default_factory=dict)

    def value(self, key: str) -> str:
        if key == "simulator" and not self.values.get(key):
            typed = any(self.values.get(each) for each in ("sdk", "via", "float", "fixed"))
            return SDK if typed or _sdk_is_known() else EMBEDDED
        return self.values.get(key) or _DEFAULTS.get(key, "")

    def with_value(self, key: str, text: str) -> "RunForm":
        return RunForm({**self.values, key: text.strip()})

    def turned(self, key: str, step: int = 1) -> "RunForm":
        """Another choice of a field that has choices, the next one or the one before."""
        choices = _BY_KEY[key].choices
        return self.with_value(key, choices[(choices.index(self.value(key)) + step) % len(choices)])

    @property
    def fields(self) -> tuple[Field, ...]:
        stages = {"float": self.value("stage") != FIXED, "fixed": self.value("stage") != FLOAT}
        simulator = self.value("simulator")
        return tuple(each for each in _FIELDS if simulator in each.simulators and stages.get(each.key, True))

    def problem(self, key: str) -> str:
        """Why a field keeps the run from starting, or nothing."""
        value = self.value(key)
        if not value:
            return "" if key in self._optional else _("needed")
        there = key == "sdk" and (self.value("via") or _configured().via)
        if not _BY_KEY[key].is_path or _BY_KEY[key].choices or there:
            return ""
        missing = [part for part in value.split(",") if part and not _is_there(part, key)]
        return _("no such file") if missing else ""

    @property
    def problems(self) -> tuple[str, ...]:
        """What is missing, by the fields' names."""
        found = ((_(each.label), self.problem(each.key)) for each in self.fields)
        return tuple(_("{name}: {text}", name=label, text=problem) for label, problem in found if problem)

    @property
    def _optional(self) -> set[str]:
        embedded = self.value("simulator") == EMBEDDED
        known = self.value("via") or _sdk_is_known()
        always = {"preprocess", "int16", "shape", "via", "chip"}
        return {*always, *(("sdk",) if known else ()), *(("image",) if embedded else ())}


def _sdk_is_known() -> bool:
    """Whether the environment or the settings name an SDK."""
    settings = _configured()
    return bool(os.environ.get("SGS_IPU_DIR") or settings.via or settings.root)


def _configured() -> SdkWish:
    """What settings.toml says; nothing where it can not be read, which the start itself tells."""
    try:
        return configured()
    except InputError:
        return SdkWish()


def form_of(values: Mapping[str, str]) -> RunForm:
    """A form from remembered values; unknown fields and choices are passed over."""
    kept = {key: value for key, value in values.items() if key in _BY_KEY}
    return RunForm({k: v for k, v in kept.items() if not _BY_KEY[k].choices or v in _BY_KEY[k].choices})


def _is_there(text: str, key: str) -> bool:
    """A preprocess may also be the name of one of the SDK's own; an image may be `FOLDER:LIST`."""
    if key == "preprocess" and "/" not in text and not text.endswith(".py"):
        return True
    path = at_home(text.strip())
    return path.exists() or (key == "image" and ":" in text)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a form could not be started, and what to do; `form` is the one it is about."""

    form: RunForm
    text: str
    hint: str = ""

    @property
    def key(self) -> str:
        """The field whose value the reason names, the longest where several are; else nothing."""
        return self._blamed[0]

    @property
    def _blamed(self) -> tuple[str, str]:
        """That field, and what of its value the reason has: all that was typed, or the name of the file."""
        found = [(len(name), each.key, name) for each in self.form.fields for name in self._named(each)]
        return max(found, default=(0, "", ""))[1:]

    def _named(self, one: Field) -> list[str]:
        if one.choices:
            return []
        typed = [part.strip() for part in self.form.value(one.key).split(",")]
        names = {part for each in typed for part in (each, os.path.basename(each.rstrip("/")))}
        return [name for name in names if len(name) > 1 and name in self.text]

    def at(self, form: RunForm, key: str) -> str:
        """The reason in the column of problems, as long as nothing was changed: what is said of the field's value."""
        if form != self.form or not key or key != self.key:
            return ""
        return self.text.partition(self._blamed[1])[2].lstrip(" :,") or self.text


Examine = Callable[[RunForm, Callable[[tuple[str, ...]], None]], object]
Begin = Callable[[RunForm], object]


class FieldTable(ListTable[Field]):
    """The fields; left and right ask for another choice."""

    @dataclass
    class Turned(Message):
        """The next choice (1) or the one before (-1)."""

        step: int

    def action_left(self) -> None:
        self.post_message(self.Turned(-1))

    def action_right(self) -> None:
        self.post_message(self.Turned(1))


class RunFormDialog(Dialog[RunForm]):
    """Closing keeps what was typed."""

    BINDINGS = bindings("runform")
    GROUPS = ("runform", "dialog")

    def __init__(
        self,
        form: RunForm,
        switches: str,
        keymap: dict[str, str] | None = None,
        examine: Examine | None = None,
        begin: Begin | None = None,
        refusal: Refusal | None = None,
    ) -> None:
        """`examine` looks, in the background, at what a complete form says; `begin` starts it, the form staying open
        until that is known to have worked; `refusal`: why an earlier start did not."""
        super().__init__(_("What to run"), keymap)
        self.form, self._switches, self._examine, self._begin = form, switches, examine, begin
        self._refusal, self._starting = refusal, False
        self._told: tuple[RunForm, tuple[str, ...]] | None = None
        self.table = FieldTable(self._columns(), frozen=1)
        self.entry = PathPrompt()
        self.info = TextView(reads=False)

    def _columns(self) -> tuple[Column[Field], ...]:
        def value(field: Field) -> Cell:
            typed = self.form.value(field.key)
            if not field.choices:
                return Cell(typed)
            return Cell("  ".join(f"[{one}]" if one == typed else f" {one} " for one in field.choices), "key")

        def problem(field: Field) -> Cell:
            if self._refusal is not None and (refused := self._refusal.at(self.form, field.key)):
                return Cell(f"✗ {refused}", "fail")
            found = self.form.problem(field.key)
            return Cell(f"~ {found}" if found else "", "warn")

        return (
            Column("label", "", 12, cell=lambda field: Cell(_(field.label), "strong")),
            Column("value", "value", least=20, cell=value),
            Column("problem", "", 22, prose=True, cell=problem),
        )

    def body(self) -> Iterable[Widget]:
        return (self.table, self.entry, self.info)

    def on_mount(self) -> None:
        """The cursor goes to the first field that wants something."""
        self.entry.display = False
        self._show(self._first_wanting)
        self.table.focus()

    @property
    def _first_wanting(self) -> int:
        return next((n for n, each in enumerate(self.form.fields) if self._wants(each.key)), 0)

    def _wants(self, key: str) -> bool:
        refused = self._refusal is not None and bool(self._refusal.at(self.form, key))
        return refused or bool(self.form.problem(key))

    @property
    def prompt(self) -> PathPrompt | None:
        """The line while it is open: keys typed ahead are for it."""
        return self.entry if self.entry.display else None

    @property
    def field(self) -> Field:
        return self.form.fields[self.table.cursor]

    def _show(self, place: int) -> None:
        self.table.styles.height = len(self.form.fields) + 1
        self.table.fill(self.form.fields, place)
        self._explain()
        if self._examine is not None and not self.form.problems and (self._told is None or self._told[0] != self.form):
            self._examine(self.form, partial(self._take, self.form))

    def _take(self, form: RunForm, told: tuple[str, ...]) -> None:
        """What was found about a form, if it still is this one."""
        self._told = (form, told)
        if self.is_mounted and form == self.form:
            self._explain()

    @on(Table.Moved)
    def _explain(self) -> None:
        self.info.show(partial(self._info, ()))
        self.show_keys()

    def show_keys(self) -> None:
        """Those of the field under the cursor, or of the line that is being typed."""
        self.query_one(KeyBar).show(self.actions(), self._keymap)

    def actions(self) -> Sequence[Action]:
        """A choice is turned, anything else is typed; a path can be completed."""
        if self.entry.display:
            return [*group("typing"), *(group("path") if self.field.is_path else ())]
        other = ("change", "complete") if self.field.choices else ("next-choice", "previous-choice")
        unfit = {f"runform.{name}" for name in (*other, *(() if self.field.is_path else ("complete",)))}
        return [action for action in super().actions() if action.id not in unfit]

    def _info(self, names: tuple[str, ...], width: int) -> list[Line]:
        hint = self.field.hint(self.form.value("simulator"))
        lines = paragraph(_("{name}: {text}", name=_(self.field.label), text=_(hint)), width, "muted")
        if names:
            return lines + paragraph("  ".join(names), width, "key")
        lines += [BLANK, *paragraph(_("switches (pane 4): {switches}", switches=self._switches), width, "muted")]
        if problems := self.form.problems:
            return lines + paragraph(
                _("before it can start: {problems}", problems=joined(problems, "; ")), width, "warn"
            )
        if self._starting:
            return lines + paragraph(_("starting ..."), width, "muted")
        if self._refusal is not None and self._refusal.form == self.form:
            lines += paragraph(_("not started: {why}", why=self._refusal.text), width, "fail")
            return lines + paragraph(self._refusal.hint, width, "warn")
        if self._told is not None and self._told[0] == self.form:
            lines += [line for text in self._told[1] for line in paragraph(f"! {shown(text)}", width, "warn")]
        return lines + paragraph(_("r starts it in the background"), width, "good")

    # --- keys

    @on(Table.Activated)
    def action_change(self) -> None:
        if self.field.choices:
            self.action_next_choice()
            return
        self.entry.prefill(self.form.value(self.field.key))
        self.entry.display = True
        self.set_focus(self.entry)
        self.show_keys()

    def action_complete(self) -> None:
        """Open the line, and show which files there are."""
        if self.field.is_path and not self.field.choices:
            self.action_change()
            self.entry.action_complete()

    def action_next_choice(self) -> None:
        self._turn(1)

    def action_previous_choice(self) -> None:
        self._turn(-1)

    @on(FieldTable.Turned)
    def take_turn(self, event: FieldTable.Turned) -> None:
        self._turn(event.step)

    def _turn(self, step: int) -> None:
        if self.field.choices:
            self.form = self.form.turned(self.field.key, step)
            self._show(self.table.cursor)

    def action_clear(self) -> None:
        self.form = self.form.with_value(self.field.key, "")
        self._show(self.table.cursor)

    @on(PathPrompt.Several)
    def show_names(self, event: PathPrompt.Several) -> None:
        self.info.show(partial(self._info, event.names or (_("no file's name begins so"),)))

    @on(Prompt.Submitted)
    def keep(self, event: Prompt.Submitted) -> None:
        """That is the value; on to the next field."""
        self.form = self.form.with_value(self.field.key, event.value)
        self._end_edit(1)

    @on(Prompt.Cancelled)
    def drop(self) -> None:
        self._end_edit(0)

    def _end_edit(self, step: int) -> None:
        self.entry.display = False
        self.table.focus()
        self._show(self.table.cursor + step)

    def action_run(self) -> None:
        """Start; where something is missing, or it can not be started, the form stays on the field that is to blame."""
        if self.form.problems:
            self._show(self._first_wanting)
        elif self._begin is not None and not self._starting:
            self._starting = True
            self._explain()
            self._begin(self.form)

    def refuse(self, refusal: Refusal) -> None:
        """It could not be started."""
        self._starting, self._refusal = False, refusal
        self._show(self._first_wanting if refusal.key else self.table.cursor)

    def started(self) -> None:
        """It could."""
        self.dismiss(self.form)

    def action_close(self) -> None:
        self.dismiss(self.form)
