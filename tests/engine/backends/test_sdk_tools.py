"""The known failures, on what the real simulator printed (tests/data/sgs/logs), and the table itself."""

from pathlib import Path

import pytest

from sgs_tui.engine.backends.sdk_tools import FAILURES, VAGUE, SdkTools
from sgs_tui.engine.runs.known_failures import Explanation, first_of, last_exception
from sgs_tui.engine.runs.log import plain_text
from sgs_tui.engine.runs.run_folder import RunRequest


def specific_failure(log: str, preprocess: str = "") -> Explanation | None:
    request = RunRequest(("simulator.py",), "sdk", "m.sim", "float", (), details={"preprocess": preprocess})
    return SdkTools().known_failure(request, log)


def generic_failure(log: str) -> Explanation | None:
    return first_of(VAGUE, log.rstrip()) or last_exception(log.rstrip())


def real_log(sgs: Path, name: str) -> str:
    """Both outputs of one real run, as simulator.log has them."""
    parts = [sgs / "logs" / f"{name}.{stream}.txt" for stream in ("stdout", "stderr")]
    return plain_text(b"".join(path.read_bytes() for path in parts if path.exists()))


@pytest.mark.parametrize(
    "name, failure, word",
    [
        ("fail_badimage", "bad_image", "/nosuch.jpg"),
        ("fail_badmodel", "bad_model", "/home/user/run/run_onnx/nosuch.sim"),
        ("fail_badpre", "bad_preprocess", "nosuch_pre"),
        ("fail_crlf", "write_file_fail", "Write file fail"),
        ("fail_nodir", "write_file_fail", "Write file fail"),
        ("fail_fixedAsFloat", "fixed_model_in_float_simulator", "fixed model"),
        ("fail_nopre", "no_preprocess", "preprocessed"),
        ("fail_notype", "missing_type", "type"),
    ],
)
def test_real_failures_are_known(sgs: Path, name: str, failure: str, word: str) -> None:
    told = specific_failure(real_log(sgs, name), "nosuch_pre")
    assert told is not None
    assert told.name == failure
    assert word in told.message
    assert told.hint


def test_every_real_log_of_a_failure_is_in_the_table(sgs: Path) -> None:
    names = {path.name.split(".")[0] for path in (sgs / "logs").glob("fail_*")}
    unknown = {name for name in names if specific_failure(real_log(sgs, name), "nosuch_pre") is None}
    assert names and not unknown


@pytest.mark.parametrize("name", ["success_float", "success_fixed_dq"])
def test_real_successes_are_no_failures(sgs: Path, name: str) -> None:
    log = real_log(sgs, name)
    assert specific_failure(log) is None
    assert generic_failure(log) is None


@pytest.mark.parametrize(
    "line, failure",
    [
        ("OSError: [Errno 28] No space left on device", "disk_full"),
        ("sh: 1: /sdk/bin/sgs_simulator_fixed: not found", "no_32_bit"),
        ("x: error while loading shared libraries: libfoo.so.1: cannot open shared object file", "shared_library"),
        ("ImportError: /sdk/a.so: undefined symbol: PyUnicode_X", "undefined_symbol"),
        ("AttributeError: module 'calibrator_custom' has no attribute 'fixed_simulator'", "needs_python32"),
        ("AttributeError: module 'pre' has no attribute 'image_preprocess'", "no_image_preprocess"),
        ("ValueError: Got different num of preprocess_methods and images!", "preprocess_count"),
        ("x.c:7: f: Assertion `s32coef_bgr < HW_COEF_MAX' failed.", "mean_std"),
        ("sgs_calibrator: dma.c:312: SGS_DMA_CoefMartixGen: Assertion `0' failed.", "mean_std"),
        ("ImportError: cannot import name 'x' from 'calibrator_custom.py_wrapper'", "incomplete_sdk"),
        ("ModuleNotFoundError: No module named 'py_wrapper37'", "incomplete_sdk"),
        ("OSError: Run source cfg_env.sh in top directory.", "environment"),
        ("Segmentation fault (core dumped)", "crashed"),
        ("Killed", "out_of_memory"),
        ("Illegal instruction", "illegal_instruction"),
        ("simulator.py: error: unrecognized arguments: --save_input", "unknown_option"),
        ("FileNotFoundError: No such /a/b.sim model", "bad_model"),
        ("RuntimeError: Run Calibration Fixed failed!", "calibration"),
        ("iniparser: input line too long in input_config.ini (12)", "ini"),
    ],
)
def test_single_lines(line: str, failure: str) -> None:
    told = specific_failure(f"something before\n{line}\nsomething behind\n")
    assert told is not None and told.name == failure


@pytest.mark.parametrize(
    "log, failure, word",
    [
        ("sgs_simulator_float: a.c:12: f: Assertion `0' failed.\n", "assertion", "sgs_simulator_float"),
        ("ModuleNotFoundError: No module named 'cv2'\n", "missing_module", "cv2"),
        ("Traceback ...\nZeroDivisionError: division by zero\n", "exception", "division by zero"),
        ("[Error] [422 ] [f] no such op\n", "native_error", "no such op"),
    ],
)
def test_general_failures(log: str, failure: str, word: str) -> None:
    assert specific_failure(log) is None
    told = generic_failure(log)
    assert told is not None and told.name == failure and word in told.message


def test_a_crash_on_a_model_names_the_model_first() -> None:
    for log in ("Segmentation fault (core dumped)\n", "sgs_simulator_float: a.c:12: f: Assertion `0' failed.\n"):
        told = specific_failure(log) or generic_failure(log)
        assert told is not None and told.hint.startswith("the model file may be damaged or cut: convert it again")
        assert "sgs-tui core" in told.hint


def test_a_module_that_is_no_preprocess_script_is_not_blamed_on_it() -> None:
    assert specific_failure("ModuleNotFoundError: No module named 'cv2'", "/a/pre.py") is None


def test_names_in_messages_are_safe_to_show() -> None:
    told = specific_failure("FileNotFoundError: No such a\x07\u202eb image or directory\n")
    assert told is not None and "\x07" not in told.message and "\\x07" in told.message


def test_the_table_is_sound() -> None:
    names = [known.told.name for known in (*FAILURES, *VAGUE)]
    assert len(names) == len(set(names))
    for known in (*FAILURES, *VAGUE):
        told = known.told
        assert told.message and told.hint
        assert not told.message.endswith(".")
        if "{0}" in told.message + told.hint:
            assert known.pattern.groups >= 1
