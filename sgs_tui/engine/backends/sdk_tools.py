r"""The SDK's tools (simulator, calibrator, converter) as backends of runs: how their failures look.

What the older generation's simulators were seen to do, each believed until now by somebody:

- `Write file fail.` (hundreds of lines) and exit code 0 when the folder of `path=` does not exist, or the line ends in
  CR, a blank or `~`. The fixed simulator says nothing on stdout then, only `open: No such file or directory` on stderr.
- Exit code 0, `Run evaluation OK.` and no dump when dumpTensor is not at the start of a line.
- A fixed model in the float simulator stops at the assertion of sgs_utility_checkTensorMinMax and leaves an empty dump
  (`isFloat: 1` and no record); a float model in the fixed one stops in the middle of a dump.
- A cut or corrupt model gives a segmentation fault or an assertion that names no file, and `[Error]` lines.
- Preprocessed data of the wrong size: exit code 0, not a word, wrong numbers.
- Native programs run under a script: their signals reach us as `Segmentation fault` in the log and exit code 1.

The other patterns are messages in the scripts of both generations and in the vendor's questions and answers. User
commands that convert and calibrate are runs of these tools too, and so is every name that no other backend has.
"""

import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sgs_tui.engine.dumps.format import HealthState, Stage
from sgs_tui.engine.dumps.index import guess_stage
from sgs_tui.engine.runs.backend import Backend
from sgs_tui.engine.runs.known_failures import (
    ASSERTION,
    CRASHED,
    NO_MEMORY,
    NO_SPACE,
    Explanation,
    core_hint,
    known,
    shown_by,
)
from sgs_tui.engine.runs.run_folder import Elements, Product, RunRequest
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, joined

if TYPE_CHECKING:
    from sgs_tui.engine.dumps.reader import Dump

_SWAPPED_FIXED = Explanation(
    "fixed_model_in_float_simulator",
    Message("a fixed model was given to the float simulator"),
    Message("run it with --type Fixed, or name the *_float.sim"),
    telling=True,
)
_SWAPPED_FLOAT = Explanation(
    "float_model_in_fixed_simulator",
    Message("a float model was given to the fixed simulator, which stops in the middle"),
    Message("run it with --type Float, or name the *_fixed.sim"),
    telling=True,
)

_DAMAGED = Message("the model file may be damaged or cut: convert it again")

FAILURES = (
    NO_SPACE,
    known(
        "write_file_fail",
        r"^Write file fail",
        "the simulator could not write its dump (`Write file fail.`) although it reports success",
        "the folder of `path=` must exist and be writable, and the line must end in a plain newline: no CR, no "
        "blank, no `~`; with the `path=.` of sgs-tui only rights and free space of the run folder are left",
        fatal=True,
    ),
    shown_by(r"sgs_simulator_float\b.*sgs_utility_checkTensorMinMax: Assertion", _SWAPPED_FIXED),
    known(
        "no_preprocess",
        r"_getExternalPreprocessData: Assertion",
        "the simulator found no preprocessed input",
        "give a preprocess script with -n PRE.py: without one the image must already be text made by it",
    ),
    known(
        "missing_type",
        r"arguments are required: .*-t/--type",
        "this SDK's simulator wants to be told the type of the model (-t)",
        "give --type Float or --type Fixed",
    ),
    known(
        "unknown_option",
        r"^\S+\.py: error: (.+)$",
        "the SDK's script refuses its options: {text}",
        "check with `python3 SCRIPT -h` in the SDK which generation it is, and name the SDK with --sdk",
    ),
    known(
        "bad_image",
        r"FileNotFoundError: No such (.+) image or directory",
        "there is no image {text}",
        "check the path: `~` is not expanded and relative paths in lists count from the current folder",
    ),
    known(
        "bad_model",
        r"FileNotFoundError: No such (?:model: (?P<older>.+)|(?P<newer>.+) model$)",
        "there is no model {text}",
        "check the path, and that the conversion before it ended well",
    ),
    known(
        "no_image_preprocess",
        r"AttributeError: module '([^']+)' has no attribute 'image_preprocess'",
        "the preprocess script {text} defines no image_preprocess(path, norm=True)",
        "add that function; get_image alone is only for dumps of the original model",
    ),
    known(
        "bad_preprocess",
        r"FileNotFoundError: .*?(\S+\.py)\b",
        "there is no preprocess script {text}",
        "check the path given with -n",
    ),
    known(
        "preprocess_count",
        r"Got different num of preprocess_methods and images",
        "the number of preprocess scripts differs from the number of inputs",
        "give one script an input in -n, separated by commas, and as many files in each line of the image list",
    ),
    known(
        "mean_std",
        r"SGS_DMA_CoefMartixGen: Assertion|HW_COEF_MAX",
        "the input's scaling overflows: mean and std of input_config.ini and of the preprocess script differ, or the "
        "calibration pictures do not span the input's range",
        "use the same mean and std_value in both and convert again, and calibrate with dark and bright pictures",
    ),
    known(
        "needs_python32",
        r"(?:AttributeError|ImportError): .*(?:fixed_simulator|offline_simulator|_fixedsim|_offlinesim)",
        "this SDK runs fixed models only under its 32-bit Python",
        "give --sdk-python python32",
    ),
    known(
        "incomplete_sdk",
        r"(?:ImportError|ModuleNotFoundError): .*(py_wrapper\w*)",
        "the SDK is incomplete: its module {text} can not be imported",
        "unpack the vendor's whole package again, and use the Python that its modules are built for (--sdk-python)",
    ),
    known(
        "undefined_symbol",
        r"undefined symbol: (\S+)",
        "the SDK's modules do not fit this Python (undefined symbol {text})",
        "use the system's Python 3.7 or the vendor's Docker image, not a Conda one: --sdk-python PYTHON",
    ),
    known(
        "no_32_bit",
        r"(sgs_simulator_fixed|sgs_calibrator|sgs_compiler): (?:not found|No such file or directory"
        r"|cannot execute: required file not found)",
        "the system cannot start {text}, which is a 32-bit program",
        "install the 32-bit libraries (Debian, Ubuntu: libc6:i386 libstdc++6:i386 zlib1g:i386)",
    ),
    known(
        "shared_library",
        r"error while loading shared libraries: ([^:\s]+)",
        "the library {text} is missing",
        "install it, and check that cfg_env.sh of the SDK sets LD_LIBRARY_PATH to its libs folders",
    ),
    known(
        "illegal_instruction",
        r"^Illegal instruction",
        "this processor lacks instructions that the simulator uses (AVX2)",
        "run it on a host whose /proc/cpuinfo lists avx2",
    ),
    known(
        "environment",
        r"source cfg_env\.sh",
        "the SDK's environment is not set",
        "name the SDK's root folder with --sdk: it holds cfg_env.sh",
    ),
    known(
        "tool_missing",
        r"File `([^`]+)` not found in directory",
        "the SDK lacks its tool {text}",
        "unpack the SDK again, its bin folder is incomplete",
    ),
    known(
        "no_input_data",
        r"The input data is empty|No images found in",
        "there is no image in what was given",
        "known suffixes are those of pictures; for other files give a list file",
    ),
    NO_MEMORY,
    known(
        "ini",
        r"(iniparser: .+|configparser\.\w+: .+)$",
        "input_config.ini cannot be read: {text}",
        "`sgs-tui advise --check INI` names the line",
    ),
    known(
        "calibration",
        r"^.*\bRun (Statistics MinMax|histogram|per channel quantization|Calibration \w+|Pack tool) failed!",
        "the calibrator's step `{text}` failed",
        "the lines above it in the log have its own message; a *_fixed.sim that is there is one from before",
    ),
    known(
        "convert",
        r"ConverterError: (.+)$",
        "the conversion failed: {text}",
        "`sgs-tui advise --check INI` first: most of these come from input_config.ini",
    ),
    replace(CRASHED, told=replace(CRASHED.told, hint=joined((_DAMAGED, core_hint()), "; "))),
)
"""What a log names by itself."""

VAGUE = (
    replace(ASSERTION, told=replace(ASSERTION.told, hint=joined((_DAMAGED, ASSERTION.told.hint), "; "))),
    known(
        "missing_module",
        r"(?:ModuleNotFoundError|ImportError): No module named '([^']+)'",
        "the SDK's Python finds no module {text}",
        "install {text} for that interpreter, or name another one with --sdk-python",
    ),
    known(
        "native_failed",
        r"RuntimeError: Run simulator failed!",
        "the native simulator ended without a result",
        "the log has its command; is the model whole, and made by this version of the SDK?",
    ),
    known(
        "native_error",
        r"^\[Error ?\]\s*(.*)$",
        "the native simulator reports: {text}",
        "a corrupt model, or one of the other kind (float, fixed), looks like this",
    ),
)
"""What says little about the reason, and is asked last."""


_TEXT_GROWTH = 2.6
"""Characters of the string form a payload byte: 634603 / 249117 for the float dump of a small net, 2.5 for its fixed
one."""


class SdkTools(Backend):
    """Any command that starts the SDK's tools."""

    known_failures = FAILURES
    vague_failures = VAGUE
    no_dump_hint = Message(
        "DebugConfig.txt must say dumpTensor at the start of a line and stand in the simulator's own directory"
    )

    def text_growth(self, request: RunRequest) -> float:
        lines = (request.debug_config or "").splitlines()
        return _TEXT_GROWTH if any(line.startswith("dumpasstring") for line in lines) else 1

    def known_failure(self, request: RunRequest, log: str) -> Explanation | None:
        return super().known_failure(request, log) or _missing_preprocess(request, log)

    def crash_hint(self, program: str = "EXEC", core: str = "CORE") -> str:
        return joined((_DAMAGED, super().crash_hint(program, core)), "; ")

    def crashed_program(self, log: str) -> str | None:
        native = re.search(r"^Use command to debug: (/\S+)", log, re.MULTILINE)
        return native[1] if native else None

    def dump_problem(self, dump: "Dump", product: Product) -> Explanation | None:
        state, stage = dump.health.state, guess_stage(dump.index)
        if state is HealthState.EMPTY and dump.is_float:
            return _SWAPPED_FIXED
        if state is HealthState.STOPS_EARLY and not dump.is_float:
            return _SWAPPED_FLOAT
        if not dump.health.ok or not dump.outputs():
            return None
        if product.elements is Elements.FLOAT and stage is Stage.FIXED:
            return _came(Stage.FIXED)
        swapped = product.elements is Elements.INTEGER and stage in (Stage.FLOAT, Stage.CMODEL_FLOAT)
        return _came(Stage.FLOAT) if swapped else None


def _came(kind: Stage) -> Explanation:
    """A good dump, of the other kind than was asked for."""
    if kind is Stage.FIXED:
        message = Message(
            "a whole dump came, but of a fixed model where a float one was asked for: "
            "this SDK's simulator goes by the model itself, not by -t"
        )
        hint = Message("name the *_float.sim, or take this model with --type Fixed")
    else:
        message = Message(
            "a whole dump came, but of a float model where a fixed one was asked for: "
            "this SDK's simulator goes by the model itself, not by -t"
        )
        hint = Message("name the *_fixed.sim, or take this model with --type Float")
    return Explanation("other_kind", message, hint, telling=True)


def _missing_preprocess(request: RunRequest, log: str) -> Explanation | None:
    """The SDK imports a preprocess script under its file name up to the first dot."""
    missing = re.search(r"No module named '([^']+)'", log)
    scripts = request.details.get("preprocess", "").split(",")
    if not missing or missing[1] not in {PurePosixPath(script).name.partition(".")[0] for script in scripts}:
        return None
    message = Message("the preprocess script {name} cannot be imported: there is none", name=visible(missing[1]))
    hint = Message("-n takes a path that ends in .py, or a name from the SDK's Scripts/calibrator/preprocess_method")
    return Explanation("bad_preprocess", message, hint)


BACKEND = SdkTools()
