"""Every action and every pane of the app, once: bindings, footer, `?` and the palette are generated from this table.

Its words are messages (language.py): the table has their English; `said`, `short` and `about` give them in the user's
language.

An action's `id` is what users rebind in settings.toml. Its first half names the group: `app` acts everywhere,
`move` in every list, `walk` wherever a layer is looked at, the others in the pane of that name. Every action
has a plain key; none needs alt, shift+enter or a key that a terminal multiplexer takes (ctrl+a, ctrl+b, ctrl+s)
or the wire knows as another (ctrl+i, ctrl+j, ctrl+m, ctrl+h).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from textual.binding import Binding, BindingType

from sgs_tui.language import Message, _, key_word, shown
from sgs_tui.tui.text import BLANK, Line, Span, flow, hanging, paragraph

_SHOWN = {"pagedown": "pgdn", "pageup": "pgup", "escape": "esc", "backspace": "bksp"}
DO = "do"
"""The `call` of what no widget does but a controller: its method that is marked `@does(id)`."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that the user can do. `footer`: 0 = not in the footer, else the smaller the further left."""

    id: str
    keys: str
    label: str
    description: str
    footer: int = 0
    call: str = ""

    @property
    def group(self) -> str:
        return self.id.partition(".")[0]

    @property
    def method(self) -> str:
        """The Textual action that does it: `layers.next-failing` calls `action_next_failing` unless `call` says."""
        if self.call == DO:
            return f"screen.do('{self.id}')"
        return self.call or self.id.partition(".")[2].replace("-", "_")

    @property
    def said(self) -> str:
        """The label in the user's language."""
        return key_word(self.label)

    @property
    def about(self) -> str:
        """The description in the user's language."""
        return _(self.description)

    def binding(self) -> Binding:
        return Binding(self.keys, self.method, self.description, show=False, id=self.id)


@dataclass(frozen=True, slots=True)
class PaneEntry:
    """A pane: its id and action group, the key that goes to it, its title, and a shorter one for the tab line."""

    name: str
    key: str
    title: str
    description: str
    tab: str = ""

    @property
    def said(self) -> str:
        """The title in the user's language."""
        return _(self.title)

    @property
    def short(self) -> str:
        """The title of the tab in the user's language."""
        return _(self.tab or self.title)

    def action(self) -> Action:
        """Going there."""
        return Action(f"app.{self.name}", self.key, self.title, self.description, call=f"pane('{self.name}')")


PANES = (
    PaneEntry("layers", "1", "Layers", "Go to the layer table"),
    PaneEntry("histogram", "2", "Histogram", "Go to the histogram and the channels", "Hist"),
    PaneEntry("dumps", "3", "Dumps", "Go to the dump browser"),
    PaneEntry("debugconfig", "4", "DebugConfig", "Go to the DebugConfig.txt editor", "Config"),
    PaneEntry("log", "5", "Log", "Go to the log"),
    PaneEntry("triage", "6", "Triage", "Go to the diagnosis: which layer, why, what to do"),
    PaneEntry("runs", "7", "Runs", "Go to the runs: start, watch, compare"),
    PaneEntry("pictures", "8", "Pictures", "Go to the pictures of a sweep: which fail, where, why", "Pics"),
    PaneEntry("network", "9", "Network", "Go to the network: the layer, who makes what it reads, who reads it", "Net"),
    PaneEntry("details", "d", "Details", "Go to the details of the layer", "Detail"),
)
"""Every pane, in the order of tabs. The class is in the folder of that name, its place on the screen in screen.py."""

ACTIONS: tuple[Action, ...] = (
    Action("app.help", "?,f1", "help", "Keys and meanings of this pane, then of all", 90),
    Action("app.quit", "q,ctrl+q", "quit", "Quit", 91),
    Action("app.palette", ":,ctrl+p", "command", "Find any action by name", 80),
    *(pane.action() for pane in PANES),
    Action("app.next-pane", "tab,>", "next pane", "Next pane", 70),
    Action("app.previous-pane", "shift+tab,<", "previous pane", "Previous pane"),
    Action("app.fill", "f", "fill", "This pane on the whole screen, and back", 75),
    Action(
        "app.side-narrower", "(", "narrower", "The left column narrower (from 120 columns)", call="split('side', -4)"
    ),
    Action("app.side-wider", ")", "wider", "The left column wider", call="split('side', 4)"),
    Action(
        "app.lower-flatter",
        "{",
        "flatter",
        "Histogram and details flatter, the table higher",
        call="split('lower', -2)",
    ),
    Action("app.lower-higher", "}", "higher", "Histogram and details higher", call="split('lower', 2)"),
    Action("app.profile", "p", "profile", "Judge by the next threshold profile", call=DO),
    Action("app.reload", "R", "reload", "Read both dumps again and compare them again", call=DO),
    Action("app.stop", "X", "stop", "Stop comparing or looking for the cause; the rows that are there stay", 0, DO),
    Action("app.theme", "T", "theme", "Next theme: dark, light, the terminal's own colors", call="app.next_theme"),
    Action("app.repaint", "=,ctrl+l", "repaint", "Paint the screen again", call="app.repaint"),
    Action("app.suspend", "&,ctrl+z", "suspend", "Back to the shell; fg returns", call="app.suspend_process"),
    Action("app.export", "E", "export", "Write what is seen: CSV, Markdown, HTML, SVG, PNG", call=DO),
    Action("app.copy", "y", "copy", "Copy the cell or value under the cursor", call=DO),
    Action("app.copy-row", "Y", "copy row", "Copy the whole row", call=DO),
    Action("app.interrupt", "ctrl+c", "interrupt", "Stop the comparison; pressed again: quit"),
    Action("move.down", "j,down", "down", "Down"),
    Action("move.up", "k,up", "up", "Up"),
    Action("move.left", "h,left", "left", "Column to the left"),
    Action("move.right", "l,right", "right", "Column to the right"),
    Action("move.page-down", "J,pagedown,ctrl+f,ctrl+d", "page down", "A page down"),
    Action("move.page-up", "K,pageup,ctrl+u", "page up", "A page up"),
    Action("move.top", "g,home", "top", "First row"),
    Action("move.bottom", "G,end", "bottom", "Last row"),
    Action("walk.next-failing", "n", "next fail", "Next failing layer, or the one that the verdict names", 1, call=DO),
    Action(
        "walk.previous-failing",
        "N",
        "previous fail",
        "Previous failing layer, or the one that the verdict names",
        call=DO,
    ),
    Action("walk.go-to", "#", "go to", "Go to a layer by its number or a part of its name", call=DO),
    Action("walk.mark", "i", "mark", "Mark the layer for INT16, and again not", 9, call=DO),
    Action("walk.int16", "I", "INT16", "INT16 advice, marks, and the change of input_config.ini", 8, call=DO),
    Action("walk.baseline", "B", "baseline", "Better or worse than an earlier comparison, layer by layer", 11, call=DO),
    Action("walk.keep-baseline", "M", "keep", "Keep this comparison as the baseline of the next one", call=DO),
    Action("walk.iterate", "A", "requantize", "Requantize with the INT16 set, dump, compare with before", 10, call=DO),
    Action("inside.scatter", "v", "scatter", "Benchmark against sample, element by element", 14, DO),
    Action("inside.map", "m", "feature map", "A channel's benchmark, sample and error as pictures", 15, DO),
    Action("inside.heat", "e", "heat map", "Every channel of every layer by its error; n: the next hot one", 16, DO),
    Action("pair.swap", "x", "swap", "Swap sample and benchmark", 5, call=DO),
    Action("walk.note", "C", "note", "Write down a note on the layer", 12, call=DO),
    Action("walk.journal", "H", "journal", "The journal: notes, what was tried, what it did", 13, call=DO),
    Action("layers.open", "enter,O", "details", "Details of the layer", 2),
    Action("layers.filter", "/", "filter", "Filter: words, !not, op:conv, verdict:fail, marked, rmse>0.1", 3),
    Action("layers.clear-filter", "escape,0", "clear filter", "Show all layers again"),
    Action("layers.sort", "s", "sort", "Sort by the column under the cursor; again: the other way", 4),
    Action("layers.also-sort", ";", "then by", "Sort by this column too, where those before it are equal"),
    Action("layers.reverse", "S", "reverse", "Turn the order round"),
    Action("layers.network-order", "o", "network order", "Back to the order of the network"),
    Action("layers.columns", "c", "columns", "Choose, widen and move columns", 5, call=DO),
    Action("layers.count", "F", "count", "How often each value of this column is there", call=DO),
    Action("layers.copy-table", "V", "copy table", "Copy the table as filtered and sorted, headings first", call=DO),
    Action("layers.wide", "w", "wide", "Names in full width, and back"),
    Action("layers.recovered", "r", "recovered", "Figures with the stored order undone, and back to the file's"),
    Action("layers.unmatched", "u", "unmatched", "Outputs that were not compared, and why", call=DO),
    Action("histogram.previous-layer", "k,up", "previous layer", "Layer above", call=DO),
    Action("histogram.next-layer", "j,down", "next layer", "Layer below", 5, call=DO),
    Action("histogram.log", "L", "log", "Counts on a logarithmic scale, and back", 3),
    Action("histogram.error", "D", "error", "Distribution of the error, and back to both sides", 2),
    Action("histogram.overlay", "o", "overlay", "Both sides in one picture, and back", 3),
    Action("histogram.zoom", "z", "zoom", "Narrow to the middle 99.9, 99, 95 % of the values, and back", 4),
    Action("histogram.worse-channel", "h,left", "worse channel", "The next worse channel"),
    Action("histogram.better-channel", "l,right", "channel", "One channel, by its share of the error", 6),
    Action("histogram.all-channels", "a,escape", "all channels", "All channels together again"),
    Action("dumps.open", "enter,v", "open", "Open folder, records, values; use a calibration file", 1),
    Action("dumps.back", "escape,U,backspace", "back", "Back to the files, then to the folder above"),
    Action("dumps.sample", "s", "sample", "Take this dump as the sample (what is judged)", 2),
    Action("dumps.benchmark", "b", "benchmark", "Take this dump as the benchmark (the reference)", 3),
    Action("dumps.original", "o", "original", "Take this dump as the original: is conversion to blame?", 5),
    Action("dumps.undo", "u", "undo", "Back to the dumps that were compared before", 6, call=DO),
    Action("dumps.stage", "t", "stage", "Correct the stage that was guessed", 4),
    Action("dumps.rescan", "r", "rescan", "Read the folder again"),
    Action("debugconfig.change", "space,enter,v", "change", "Switch on or off; edit the path", 1),
    Action("debugconfig.save", "w", "save", "Save, after a look at what changes; the old file is kept", 2),
    Action("debugconfig.preset", "a", "preset", "Apply a preset: float, fixed, histogram, without fusion", 3, call=DO),
    Action("debugconfig.mend", "m", "fix", "Fix line ends, blanks, case and the missing last newline", 4, "fix"),
    Action("debugconfig.undo", "u", "undo", "Back to the file on disk", 5),
    Action("debugconfig.open", "o", "open", "Edit another DebugConfig.txt", 6, call=DO),
    Action("debugconfig.editor", "e", "$EDITOR", "Edit the file in $EDITOR", 7, call=DO),
    Action("triage.open", "enter,O", "to layer", "Go to the layer that the finding names first", 1),
    Action("triage.next-layer", "o", "next layer", "Put the layer table on the next layer of the finding", 2),
    Action("triage.recovered", "r", "recovered", "Figures of layers whose stored order was undone", 3, call=DO),
    Action("runs.run", "r", "run", "Run both stages in the background, as the form says", 1, call=DO),
    Action("runs.edit", "e", "what to run", "Say what to run: models, image, preprocess", 2, call=DO),
    Action("runs.compare", "c", "compare newest", "Compare the newest pair of dumps", 3),
    Action("runs.open", "enter,v", "open", "Compare what this run dumped with its newest counterpart", 4),
    Action("runs.sample", "s", "sample", "Take the run's dump as the sample (what is judged)", 6),
    Action("runs.benchmark", "b", "benchmark", "Take the run's dump as the benchmark (the reference)", 7),
    Action("runs.undo", "u", "undo", "Back to the dumps compared before a run's were", 9, call=DO),
    Action("runs.cancel", "x", "cancel", "Cancel the run, after a question", 5, call=DO),
    Action("runs.delete", "D,delete", "delete", "Delete the run with its dump and log, after a question", 8, call=DO),
    Action("pictures.open", "enter,v", "compare", "Compare this picture; the twin makes its dumps if need be", 1, DO),
    Action(
        "pictures.sweep", "r", "sweep", "Sweep over pictures, in the background: twin, dumps, ONNX, SDK", 2, call=DO
    ),
    Action("pictures.undo", "u", "undo", "Back to the dumps compared before the picture's were", 6, call=DO),
    Action("pictures.cancel", "s", "stop", "Stop the sweep, after a question; what is finished is kept", 3, call=DO),
    Action("pictures.resume", "c", "go on", "Go on with the sweep on the screen where it stopped", 4, call=DO),
    Action("pictures.findings", "e", "findings", "What the set shows: who clips, what they have in common", 5, DO),
    Action("network.producer", "h,left", "producer", "Along the edge to a producer, one that brings an error first", 1),
    Action("network.consumer", "l,right", "consumer", "Along the edge to a consumer", 2),
    Action("network.above", "k,up", "above", "The tensor above; in the middle: the one before it in the network"),
    Action("network.below", "j,down", "below", "The tensor below; in the middle: the one behind it in the network"),
    Action("network.center", "c,space", "center", "Put the tensor under the cursor in the middle", 3),
    Action("network.open", "enter,o", "to layer", "Go to the layer in the table", 4),
    Action("typing.keep", "enter", "keep", "Take what was typed", 1, call="submit"),
    Action("typing.drop", "escape", "cancel", "Leave it as it was", 2, call="cancel"),
    Action("path.complete", "tab", "files", "Complete the path as far as it is certain, and show what goes on", 3),
    Action("help.search", "/", "search", "Only the lines that have these words", 1),
    Action("help.beside", "b", "beside", "Keep help open beside the panes (from 120 columns)", 2),
    Action("dialog.close", "escape,q", "close", "Close", 90),
    Action("chooser.choose", "enter", "do it", "Do what is under the cursor", 1),
    Action("confirm.yes", "enter,y", "yes", "Do it", 1),
    Action("runform.change", "space,enter,v", "type", "Type the value, or take the next choice", 1),
    Action("runform.complete", "tab,t", "files", "Type a path and show which files there are", 4),
    Action("runform.next-choice", "right,l", "next choice", "The next choice of the field", 1),
    Action("runform.previous-choice", "left,h", "choice before", "The choice before", 2),
    Action("runform.clear", "x", "clear", "Empty the field", 2),
    Action("runform.run", "r", "run", "Start it in the background", 3),
    Action("leave.save", "w,enter", "save, then go", "Save as shown, then go on; the old file is kept", 1),
    Action("leave.lose", "d", "go without", "Go on; the changes are lost", 2),
    Action("int16.choose", "i,space,enter,v", "in/out", "This tensor in INT16, or not", 1),
    Action(
        "int16.write", "w", "write", "Write input_config.ini, after a look at what changes; the old file is kept", 2
    ),
    Action("int16.iterate", "A", "requantize", "Requantize with this set, dump, compare with before", 3, DO),
    Action("int16.file", "o", "file", "Change another input_config.ini", 4, DO),
    Action("baseline.open", "enter,v", "to layer", "Back to the table, the cursor on this layer", 1),
    Action("baseline.run", "r", "run", "Hold it against an earlier run", 2, DO),
    Action(
        "baseline.file", "o", "file", "Hold it against another file (compare --format json), or a run's folder", 3, DO
    ),
    Action("baseline.keep", "M", "keep this", "Take the comparison on the screen as the baseline", 4, DO),
    Action("journal.add", "a", "add a line", "Add a line about the dump or run as a whole", 1),
    Action("map.next-channel", "n,]", "next channel", "The channel with the next smaller share of the error", 1),
    Action("map.previous-channel", "N,[", "previous channel", "The channel with the next larger share", 2),
    Action("map.down", "j,down", "down", "The pixel below"),
    Action("map.up", "k,up", "up", "The pixel above"),
    Action("map.left", "h,left", "left", "The pixel to the left"),
    Action("map.right", "l,right", "right", "The pixel to the right"),
    Action("heat.next-hot", "n", "next hot", "The hottest channel, then the next", 1),
    Action("heat.open", "enter,o", "to layer", "Go to the layer of the cell", 2),
    Action("heat.down", "j,down", "down", "The next layer's channels"),
    Action("heat.up", "k,up", "up", "The layer before it"),
    Action("heat.left", "h,left", "left", "Channels to the left"),
    Action("heat.right", "l,right", "right", "Channels to the right"),
    Action("columns.show", "space,enter,v", "show/hide", "Show or hide the column", 1),
    Action("columns.wider", "+", "wider", "Two cells wider", 2),
    Action("columns.narrower", "-", "narrower", "Two cells narrower", 3),
    Action("columns.earlier", "u,[", "move up", "Further to the left", 4),
    Action("columns.later", "d,]", "move down", "Further to the right", 5),
    Action("columns.reset", "r", "reset", "The columns of a first start", 6),
)
BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}
GROUP_TITLES = {
    "app": Message("Everywhere"),
    "move": Message("In lists"),
    "walk": Message("Where a layer is shown"),
    "inside": Message("Inside the layer"),
    "pair": Message("Everywhere but in the runs"),
    **{pane.name: Message(pane.title) for pane in PANES},
    "runform": Message("What to run"),
    "leave": Message("Unsaved changes"),
    "int16": Message("INT16"),
    "baseline": Message("Baseline"),
    "journal": Message("Journal"),
    "map": Message("Feature map"),
    "heat": Message("Heat map"),
    "columns": Message("Column picker"),
    "help": Message("Help"),
    "typing": Message("While typing"),
    "path": Message("While typing a path"),
    "dialog": Message("Windows"),
}


@cache
def group(name: str) -> tuple[Action, ...]:
    """The actions of one group, in table order."""
    return tuple(action for action in ACTIONS if action.group == name)


def bindings(*names: str) -> list[BindingType]:
    """Textual bindings of these groups."""
    return [action.binding() for name in names for action in group(name)]


def key_label(key: str) -> str:
    """A key as people read it: `esc`, `?`, `^q`, `g`."""
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+")
    return _SHOWN.get(key, key)


def shown_keys(action: Action, keymap: dict[str, str]) -> tuple[str, ...]:
    """The keys of an action as people read them, the user's own where there are any."""
    return tuple(key_label(key.strip()) for key in keymap.get(action.id, action.keys).split(","))


_KEYS = 16


def help_lines(
    title: str, about: Iterable[Line], groups: Sequence[str], keymap: dict[str, str], width: int
) -> list[Line]:
    """The text of `?`: keys of the pane, what it says about itself, then every other key."""
    lines: list[Line] = [(Span(_("{title}: keys of this pane", title=title), "strong"),)]
    for name in groups:
        lines += _keys(group(name), keymap, width)
    about = list(about)
    if about:
        lines += [BLANK, (Span(_("What is shown"), "strong"),), *(row for each in about for row in flow(each, width))]
    for name, heading in GROUP_TITLES.items():
        if name not in groups and group(name):
            lines += [BLANK, (Span(shown(heading), "strong"),), *_keys(group(name), keymap, width)]
    example = f'[keys] "{ACTIONS[0].id}" = "f1"'
    text = _("Keys can be changed in settings.toml: {example}. The ids are in the palette (:).", example=example)
    return [*lines, BLANK, *paragraph(text, width, "muted")]


def _keys(actions: Sequence[Action], keymap: dict[str, str], width: int) -> list[Line]:
    lines: list[Line] = []
    for action in actions:
        keys = " ".join(shown_keys(action, keymap))
        lines += hanging((Span(f"  {keys:{_KEYS}}", "key"), Span(" ")), action.about, width)
    return lines
