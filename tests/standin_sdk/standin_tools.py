"""What the stand-in's scripts share; copied into each SDK's Scripts folder."""

import atexit
import importlib
import json
import os
import shutil
import signal
import sys
import time

if "STANDIN_CV2" in os.environ:
    import cv2  # noqa: F401  (as the real tools do, where a test wants to know)

DUMP = "sigma_outtensor_dump.bin"
SUFFIXES = {"bmp", "dib", "jpeg", "jpg", "jpe", "jp2", "png", "pbm", "pgm", "ppm", "pxm", "pnm", "tiff", "tif", "pic"}
RED, PLAIN = "\033[31m", "\033[0m"


def read_model(path):
    """The model's description; None for a corrupt one."""
    try:
        with open(path) as file:
            return json.load(file)
    except ValueError:
        return None


def renew(folder):
    """As the real tools do with log/, output/ and tmp_image/."""
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)


def tidy_up_at_exit():
    """At the end of every run log/ is emptied and takes what lies about, files called simulator.log too."""

    def tidy_up():
        renew("log")
        for folder in ("output", "tmp_image"):
            if os.path.exists(folder):
                shutil.move(folder, "log")
        for name in os.listdir("."):
            if name == "tensor_min_max.txt" or name.split("_")[-1] in ("statistics.log", "simulator.log", "float.log"):
                shutil.move(name, "log")

    atexit.register(tidy_up)


def preprocess_function(name):
    """The module is imported under the file name up to the first dot."""
    if os.path.exists(name) and name.endswith(".py"):
        sys.path.append(os.path.dirname(name))
        return importlib.import_module(os.path.basename(name).split(".")[0]).image_preprocess
    sys.path.append(os.path.join(os.environ["SGS_IPU_DIR"], "Scripts/calibrator/preprocess_method"))
    return importlib.import_module(name).image_preprocess


def image_list(argument):
    """`[DIR:]BASE`: a folder, a picture, or a list with inputs separated by commas."""
    folder = argument.split(":")[0] if ":" in argument else None
    base = argument.split(":")[-1]
    if not os.path.exists(base):
        raise FileNotFoundError(f"No such {base} image or directory.")
    if os.path.isdir(base):
        return [[os.path.join(base, name)] for name in sorted(os.listdir(base))]
    if base.split(".")[-1].lower() in SUFFIXES:
        return [[os.path.abspath(base)]]
    with open(base) as file:
        lines = [line.strip().split(",") for line in file]
    return [[os.path.join(folder, name) if folder else os.path.abspath(name) for name in line] for line in lines]


def debug_config():
    """(keys, path) as the real simulator reads ./DebugConfig.txt, defects included."""
    try:
        with open("DebugConfig.txt", "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return set(), None
    lines = data.split(b"\n")
    if lines[-1]:
        lines[-1] = lines[-1][:-1]  # the last character goes missing where no newline follows
    names = ("dumpTensor", "eliminateGarbage", "dequantFixed", "dumpasstring")
    keys = {name for name in names if any(line.startswith(name.encode()) for line in lines)}
    paths = [line[5:] for line in lines if line.startswith(b"path=")]
    return keys, os.fsdecode(paths[-1]) if paths else ""


def dump_source(model, keys):
    """Which real dump such a run would write."""
    if model["kind"] != "fixed":
        name = model["kind"]
    elif "dequantFixed" in keys:
        name = "fixed_dq" if "eliminateGarbage" in keys or "dumpasstring" in keys else "fixed_dq_keepgarbage"
    else:
        name = "fixed_raw"
    return os.path.join(model["dumps"], name + ("_str.bin" if "dumpasstring" in keys else ".bin"))


def write_dump(model, source=None):
    """Write the dump that DebugConfig.txt asks for. A folder that can not be written to is no failure."""
    keys, path = debug_config()
    if "dumpTensor" not in keys:
        return
    with open(source or dump_source(model, keys), "rb") as file:
        data = file.read()
    target = os.path.join(path or os.environ["HOME"], DUMP)
    if not os.path.isdir(os.path.dirname(target)):
        print("Write file fail.\n" * 299, end="", flush=True)
        print("open: No such file or directory", file=sys.stderr, flush=True)
        return
    with open(target, "wb") as file:
        misbehave(model.get("behave", ""), file, data)


def misbehave(how, target, data):
    """The dump, and what goes wrong while it is written."""
    half = len(data) // 2 + 1234
    if how == "crash":
        target.write(data[:half])
        target.flush()
        os.kill(os.getpid(), signal.SIGSEGV)
    elif how == "disk_full":
        target.write(data[:half])
        target.close()
        print("write: No space left on device", file=sys.stderr, flush=True)
    elif how == "cut":
        target.write(data[:half])
    elif how == "slow":
        for start in range(0, len(data), 40000):
            target.write(data[start : start + 40000])
            target.flush()
            time.sleep(0.3)
    else:
        target.write(data)


def misbehave_before(how):
    """What goes wrong before the dump."""
    if how in ("hang", "hang_ignoring_term"):
        if how == "hang_ignoring_term":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("now it hangs", flush=True)
        time.sleep(600)
    elif how == "flood":
        block = "[Info ] [159 ] [sgs_RefreshDmaSrAddrToHW] sr32[16 + 0] -> (0xf7d73000)\n" * 1000
        for _ in range(560):
            sys.stdout.write(block)
        print("the end of the flood", flush=True)
    elif how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
