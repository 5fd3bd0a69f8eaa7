r"""The failures that are known: what stands in the log, what it means in one sentence, what to do.

Patterns are matched on the log without colors (log_stream.plain_text), in this order; the first that fits
wins. Sources: logs of the older generation's simulator, messages in the scripts of both generations, the
vendor's own questions-and-answers pages.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """One entry. `{0}` in `sentence` and `remedy` stands for the pattern's first group.

    `fatal`: the run failed even where it left a dump that looks complete.
    """

    name: str
    pattern: re.Pattern[str]
    sentence: str
    remedy: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """A failure in words: `name` for programs, `message` and `hint` for people."""

    name: str
    message: str
    hint: str
    fatal: bool = False


def _known(name: str, pattern: str, sentence: str, remedy: str, fatal: bool = False) -> KnownFailure:
    return KnownFailure(name, re.compile(pattern, re.MULTILINE), sentence, remedy, fatal)


SWAPPED_FIXED = Explanation(
    "fixed_model_in_float_simulator",
    "a fixed model was given to the float simulator",
    "run it with --type Fixed, or name the *_float.sim",
)
SWAPPED_FLOAT = Explanation(
    "float_model_in_fixed_simulator",
    "a float model was given to the fixed simulator, which stops in the middle",
    "run it with --type Float, or name the *_fixed.sim",
)
DISK_FULL = Explanation(
    "disk_full",
    "the disk is full: the dump could not be written to its end",
    "free some space (`sgs-tui runs` lists old runs to delete) or name a --runs folder on another disk",
    fatal=True,
)
OUT_OF_MEMORY = Explanation(
    "out_of_memory",
    "the process was killed from outside (SIGKILL), as the system does when memory runs out",
    "the simulator wants 6 to 8 GB; run fewer at a time (`dmesg | tail` names the victim)",
)
CORE_HINT = "`sgs-tui core EXEC CORE` shows where it died and how to get a core file on this host"

SPECIFIC: tuple[KnownFailure, ...] = (
    _known(
        DISK_FULL.name,
        r"No space left on device|Disk quota exceeded",
        DISK_FULL.message,
        DISK_FULL.hint,
        fatal=True,
    ),
    _known(
        "write_file_fail",
        r"^Write file fail",
        "the simulator could not write its dump (`Write file fail.`) although it reports success",
        "the folder of `path=` must exist and be writable, and the line must end in a plain newline: no CR, no "
        "blank, no `~`; with the `path=.` of sgs-tui only rights and free space of the run folder are left",
        fatal=True,
    ),
    _known(
        SWAPPED_FIXED.name,
        r"sgs_simulator_float\b.*sgs_utility_checkTensorMinMax: Assertion",
        SWAPPED_FIXED.message,
        SWAPPED_FIXED.hint,
    ),
    _known(
        "no_preprocess",
        r"_getExternalPreprocessData: Assertion",
        "the simulator found no preprocessed input",
        "give a preprocess script with -n PRE.py: without one the image must already be text made by it",
    ),
    _known(
        "missing_type",
        r"arguments are required: .*-t/--type",
        "this SDK's simulator wants to be told the type of the model (-t)",
        "give --type Float or --type Fixed",
    ),
    _known(
        "unknown_option",
        r"^\S+\.py: error: (.+)$",
        "the SDK's script refuses its options: {0}",
        "check with `python3 SCRIPT -h` in the SDK which generation it is, and name the SDK with --sdk",
    ),
    _known(
        "bad_image",
        r"FileNotFoundError: No such (.+) image or directory",
        "there is no image {0}",
        "check the path: `~` is not expanded and relative paths in lists count from the current folder",
    ),
    _known(
        "bad_model",
        r"FileNotFoundError: No such (?:model: (?P<older>.+)|(?P<newer>.+) model$)",
        "there is no model {0}",
        "check the path, and that the conversion before it ended well",
    ),
    _known(
        "no_image_preprocess",
        r"AttributeError: module '([^']+)' has no attribute 'image_preprocess'",
        "the preprocess script {0} defines no image_preprocess(path, norm=True)",
        "add that function; get_image alone is only for dumps of the original model",
    ),
    _known(
        "bad_preprocess",
        r"FileNotFoundError: .*?(\S+\.py)\b",
        "there is no preprocess script {0}",
        "check the path given with -n",
    ),
    _known(
        "preprocess_count",
        r"Got different num of preprocess_methods and images",
        "the number of preprocess scripts differs from the number of inputs",
        "give one script an input in -n, separated by commas, and as many files in each line of the image list",
    ),
    _known(
        "mean_std",
        r"HW_COEF_MAX",
        "the hardware's input scaling overflows: mean and std of the model and of the preprocess differ",
        "use the same mean and std_value in input_config.ini as in the preprocess script, then convert again",
    ),
    _known(
        "needs_python32",
        r"(?:AttributeError|ImportError): .*(?:fixed_simulator|offline_simulator|_fixedsim|_offlinesim)",
        "this SDK runs fixed models only under its 32-bit Python",
        "give --sdk-python python32",
    ),
    _known(
        "undefined_symbol",
        r"undefined symbol: (\S+)",
        "the SDK's modules do not fit this Python (undefined symbol {0})",
        "use the system's Python 3.7 or the vendor's Docker image, not a Conda one: --sdk-python PYTHON",
    ),
    _known(
        "no_32_bit",
        r"(sgs_simulator_fixed|sgs_calibrator|sgs_compiler): (?:not found|No such file or directory"
        r"|cannot execute: required file not found)",
        "the system cannot start {0}, which is a 32-bit program",
        "install the 32-bit libraries (Debian, Ubuntu: libc6:i386 libstdc++6:i386 zlib1g:i386)",
    ),
    _known(
        "shared_library",
        r"error while loading shared libraries: ([^:\s]+)",
        "the library {0} is missing",
        "install it, and check that cfg_env.sh of the SDK sets LD_LIBRARY_PATH to its libs folders",
    ),
    _known(
        "illegal_instruction",
        r"^Illegal instruction",
        "this processor lacks instructions that the simulator uses (AVX2)",
        "run it on a host whose /proc/cpuinfo lists avx2",
    ),
    _known(
        "environment",
        r"source cfg_env\.sh",
        "the SDK's environment is not set",
        "name the SDK's root folder with --sdk: it holds cfg_env.sh",
    ),
    _known(
        "tool_missing",
        r"File `([^`]+)` not found in directory",
        "the SDK lacks its tool {0}",
        "unpack the SDK again, its bin folder is incomplete",
    ),
    _known(
        "no_input_data",
        r"The input data is empty|No images found in",
        "there is no image in what was given",
        "known suffixes are those of pictures; for other files give a list file",
    ),
    _known(
        OUT_OF_MEMORY.name,
        r"^MemoryError|std::bad_alloc|Cannot allocate memory|^Killed\b",
        "memory ran out",
        OUT_OF_MEMORY.hint,
    ),
    _known(
        "ini",
        r"(iniparser: .+|configparser\.\w+: .+)$",
        "input_config.ini cannot be read: {0}",
        "`sgs-tui advise --check INI` names the line",
    ),
    _known(
        "calibration",
        r"^.*\bRun (Statistics MinMax|histogram|per channel quantization|Calibration \w+|Pack tool) failed!",
        "the calibrator's step `{0}` failed",
        "the lines above it in the log have its own message; an older *_fixed.sim is still the one from before",
    ),
    _known(
        "convert",
        r"ConverterError: (.+)$",
        "the conversion failed: {0}",
        "`sgs-tui advise --check INI` first: most of these come from input_config.ini",
    ),
    _known(
        "crashed",
        r"^(?:\S*sh: .*)?(Segmentation fault|Bus error|Floating point exception)",
        "the native simulator crashed ({0})",
        CORE_HINT,
    ),
)

GENERIC: tuple[KnownFailure, ...] = (
    _known(
        "assertion",
        r"^(\S+): \S+:\d+: \w+: Assertion\b.*failed",
        "{0} gave up at a check of its own (assertion failed)",
        "the log has the place; " + CORE_HINT,
    ),
    _known(
        "missing_module",
        r"(?:ModuleNotFoundError|ImportError): No module named '([^']+)'",
        "the SDK's Python finds no module {0}",
        "install {0} for that interpreter, or name another one with --sdk-python",
    ),
    _known(
        "native_failed",
        r"RuntimeError: Run simulator failed!",
        "the native simulator ended without a result",
        "the log has its command; is the model whole, and made by this version of the SDK?",
    ),
    _known(
        "native_error",
        r"^\[Error ?\]\s*(.*)$",
        "the native simulator reports: {0}",
        "a corrupt model, or one of the other kind (float, fixed), looks like this",
    ),
)
