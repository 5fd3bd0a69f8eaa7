"""Bad inputs against the command line: each must end with one clear line and a documented exit code.

    python -m tests.benchmarks.bench_attacks [--only TEXT] [--jobs N] [--verbose]

Every case makes its input in a folder of its own and runs one command there. It passes where the exit code is one of
those expected, stderr is plain lines of this program (no traceback, no control characters), nothing took over
10 s or 500 MB, and the files that were there before are the same bytes afterwards. The exit code is 1 where any case
fails. Files are sparse or made on the spot: nothing large is written. odd_names.py adds an odd name of a file or folder
for every argument and option of every command.
"""

import argparse
import hashlib
import json
import os
import pickle
import resource
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY / "tests" / "data" / "sgs" / "bad"
GOOD_FIXED, GOOD_FLOAT = "fixed.bin", "float.bin"
SECONDS, MEGABYTES = 10.0, 500.0

Make = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Attack:
    """One command over one bad input. `make` writes into the case's folder, which holds a good pair already."""

    name: str
    command: tuple[str, ...]
    make: Make
    codes: frozenset[int] = frozenset({3})
    stdout: str | None = None
    """A file or device that takes stdout; "closed-stderr" closes stderr."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case."""

    attack: Attack
    code: int
    seconds: float
    megabytes: float
    complaints: tuple[str, ...] = field(default=())


# Files of every wrong kind.


def holds(name: str, content: bytes) -> Make:
    def make(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return make


def fifo(name: str) -> Make:
    return lambda folder: os.mkfifo(folder / name)


def link(name: str, target: str) -> Make:
    return lambda folder: (folder / name).symlink_to(target)


def directory(name: str) -> Make:
    return lambda folder: (folder / name).mkdir()


def sparse(name: str, head: bytes, size: int) -> Make:
    def make(folder: Path) -> None:
        with (folder / name).open("wb") as file:
            file.write(head)
            file.truncate(size)

    return make


def a_model(folder: Path) -> None:
    shutil.copy(DATA.parent / "onnx" / "tiny.onnx", folder / "net.onnx")
    np.save(folder / "x.npy", np.zeros((1, 3, 32, 32), np.float32))


def nothing(folder: Path) -> None:
    """The name stays missing."""


def odd_files(name: str) -> dict[str, Make]:
    """What a path can be besides a good regular file."""
    return {
        "missing": nothing,
        "a folder": directory(name),
        "a FIFO": fifo(name),
        "/dev/zero": link(name, "/dev/zero"),
        "a link to itself": link(name, name),
        "a dangling link": link(name, "nowhere"),
        "empty": holds(name, b""),
        "random bytes": holds(name, np.random.default_rng(1).bytes(5000)),
        "zeros, a sparse terabyte": sparse(name, b"", 1 << 40),
    }


_MOST = ("a FIFO", "/dev/zero", "a link to itself", "random bytes", "zeros, a sparse terabyte")


def oddest_files(name: str) -> dict[str, Make]:
    """Those of them that a reader is likeliest to be wrong about."""
    odd = odd_files(name)
    return {kind: odd[kind] for kind in _MOST}


def header(name: bytes, size: int | bytes, number: int = 0) -> bytes:
    declared = size if isinstance(size, bytes) else b"%d" % size
    first = b"//out 0 s: 0.000000 z: 0 type: float name: " + name + b" bConstant:0\n"
    return first + b"op_out[%d] RELU = {\n//buffer data size: %s\n" % (number, declared)


def bad_dumps() -> dict[str, tuple[Make, frozenset[int]]]:
    """Dumps that are damaged: 3, or fine with what can be read."""
    head = b"isFloat: 1\n"
    three = frozenset({3})
    return {
        **{kind: (make, three) for kind, make in odd_files("bad.bin").items()},
        "only the first line": (holds("bad.bin", head), three),
        "no newline": (holds("bad.bin", b"isFloat: 1"), three),
        "UTF-16": (holds("bad.bin", "isFloat: 1\n//out".encode("utf-16")), three),
        "gzip": (holds("bad.bin", b"\x1f\x8b\x08\x00" + bytes(60)), three),
        "an ONNX model": (holds("bad.bin", b"\x08\x07\x12\x04test" * 50), three),
        "a header 400,000 times": (holds("bad.bin", head + b"//out 0 s: " * 200_000), three),
        "a long name without end": (
            holds("bad.bin", head + b"//out 0 s: 0.0 z: 0 type: float name: " + b"x" * 3_000_000),
            three,
        ),
        "a size over the file": (holds("bad.bin", head + header(b"a", 1 << 40)), three),
        "a size of 4,000 digits": (holds("bad.bin", head + header(b"a", b"9" * 4000)), three),
        "a negative size": (holds("bad.bin", head + header(b"a", -4) + bytes(8)), three),
        "a size in letters": (holds("bad.bin", head + header(b"a", b"many") + bytes(8)), three),
        "a sparse terabyte behind a header": (sparse("bad.bin", head + header(b"a", 4), 1 << 40), three),
        "a terabyte that is promised": (
            sparse("bad.bin", head + header(b"a", 1 << 40), (1 << 40) + 200),
            frozenset({0, 1, 3, 5}),
        ),
        "brackets without end": (
            holds(
                "bad.bin",
                head + header(b"a", 4).replace(b"bConstant:0", b"bConstant:0 shape:" + b"[" * 100_000) + bytes(4),
            ),
            frozenset({0, 5}),  # a name may hold anything, this too
        ),
        "a shape of 10,000 sizes": (
            holds(
                "bad.bin",
                head
                + header(b"a", 4).replace(b"bConstant:0", b"bConstant:0 shape:[" + b"9, " * 10_000 + b"] dims:4")
                + bytes(4),
            ),
            frozenset({0, 3, 5}),
        ),
        "escapes in a name": (holds("bad.bin", head + header(b"\x1b]0;owned\x07\x1b[2J", 8) + bytes(4)), three),
    }


def cut_dumps() -> Iterator[tuple[str, Make]]:
    whole = (DATA / "bad_float.bin").read_bytes()
    for share in np.linspace(0.001, 0.999, 12):
        cut = int(len(whole) * share)
        yield f"cut at byte {cut}", holds("bad.bin", whole[:cut])


def flipped_dumps() -> Iterator[tuple[str, Make]]:
    whole = bytearray((DATA / "bad_float.bin").read_bytes())
    rng = np.random.default_rng(5)
    for number in range(8):
        torn = whole.copy()
        for place in rng.integers(0, len(torn), 400):
            torn[place] = rng.integers(0, 256)
        yield f"400 bytes changed, {number}", holds("bad.bin", bytes(torn))


class Bomb:
    """Calls what it names when it is unpickled."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[object, ...]:
        return self.call


def hash_bomb(start: bytes, end: bytes, depth: int = 40) -> bytes:
    """A pair of the same pair, nested: hashing it takes 2^depth steps."""
    return b"\x80\x04" + start + b")q\x00" + b"0h\x00h\x00\x86q\x00" * depth + end + b"."


def repeated(call: bytes, times: int = 20_000) -> bytes:
    """A callable from builtins or _codecs on one large memo entry, over and over."""
    big = b"X" + (60_000).to_bytes(4, "little") + b"a" * 60_000 + b"q\x00"
    return b"\x80\x02](" + big + b"0" + call * times + b"e."


def pickles() -> dict[str, bytes]:
    return {
        "runs a command": pickle.dumps(Bomb(os.system, "touch owned")),
        "opens a file": pickle.dumps(Bomb(open, "owned", "w")),
        "evaluates": pickle.dumps(Bomb(eval, "1+1")),
        "hash bomb in a key": hash_bomb(b"}", b"K\x01s"),
        "hash bomb in a set": hash_bomb(b"\x8f(", b"\x90"),
        "hash bomb in a frozenset": hash_bomb(b"(", b"\x91"),
        "list of the memo, repeated": repeated(b"cbuiltins\nlist\nh\x00\x85R"),
        "bytearray of the memo, repeated": repeated(b"cbuiltins\nbytearray\nh\x00\x85R"),
        "encode of the memo, repeated": repeated(b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R"),
        "a large bytearray": pickle.dumps(Bomb(bytearray, 4 << 30)),
        "cut": pickle.dumps({"a": 1, "b": [2] * 1000})[:-9],
        "nested 100,000 deep": b"\x80\x02" + b"](" * 100_000 + b"e" * 100_000 + b".",
        "a long length": b"\x80\x04\x8d" + (1 << 60).to_bytes(8, "little") + b"abc",
        "a huge array": pickle.dumps(Bomb(np.zeros, (1 << 34,))),
        "shared lists, 2^40 when unfolded": b"\x80\x04]q\x00" + b"0(h\x00h\x00lq\x00" * 40 + b".",
        "not ranges": pickle.dumps("only a text"),
    }


def texts() -> dict[str, bytes]:
    return {
        "JSON nested 100,000 deep": b"[" * 100_000,
        "JSON with NaN": b'[{"name": "a", "min": [NaN], "max": [Infinity], "bit": 8}]',
        "JSON of wrong types": b'{"name": {"min": []}}',
        "lone surrogates": rb'[{"name": "\ud800", "min": "x", "max": [1], "bit": 8}]',
        "numbers of 5,000 digits": b"Name:a, min: " + b"9" * 5000 + b", max: 1;",
        "one line of 5 MB": b"Name:" + b"a" * 5_000_000,
        "half a line": b"Name:a, min: 1",
        "another language": "名称:a，最小: 1\n".encode("gbk"),
    }


# The commands.

RANGES = ("compare", GOOD_FIXED, GOOD_FLOAT, "--batch", "--ranges", "bad.txt")
SHAPES = ("compare", GOOD_FIXED, GOOD_FLOAT, "--batch", "--shapes", "bad.txt")
PROFILE = ("compare", GOOD_FIXED, GOOD_FLOAT, "--batch", "--profile", "./bad.toml")
BASELINE = ("compare", GOOD_FIXED, GOOD_FLOAT, "--batch", "--baseline", "bad.json")
INPUT = frozenset({2, 3})


def dump_attacks() -> Iterator[Attack]:
    for kind, (make, codes) in bad_dumps().items():
        yield Attack(f"inspect: {kind}", ("inspect", "bad.bin", "--batch"), make, codes)
        if kind not in odd_files(""):
            yield Attack(f"compare: {kind}", ("compare", "bad.bin", GOOD_FLOAT, "--batch"), make, codes | {1})
    for kind, make in cut_dumps():
        yield Attack(f"compare: {kind}", ("--batch", GOOD_FIXED, "bad.bin"), make, frozenset({3}))
    for kind, make in flipped_dumps():
        yield Attack(f"inspect: {kind}", ("inspect", "bad.bin", "--batch"), make, frozenset({0, 3}))
    for kind, make in oddest_files("bad.bin").items():
        yield Attack(f"split: {kind}", ("split", "bad.bin", "out"), make, INPUT)
        yield Attack(f"histogram: {kind}", ("histogram", "bad.bin", "--batch"), make, INPUT)


def side_file_attacks() -> Iterator[Attack]:
    for kind, make in odd_files("bad.txt").items():
        if kind != "empty":
            yield Attack(f"--ranges: {kind}", RANGES, make)
    for kind, make in oddest_files("bad.txt").items():
        yield Attack(f"--shapes: {kind}", SHAPES, make)
        yield Attack(f"quant show: {kind}", ("quant", "show", "bad.txt"), make)
        yield Attack(
            f"advise --check: {kind}",
            ("advise", "--check", "bad.txt"),
            make,
        )
        yield Attack(f"debugconfig check: {kind}", ("debugconfig", "check", "bad.txt"), make, INPUT | {1})
    for kind, make in oddest_files("bad.json").items():
        yield Attack(f"--baseline: {kind}", BASELINE, make)
    for kind, make in oddest_files("bad.toml").items():
        yield Attack(f"--profile: {kind}", PROFILE, make, INPUT)
    for kind, make in oddest_files("triage.jsonl").items():
        command = ("compare", GOOD_FIXED, GOOD_FLOAT, "--batch")
        yield Attack(f"journal beside the dump: {kind}", command, make, frozenset({1, 3}))
    for kind, content in {**pickles(), **texts()}.items():
        yield Attack(
            f"--ranges: {kind}",
            RANGES,
            holds("bad.txt", content),
            frozenset({1, 3}) if kind in ("numbers of 5,000 digits", "JSON with NaN") else frozenset({3}),
        )
    for kind, content in list(pickles().items())[::4]:
        yield Attack(f"quant show: {kind}", ("quant", "show", "bad.txt"), holds("bad.txt", content))


REPORTS: dict[str, object] = {
    "a number": 5,
    "another schema": {"schema": "sgs-tui/compare/999"},
    "layers that are a text": {"schema": "sgs-tui/compare/1", "layers": "x"},
    "layers of numbers": {"schema": "sgs-tui/compare/1", "layers": [1, None, []]},
    "a layer without a name": {"schema": "sgs-tui/compare/1", "layers": [{}]},
}


def baseline_attacks() -> Iterator[Attack]:
    for kind, document in REPORTS.items():
        yield Attack(f"--baseline: {kind}", BASELINE, holds("bad.json", json.dumps(document).encode()))
    for kind, content in {"nested": b"[" * 100_000, "cut": b'{"schema": "sgs-tui/compare/1", "lay'}.items():
        yield Attack(f"--baseline: {kind}", BASELINE, holds("bad.json", content))
    for kind, content in {
        "no TOML": b"= 5",
        "unknown key": b'name = "x"\n[fail]\nrmsee = 1\n',
        "a text for a number": b'name = "x"\n[fail]\nrmse = "much"\n',
        "nested": b"a = " + b"[" * 50_000,
    }.items():
        yield Attack(f"--profile: {kind}", PROFILE, holds("bad.toml", content), INPUT)


def run_folder(write: Callable[[Path], None]) -> Make:
    """A folder of runs with one bad run."""

    def make(folder: Path) -> None:
        run = folder / "sgs_runs" / "20260101-000000-net-fixed"
        run.mkdir(parents=True)
        (run / "request.json").write_text("{}")
        (run / "status.json").write_text("{}")
        write(run)

    return make


def over(name: str, write: Make) -> Make:
    """`name` of the run replaced by something else."""

    def make(run: Path) -> None:
        (run / name).unlink()
        write(run)

    return make


def runs_attacks() -> Iterator[Attack]:
    documents: dict[str, bytes] = {
        "a number": b"5",
        "a list": b"[1, 2]",
        "wrong types": b'{"state": 5, "pid": "x", "stage": [], "started": {}, "command": 7, "child": "1"}',
        "NaN": b'{"state": NaN, "started": NaN, "heartbeat": NaN}',
        "nested": b"[" * 100_000,
        "surrogates": rb'{"state": "\ud800", "title": "\udfff", "stage": "\ud83d"}',
        "escapes": rb'{"state": "\u001b[2J", "stage": "\u001b]0;x\u0007", "title": "\u001b[31m"}',
        "cut": b'{"state": "ru',
    }
    for name in ("status.json", "request.json"):
        for kind, content in documents.items():
            make = run_folder(over(name, holds(name, content)))
            yield Attack(f"runs list: {name}: {kind}", ("runs", "list"), make, frozenset({0}))
            if name == "status.json":
                yield Attack(f"runs show: {name}: {kind}", ("runs", "show", "net"), make, frozenset({0, 2, 3, 4}))
        for kind, odd in odd_files(name).items():
            make = run_folder(over(name, odd))
            yield Attack(f"runs list: {name} is {kind}", ("runs", "list"), make, frozenset({0}))
            if name == "request.json" and kind != "missing":
                command = ("runs", "delete", "20260101-000000-net-fixed", "--yes")
                yield Attack(f"runs delete: {name} is {kind}", command, make, frozenset({0}))


def as_output(target: str, how: str) -> Make:
    """`out` is `target` itself, by a hard link or by a symbolic one."""

    def make(folder: Path) -> None:
        if how == "hard link":
            os.link(folder / target, folder / "out")
        elif how == "symlink":
            (folder / "out").symlink_to(target)

    return make


def output_attacks() -> Iterator[Attack]:
    inputs = {
        "--ranges": "ranges.txt",
        "--profile": "./limits.toml",
        "--baseline": "old.json",
        "the sample": GOOD_FIXED,
        "the benchmark": GOOD_FLOAT,
    }
    options = ("--ranges", "ranges.txt", "--profile", "./limits.toml", "--baseline", "old.json")
    for what, target in inputs.items():
        for how in ("itself", "hard link", "symlink"):
            out = target if how == "itself" else "out"
            command = ("compare", GOOD_FIXED, GOOD_FLOAT, "--batch", *options, "--format", "json", "--output", out)
            yield Attack(f"--output over {what}: {how}", command, as_output(target, how), frozenset({2}))
    for name in ("ranges.txt", "limits.toml"):
        option = "--ranges" if name == "ranges.txt" else "--profile"
        command = ("advise", GOOD_FIXED, GOOD_FLOAT, option, f"./{name}", "--output", name)
        yield Attack(f"advise --output over {option}", command, nothing, frozenset({2}))
    check = ("advise", "--check", "input_config.ini", "--output", "input_config.ini")
    yield Attack("advise --check --output over the ini", check, nothing, frozenset({2}))
    yield Attack(
        "inspect --output over the dump", ("inspect", GOOD_FLOAT, "--output", GOOD_FLOAT), nothing, frozenset({2})
    )
    yield Attack(
        "--bundle over the sample", ("compare", GOOD_FIXED, GOOD_FLOAT, "--bundle", GOOD_FIXED), nothing, frozenset({2})
    )


def model_attacks() -> Iterator[Attack]:
    for kind, make in oddest_files("bad.onnx").items():
        yield Attack(
            f"dump onnx: {kind}", ("dump", "onnx", "-m", "bad.onnx", "--input", "x=x.npy"), make, frozenset({2, 3, 4})
        )
    for kind, make in oddest_files("bad.prototxt").items():
        command = ("dump", "caffe", "-m", "bad.prototxt", "-w", "ranges.txt", "-i", "x.npy")
        yield Attack(f"dump caffe: {kind}", command, make)
    for kind, make in oddest_files("core").items():
        yield Attack(f"core: {kind}", ("core", sys.executable, "core"), make)
    prototxt = b'name: "n"\ninput: "x"\ninput_shape { dim: m }\n'
    command = ("dump", "caffe", "-m", "bad.prototxt", "-w", "ranges.txt", "-i", "x.npy")
    yield Attack("dump caffe: dim: m", command, holds("bad.prototxt", prototxt))


def usage_attacks() -> Iterator[Attack]:
    compare = ("compare", GOOD_FIXED, GOOD_FLOAT, "--batch")
    for name, command in {
        "unknown format": (*compare, "--format", "yaml"),
        "unknown column": (*compare, "--sort", "beauty"),
        "bad filter": (*compare, "--filter", "rmse>>"),
        "top 0": (*compare, "--top", "0"),
        "unknown option": (*compare, "--what"),
        "unknown profile": (*compare, "--profile", "nobody"),
        "three paths": ("--batch", "a", "b", "c"),
        "unknown command": ("cmpare", "a", "b"),
        "inspect with no file": ("inspect",),
        "an empty name": ("--batch", "", ""),
        "output in a missing folder": (*compare, "--output", "no/such/place.json"),
        "output is a folder": (*compare, "--output", "."),
        "bins 0": ("histogram", GOOD_FLOAT, "--png", "p", "--bins", "0"),
        "a layer that is not there": ("inspect", GOOD_FLOAT, "--layer", "nobody"),
    }.items():
        yield Attack(f"usage: {name}", command, nothing, INPUT)
    for device in ("/dev/full",):
        yield Attack("stdout full: --help", ("--help",), nothing, frozenset({3}), device)
        yield Attack("stdout full: --version", ("--version",), nothing, frozenset({3}), device)
        yield Attack("stdout full: compare", compare, nothing, frozenset({3}), device)
    yield Attack("stderr closed: inspect", ("inspect", "missing.bin", "--batch"), nothing, INPUT, "closed-stderr")
    yield Attack(
        "stderr closed: dump", ("dump", "onnx", "-m", "missing.onnx"), nothing, frozenset({2, 3, 4}), "closed-stderr"
    )
    of_a_model = ("dump", "onnx", "-m", "net.onnx", "--input", "data=x.npy")
    yield Attack("stderr closed: a dump that works", of_a_model, a_model, frozenset({0}), "closed-stderr")


def attacks() -> list[Attack]:
    """Every case."""
    groups = (
        dump_attacks,
        side_file_attacks,
        baseline_attacks,
        runs_attacks,
        output_attacks,
        model_attacks,
        usage_attacks,
    )
    return [attack for group in groups for attack in group()]


# Running one.


def prepare(folder: Path) -> None:
    """A good pair and good side files, so that only one thing is wrong."""
    shutil.copy(DATA / "bad_fixed_dq.bin", folder / GOOD_FIXED)
    shutil.copy(DATA / "bad_float.bin", folder / GOOD_FLOAT)
    (folder / "ranges.txt").write_text("Name:gate, min: -1.0, max: 1.0;\n")
    (folder / "limits.toml").write_text("[fail]\nrmse = 0.5\n")
    (folder / "input_config.ini").write_text("[INPUT_CONFIG]\ninputs='input';\n")
    np.save(folder / "x.npy", np.zeros((1, 3, 8, 8), np.float32))
    (folder / "old.json").write_bytes(OLD_REPORT)


def old_report() -> bytes:
    command = [sys.executable, "-m", "sgs_tui", "--batch", "bad_fixed_dq.bin", "bad_float.bin", "--format", "json"]
    with tempfile.TemporaryDirectory() as home:  # onnxruntime keeps a file of its own there
        environ = environment(Path(home))
        return subprocess.run(command, cwd=DATA, env=environ, capture_output=True, check=False).stdout


def environment(home: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(REPOSITORY), "LC_ALL": "C.UTF-8"}


def prints(folder: Path) -> dict[str, str]:
    """Digests of the regular files that lie there."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode) and status.st_size < 10_000_000:
            found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def attack_in(attack: Attack, folder: Path) -> Outcome:
    """Run one case in `folder`."""
    prepare(folder)
    attack.make(folder)
    before = prints(folder)
    complaints_path = folder.parent / f"{folder.name}.stderr"
    before_it = ("sh", "-c", 'exec "$@" 2>&-', "sh") if attack.stdout == "closed-stderr" else ()
    start = time.monotonic()
    with (
        complaints_path.open("wb") as errors,
        open(attack.stdout if attack.stdout == "/dev/full" else os.devnull, "wb") as out,
    ):
        child = subprocess.Popen(
            [*before_it, sys.executable, "-m", "sgs_tui", *attack.command],
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            start_new_session=True,
        )
        resource.prlimit(child.pid, resource.RLIMIT_AS, (4 << 30, 4 << 30))  # this machine is not to suffer
        code, megabytes = waited(child, start)
    seconds = time.monotonic() - start
    said = complaints_path.read_bytes()
    return Outcome(
        attack,
        code,
        seconds,
        megabytes,
        tuple(complaints(attack, code, seconds, megabytes, said, before, prints(folder))),
    )


def waited(child: "subprocess.Popen[bytes]", start: float) -> tuple[int, float]:
    """Exit code and peak memory in MB; killed after three times the limit (code -9)."""
    while time.monotonic() - start < 3 * SECONDS:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return child.returncode, usage.ru_maxrss / 1024
        time.sleep(0.02)
    os.killpg(child.pid, 9)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_maxrss / 1024


def complaints(
    attack: Attack,
    code: int,
    seconds: float,
    megabytes: float,
    said: bytes,
    before: dict[str, str],
    after: dict[str, str],
) -> Iterator[str]:
    """What is wrong with how a case ended."""
    if code not in attack.codes:
        yield f"exit code {code}, expected {sorted(attack.codes)}"
    if b"Traceback" in said or b"internal error" in said:
        yield "a traceback"
    if any(byte < 32 and byte not in b"\n\r\t" for byte in said):
        yield "control characters on stderr"
    lines = attack_lines(said)
    if code in (2, 3, 4, 5) and attack.stdout != "closed-stderr" and not lines and not is_check(attack):
        yield "no line on stderr"
    if len(lines) > 1:
        yield f"{len(lines)} error lines"
    if seconds > SECONDS:
        yield f"{seconds:.1f} s"
    if megabytes > MEGABYTES:
        yield f"{megabytes:.0f} MB"
    if changed := [
        name for name, digest in before.items() if after.get(name, digest if "sgs_runs" in name else "") != digest
    ]:
        yield f"changed: {', '.join(changed)}"
    if "owned" in after:
        yield "code ran"


def attack_lines(said: bytes) -> list[bytes]:
    """The error lines of a stderr."""
    return [line for line in said.splitlines() if line.startswith(b"sgs-tui: error")]


def is_check(attack: Attack) -> bool:
    """What is wrong with the file is what such a command prints."""
    return "check" in attack.command or "--check" in attack.command


def line_of(outcome: Outcome) -> str:
    """A row of the table."""
    figures = f"{outcome.code:4}  {outcome.seconds:6.2f} s  {outcome.megabytes:5.0f} MB"
    return f"{outcome.attack.name:60.60}  {figures}  {'; '.join(outcome.complaints)}"


OLD_REPORT = b""


def main() -> int:
    """Run, print a table, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--verbose", action="store_true", help="every case")
    options = parser.parse_args()
    global OLD_REPORT  # noqa: PLW0603 (made once, read by every case)
    OLD_REPORT = old_report()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    chosen = [attack for attack in attacks() if options.only in attack.name]
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(options.jobs) as pool:
        folders = [Path(scratch) / str(number) for number in range(len(chosen))]
        for folder in folders:
            folder.mkdir()
        outcomes = list(pool.map(attack_in, chosen, folders))
    names, wrong_names = odd_names(options.jobs) if not options.only else (0, {})
    failed = [outcome for outcome in outcomes if outcome.complaints]
    for outcome in outcomes if options.verbose else failed:
        print(line_of(outcome))
    for command, found in wrong_names.items():
        print(f"{command:60}  {'; '.join(found)}")
    slowest = max(outcomes, key=lambda outcome: outcome.seconds)
    largest = max(outcomes, key=lambda outcome: outcome.megabytes)
    took = time.monotonic() - start
    total, wrong = len(outcomes) + names, len(failed) + len(wrong_names)
    print(
        f"{total} bad inputs, {names} of them odd names, in {took:.0f} s: {total - wrong} as they should, {wrong} not"
    )
    print(f"slowest {slowest.seconds:.2f} s: {slowest.attack.name}")
    print(f"largest {largest.megabytes:.0f} MB: {largest.attack.name}")
    return 1 if wrong else 0


def odd_names(jobs: int) -> tuple[int, dict[str, list[str]]]:
    """Every odd name for every option: how many there were, and what was wrong with which command."""
    command = [sys.executable, "-m", "tests.benchmarks.odd_names"]
    parts = [
        subprocess.Popen([*command, str(part), str(jobs)], cwd=REPOSITORY, stdout=subprocess.PIPE)
        for part in range(jobs)
    ]
    found = [json.loads(part.communicate()[0]) for part in parts]
    return sum(each["cases"] for each in found), {key: value for each in found for key, value in each["wrong"].items()}


if __name__ == "__main__":
    sys.exit(main())
