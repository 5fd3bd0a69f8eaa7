"""Backend `sdk`: dumps of SigmaStar models by the vendor's own simulator, one run an image.

Which options its simulator.py takes and requires is asked of it (sdk_ask.py). The older generation's passes the path of
the model through a shell without quotes, and refuses a model of the other kind than -t says; newer ones go by the model
itself. Every run of the tools empties `log/` of its working directory, where calibration put its
files: those that belong to a model are kept with the run before it starts.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sgs_tui.engine.backends.elsewhere import elsewhere
from sgs_tui.engine.backends.samples import DATA, PICTURES, Sample, samples, suffix
from sgs_tui.engine.backends.sdk_ask import SdkAnswers, check_chip, interpreter_notes
from sgs_tui.engine.backends.sdk_checks import Feeding, check_feeding, check_names, graph_input
from sgs_tui.engine.backends.sdk_install import Generation, Sdk, sdk_environment
from sgs_tui.engine.backends.sdk_tools import SdkTools
from sgs_tui.engine.calibration.ranges import load_ranges
from sgs_tui.engine.configs.debugconfig import (
    DEQUANT_FIXED,
    DUMP_AS_STRING,
    DUMP_NAME,
    DUMP_TENSOR,
    ELIMINATE_GARBAGE,
    KEEP_OLD_DUMP,
    DebugConfig,
    parse,
)
from sgs_tui.engine.dumps.format import Record, Stage
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.files import at_home, beside
from sgs_tui.engine.runs.backend import Concern, Level
from sgs_tui.engine.runs.known_failures import Explanation
from sgs_tui.engine.runs.run_folder import DEBUG_CONFIG, Elements, Product, RunFolder, RunRequest, safe_name
from sgs_tui.engine.runs.run_list import list_runs, network
from sgs_tui.engine.text import decode, encode, visible
from sgs_tui.language import Message, joined

INI = "input_config.ini"
RANGES = ("tensor_min_max.txt", "tensor_min_max.json", "tensor_min_max.pkl")
SHAPES = "tensor_statistics.txt"
"""Carries `Shape:` of every tensor, which the older generation's dumps lack."""


def calibration_files(model: Path, sdk: Path | None) -> tuple[Path, ...]:
    """The ranges, and the statistics beside them: of the model's folder, its log/, the current one, the SDK.

    The first folder that has ranges wins; the statistics are taken from the same one.
    """
    places = (model.absolute().parent, Path.cwd(), *([sdk] if sdk else []))
    for folder in (place / inside for place in places for inside in ("", "log")):
        ranges = next((folder / name for name in RANGES if (folder / name).is_file()), None)
        if ranges is not None:
            statistics = folder / SHAPES
            return (ranges, statistics) if statistics.is_file() else (ranges,)
    return ()


_TYPES = {Stage.FLOAT: "Float", Stage.CMODEL_FLOAT: "Float", Stage.FIXED: "Fixed"}
_PLAIN = re.compile(r"[A-Za-z0-9_./+=@%-]+")
_LIST = "samples.txt"


def is_plain(path: str) -> bool:
    """Whether a path survives a shell without quotes, a colon-separated list and a comma-separated one."""
    return _PLAIN.fullmatch(path) is not None


@dataclass(frozen=True, slots=True)
class DumpSwitches:
    """What a dump is to be like: without padding, as floats, as binary, unless told otherwise."""

    eliminate_garbage: bool = True
    dequantize: bool = True
    as_string: bool = False


def run_debug_config(stage: Stage, switches: DumpSwitches, base: bytes | None = None) -> str:
    """The exact text. Lines of `base` (the user's file) that are not ours are kept.

    With `base`, its own switches count and `switches` do not. The dump always goes to the run's own directory
    (`path=.`, so the limit of 122 bytes never matters), under its plain name, and dumping is on.
    """
    if base is not None:
        document = parse(base).fix()
    else:
        document = DebugConfig().with_switch(DUMP_TENSOR, True)
        dequantize = switches.dequantize and stage is Stage.FIXED
        wanted = {ELIMINATE_GARBAGE: switches.eliminate_garbage, DEQUANT_FIXED: dequantize}
        for name, on in (wanted | {DUMP_AS_STRING: switches.as_string}).items():
            document = document.with_switch(name, True) if on else document
    document = document.with_switch(DUMP_TENSOR, True).with_switch(KEEP_OLD_DUMP, False).with_path(".")
    return decode(document.render())


def dumps_floats(stage: Stage, text: str) -> bool:
    """Whether such a run writes floats: a float model always does, a fixed one when dequantized."""
    return stage is not Stage.FIXED or DEQUANT_FIXED in parse(encode(text)).effect().switches


_TAKEN = frozenset({"test", "utils", "calibrator_custom", "cv2", "numpy", "simulator"})


def preprocess_items(argument: str, sdk: Sdk) -> tuple[str, ...]:
    """The items of a comma list (-n), scripts as absolute paths, the SDK's own modules as names.

    The tools import a script under its file name up to the first dot, from its folder appended to the search path: a
    name that another module has already makes them import that one, in silence. Raises InputError for a script that
    is missing and UsageError for one that can not be imported by its name.
    """
    items = tuple(_item(part.strip(), sdk) for part in argument.split(",") if part.strip())
    modules = {item: Path(item).name.partition(".")[0] for item in items}
    for item, module in modules.items():
        twin = next((other for other in modules if other != item and modules[other] == module), None)
        if twin:
            raise UsageError(
                Message("{item} and {twin}: the second would never be imported", item=item, twin=twin),
                Message("give them different names"),
            )
    return items


def _item(part: str, sdk: Sdk) -> str:
    if not part.endswith(".py"):
        if part not in sdk.modules:
            hint = Message("give a path that ends in .py, or a name from {folder}", folder=sdk.preprocess_folder)
            raise InputError(Message("{part}: the SDK has no preprocess module of that name", part=part), hint)
        return part
    path = at_home(part).absolute()
    if not path.is_file():
        raise InputError(
            Message("{path}: there is no such preprocess script", path=path), Message("check the path given with -n")
        )
    module = path.name.partition(".")[0]
    if path.name != f"{module}.py":
        hint = Message("rename the script so that it has no other dot")
        raise UsageError(
            Message(
                "{path}: the SDK would import `{module}`: it cuts the name at its first dot", path=path, module=module
            ),
            hint,
        )
    if module in _TAKEN or module in sys.stdlib_module_names:
        raise UsageError(
            Message(
                "{path}: the SDK would import another module that is called {module} too", path=path, module=module
            ),
            Message("rename it, my_{module}.py for example", module=module),
        )
    if "," in str(path):
        raise UsageError(
            Message("{path}: a comma separates scripts for the SDK", path=path), Message("move or rename it")
        )
    return str(path)


_NAMES = (
    (r"\.img$", Stage.OFFLINE),
    (r"_cmodel_float\.sim$", Stage.CMODEL_FLOAT),
    (r"float\.sim$", Stage.FLOAT),
    (r"fixed\.sim$", Stage.FIXED),
)


def _named_stage(model: Path) -> Stage | None:
    return next((stage for pattern, stage in _NAMES if re.search(pattern, model.name)), None)


def stage_of(model: Path) -> Stage:
    """The stage that a model's name tells. Raises UsageError when it tells none."""
    named = _named_stage(model)
    if named is None:
        hint = Message("give --type Float or --type Fixed")
        raise UsageError(
            Message("{name}: its name does not tell the stage (*_float.sim, *_fixed.sim)", name=model.name), hint
        )
    return named


def _other_kind(model: Path, stage: Stage) -> Stage | None:
    """What the name tells where that is of the other kind (float, fixed) than `stage`, as which the model is run."""
    named = _named_stage(model)
    return named if named is not None and (named is Stage.FIXED) != (stage is Stage.FIXED) else None


def refuse_offline(model: Path, stage: Stage) -> None:
    """Say why an offline model can not be dumped. Raises UsageError for it and for what is no SDK model."""
    if stage is Stage.OFFLINE or model.suffix == ".img":
        raise UsageError(
            Message(
                "{name}: an offline model can not be dumped: it holds compiled code for the chip, whose layers "
                "leave no tensors behind (its records carry 0 bytes)",
                name=model.name,
            ),
            Message("dump the *_fixed.sim it was made from: both compute the same numbers"),
        )
    if stage not in (Stage.FLOAT, Stage.CMODEL_FLOAT, Stage.FIXED):
        raise UsageError(
            Message("{name}: the SDK's simulator runs no {stage} model", name=model.name, stage=Message(str(stage))),
            Message("use `dump onnx|caffe|tflite`"),
        )
    if model.suffix in (".onnx", ".tflite", ".prototxt", ".caffemodel"):
        raise UsageError(
            Message("{name}: is an original model", name=model.name),
            Message("use `dump {suffix}`", suffix=model.suffix[1:]),
        )
    if not model.is_file():
        raise InputError(
            Message("{path}: there is no such model", path=model),
            Message("check the path, and that its conversion ended well"),
        )


@dataclass(frozen=True, slots=True)
class SdkRequest:
    """What to dump. `stage` None: by the model's name. `image` and `preprocess` as the SDK's tools take them.

    `debug_config`: the user's own DebugConfig.txt, whose switches then count instead of `switches`. `ini`: the
    network's input_config.ini, to hold the preprocess script against; None: the one beside the model, if any.
    `python`: interpreter for the SDK's scripts, empty for the SDK's own choice. `timeout` in seconds for each run.
    """

    model: Path
    image: str
    preprocess: str = ""
    stage: Stage | None = None
    switches: DumpSwitches = field(default=DumpSwitches())
    debug_config: bytes | None = None
    ini: Path | None = None
    python: str = ""
    timeout: float | None = None


def sdk_runs(request: SdkRequest, sdk: Sdk, environ: Mapping[str, str] = os.environ) -> tuple[RunRequest, ...]:
    """One run for each sample of the image argument, ready for `start.start_runs`.

    Raises UsageError or InputError for what can not be dumped or is missing, RunError when the SDK's
    environment can not be had.
    """
    model = at_home(request.model).absolute()
    stage = request.stage or stage_of(model)
    refuse_offline(model, stage)
    preprocess = preprocess_items(request.preprocess, sdk)
    python = request.python or sdk.python
    answers = SdkAnswers(sdk, python, environ)
    options = _simulator_options(sdk, answers, stage, preprocess)
    config = run_debug_config(stage, request.switches, request.debug_config)
    notes = interpreter_notes(sdk, answers, python)
    if named := _other_kind(model, stage):
        swapped = Message(
            "{name} is run as {stage}, but its name says {named}: a swapped model ends in a useless dump",
            name=model.name,
            stage=Message(str(stage)),
            named=Message(str(named)),
        )
        notes = (swapped, *notes)
    shared = replace(
        _shared(sdk, model, stage, preprocess, config),
        environment=None if sdk.way else sdk_environment(sdk, environ),
        timeout=request.timeout,
    )
    wanted = samples(request.image, max(1, len(preprocess)))
    ini = request.ini or beside(INI, model)
    told = _told_before(Feeding(preprocess, wanted[0], ini), model, answers)
    shared = replace(shared, warnings=(*notes, *told))
    runs = (_run_of(shared, sample, sdk, python, options) for sample in wanted)
    return tuple(elsewhere(run, sdk.way, sdk.root) for run in runs)


def _told_before(feeding: Feeding, model: Path, answers: SdkAnswers) -> Iterator[str]:
    """What the tools would not say: none of it keeps a run from starting."""
    named = [Path(script) for script in feeding.scripts if script.endswith(".py")]
    concerns = list(check_names([model, *named, *feeding.sample]))
    try:
        concerns += check_feeding(feeding, answers)
    except InputError as error:
        yield Message("{message} ({hint})", message=error.message, hint=error.hint)
    yield from (Message("{message} ({hint})", message=each.message, hint=each.hint) for each in concerns)


def _shared(sdk: Sdk, model: Path, stage: Stage, preprocess: tuple[str, ...], config: str) -> RunRequest:
    kept = calibration_files(model, None if sdk.way else sdk.root)
    elements = Elements.INTEGER if stage is Stage.FIXED else Elements.FLOAT
    return RunRequest(
        argv=(),
        backend="sdk",
        model=str(model),
        stage=str(stage),
        products=(Product(DUMP_NAME, is_float=dumps_floats(stage, config), elements=elements),),
        files={DEBUG_CONFIG: config},
        copies=tuple(map(str, kept)),
        needs=(str(model), *(item for item in preprocess if item.endswith(".py"))),
        details={
            "preprocess": ",".join(preprocess),
            "sdk": str(sdk.root),
            "sdk_version": sdk.version,
            "generation": str(sdk.generation),
            "ranges": str(kept[0]) if kept else "",
        },
    )


def _run_of(shared: RunRequest, sample: Sample, sdk: Sdk, python: str, options: tuple[str, ...]) -> RunRequest:
    """The run of one sample. Awkward names are reached through links in the working directory.

    One picture is given as it is; several inputs, or a suffix that would be taken for a list, in a list.
    """
    links: dict[str, str] = {}
    model = _reachable(Path(shared.model), "model", links)
    names = [_reachable(file, f"input{number}", links) for number, file in enumerate(sample)]
    alone = PICTURES if sdk.generation is Generation.OLDER else PICTURES | DATA
    listed = {} if len(names) == 1 and suffix(sample[0]) in alone else {_LIST: ",".join(names) + "\n"}
    files = tuple(map(str, sample))
    command = (python, str(sdk.simulator), "-i", _LIST if listed else names[0], "-m", model)
    return replace(
        shared,
        argv=command + options,
        files={**shared.files, **listed},
        links=links,
        needs=(*shared.needs[:1], *files, *shared.needs[1:]),
        details={"image": ",".join(files), **shared.details},
    )


def _simulator_options(sdk: Sdk, answers: SdkAnswers, stage: Stage, preprocess: tuple[str, ...]) -> tuple[str, ...]:
    """What this simulator takes beside picture and model. Raises UsageError for what it wants and was not given."""
    known = answers.options()
    if known.requires("-n") and not preprocess:
        raise UsageError(
            Message("this SDK's simulator takes no image without a preprocess script"), Message("give -n PRE.py")
        )
    category = ("-c", "Unknown") if known.requires("-c") else ()
    # Where -t is not required it knows no cmodel: left out, the model's own class decides.
    wanted = known.requires("-t") or (known.takes("-t") and stage is not Stage.CMODEL_FLOAT)
    kind = ("-t", _TYPES[stage]) if wanted else ()
    scripts = ("-n", ",".join(preprocess)) if preprocess else ()
    keeps = ("--save_input",) if preprocess and known.takes("--save_input") else ()
    return category + kind + scripts + keeps + check_chip(sdk, answers, known, "simulator.py")


def _reachable(path: Path, role: str, links: dict[str, str]) -> str:
    if is_plain(str(path)):
        return str(path)
    name = safe_name(path.stem) + (path.suffix if is_plain(path.suffix) else "")
    link = f"{role}-{name}" if name in links or role != "model" else name
    links[link] = str(path)
    return link


_HOME_LIMIT = 128
_SHELL_SPECIAL = re.compile(r"[\s'\"\\$`&|;<>()*?\[\]]")
_INPUT_COPIES = ("log/tmp_image", "tmp_image")


class SdkBackend(SdkTools):
    """What is known about runs of the simulator beforehand, and what only their results tell."""

    def check(self, request: RunRequest, root: Path) -> Iterator[Concern]:
        """The older simulator gives up where $HOME is 128 bytes long or longer, whether it uses it or not, and starts
        its native half through a shell, without quotes round the paths of the run and of the SDK."""
        home = len(os.fsencode((request.environment or {}).get("HOME", "")))
        if home >= _HOME_LIMIT:
            message = Message(
                "$HOME is {number} bytes long: the simulator gives up from {limit} on", number=home, limit=_HOME_LIMIT
            )
            yield Concern(
                Level.WARNING, message, Message("set HOME to a shorter path (a symbolic link) before the start")
            )
        if request.details.get("generation") == Generation.OLDER:
            for what, path in ((Message("runs folder"), str(root.absolute())), ("SDK", request.details.get("sdk", ""))):
                if _SHELL_SPECIAL.search(path):
                    message = Message(
                        "{what} {path}: the older simulator breaks on blanks, quotes and brackets in this path",
                        what=what,
                        path=path,
                    )
                    yield Concern(Level.ERROR, message, Message("use one without them (a symbolic link will do)"))

    def with_hint(self, problem: Explanation, request: RunRequest) -> Explanation:
        """A model whose name says another kind: to run it as that is the first thing to try."""
        kind = _other_kind(Path(request.model), Stage(request.stage))
        if kind is None:
            return problem
        first = Message("the model's name says {kind}, so try that --type first", kind=kind)
        return replace(problem, hint=joined((first, problem.hint), "; "))

    def spoiled(self, request: RunRequest, folder: RunFolder, dumps: Sequence[Path]) -> Explanation | None:
        return _wrong_input_size(request, folder, dumps)

    def notes(self, request: RunRequest, folder: RunFolder, dumps: Sequence[Path]) -> list[str]:
        return _unrelated_ranges(request, folder, dumps)


def _wrong_input_size(request: RunRequest, folder: RunFolder, dumps: Sequence[Path]) -> Explanation | None:
    """Whether the one preprocessed input has another number of values than the model takes.

    The simulator then exits with 0, silently, with wrong data. The older generation keeps each preprocessed input as
    text when asked to (--save_input): a first line `Input_shape=H, W`, then every value followed by a comma. None also
    where that can not be known (newer generation, several inputs). The texts are removed afterwards: they are several
    times as large as the inputs.
    """
    copies = [path for name in _INPUT_COPIES for path in (folder.work_path / name).glob("*")]
    problem = None
    if len(copies) == 1 and dumps:
        with open_dump(dumps[0]) as dump:
            taken = graph_input(dump)
        if taken is not None:
            problem = _compare_size(_count_values(copies[0]), taken, _float_size(request, folder))
    for name in _INPUT_COPIES:
        shutil.rmtree(folder.work_path / name, ignore_errors=True)
    return problem


def _float_size(request: RunRequest, folder: RunFolder) -> int | None:
    """What the input of the same network takes by its newest float dump, which pads nothing."""
    own = network(request.model)
    for run in list_runs(folder.root):
        if run.request.stage == Stage.FLOAT and run.dump is not None and network(run.request.model) == own:
            with open_dump(run.dump) as dump:
                found = graph_input(dump)
            return found.count if found is not None else None
    return None


def _unrelated_ranges(request: RunRequest, folder: RunFolder, dumps: Sequence[Path]) -> list[str]:
    """Set ranges aside that name no tensor of the dump: they belong to another model."""
    ranges = next((folder.path / name for name in RANGES if (folder.path / name).is_file()), None)
    if ranges is None or not dumps:
        return []
    source = request.details.get("ranges") or ranges.name
    try:
        known = load_ranges(ranges)
    except InputError as error:
        return [Message("the ranges of {source} cannot be used: {why}", source=source, why=error.message)]
    with open_dump(dumps[0]) as dump:
        if any(known.find(record.name) for record in dump.records):
            return []
    aside = ranges.with_name(f"unrelated-{ranges.name}")
    ranges.rename(aside)
    note = Message(
        "{source} names no tensor of this dump, it belongs to another model: kept as {name}",
        source=source,
        name=aside.name,
    )
    return [note]


def _compare_size(values: int, taken: Record, known: int | None) -> Explanation | None:
    """`known`: the true size. A fixed model's graph input is dumped with its channels padded to four, a float one's as
    it is; where the true size is not known, 1 to 4 channels fit, and YUV with one and a half values a pixel."""
    padded = taken.count if taken.type_name != "float" else 0
    fitting = {taken.count} if not padded else {padded * eighths // 8 for eighths in (2, 3, 4, 6, 8)}
    if padded and known in fitting:
        fitting = {known}
    if values in fitting:
        return None
    message = Message(
        "the preprocess script returned {values} values where the model's input {name} takes {size}: "
        "the simulator says nothing then and dumps wrong data",
        values=values,
        name=visible(taken.name),
        size=_size_told(min(fitting) if len(fitting) == 1 else None, padded),
    )
    return Explanation("wrong_input_size", message, Message("fix the size (height, width, channels) in the -n script"))


def _size_told(size: int | None, padded: int) -> str:
    """`size` None: not known for certain."""
    if size is None:
        return Message(
            "{size} for three channels ({padded} in its dump, where channels are padded to four)",
            size=padded * 6 // 8,
            padded=padded,
        )
    if padded:
        return Message("{size} ({padded} in its dump, where channels are padded to four)", size=size, padded=padded)
    return str(size)


def _count_values(path: Path) -> int:
    with path.open("rb") as file:
        file.readline()
        return sum(block.count(b",") for block in iter(lambda: file.read(1 << 20), b""))


BACKEND = SdkBackend()
