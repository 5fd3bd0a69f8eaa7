"""One iteration, in a worker: convert, calibrate, dump both stages, compare with the state before.

`python -m sgs_tui.engine.requantize.iteration plan.json` is started by a run's supervisor. Each step is a run in
`steps/` of the run folder; what the iteration leaves there itself: float.bin, fixed.bin, layers.json (the layers now),
before.json (the layers before), triage.jsonl (the journal, that of the state before carried over). An error goes to
failure.json. TERM, with which a run is cancelled, ends the step at work first. Apart because it is a program of its
own, that loads what the front ends need not.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event

from sgs_tui.engine.backends.elsewhere import elsewhere
from sgs_tui.engine.backends.sdk import SdkRequest, sdk_runs
from sgs_tui.engine.backends.sdk_install import Sdk, find_sdk, sdk_environment
from sgs_tui.engine.backends.start import start_run
from sgs_tui.engine.compare.baseline import Baseline, layers_json, regress
from sgs_tui.engine.compare.limits import Profile, load_profile
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.errors import CancelledError, RunError, SgsError, UsageError
from sgs_tui.engine.journal import Kind, append, entry, journal_of
from sgs_tui.engine.numbers import count
from sgs_tui.engine.requantize import network
from sgs_tui.engine.requantize.ini_change import carry_over, outcome_text
from sgs_tui.engine.requantize.state import IterationPlan, load_state, measure
from sgs_tui.engine.runs.known_failures import write_failure
from sgs_tui.engine.runs.log import LogReader
from sgs_tui.engine.runs.run_folder import Product, ProductKind, RunRequest, RunState
from sgs_tui.engine.runs.run_list import Run, read_run
from sgs_tui.engine.runs.runs import INTERVAL, cancel_run, snapshot, wait_run
from sgs_tui.engine.text import visible
from sgs_tui.language import Message, plural

Say = Callable[[str], None]
BACKEND = "command"
"""Backend of the user's own commands."""
STEPS = "steps"
"""The runs root of the steps, in the iteration's run folder."""

_LAST_LINES = 12
"""Lines of a failed step's log that the iteration's log repeats."""

GRACE = 30.0
"""Seconds that a worker told to stop may take to end its step."""


def sdk_of(config: network.IterateConfig, environ: Mapping[str, str]) -> Sdk:
    """The SDK whose simulator dumps. Raises UsageError where none is named, InputError where it is none."""
    try:
        return find_sdk(config.wish.root, config.wish, environ)
    except UsageError as error:
        hint = Message('write sdk = "/opt/SGS_IPU_SDK" into [iterate] of {file}, or set SGS_IPU_DIR', file=network.NAME)
        raise UsageError(error.message, hint) from error


def dump_request(config: network.IterateConfig, model: Path, sdk: Sdk, environ: Mapping[str, str]) -> RunRequest:
    """The dump of one model on the one image. Raises UsageError, InputError, RunError."""
    asked = SdkRequest(model=model, image=config.image, preprocess=config.preprocess, timeout=config.timeout)
    found = sdk_runs(asked, sdk, environ)
    if len(found) != 1:
        raise UsageError(
            Message("{path}: holds {number} images, an iteration compares one", path=config.image, number=len(found)),
            Message("name one file"),
        )
    return found[0]


def _command_request(
    config: network.IterateConfig, stage: str, command: str, needs: Sequence[Path], product: Path, sdk: Sdk
) -> RunRequest:
    request = RunRequest(
        argv=("bash", "--noprofile", "--norc", "-c", command),
        backend=BACKEND,
        model=str(product),
        stage=stage,
        products=(Product(str(product), ProductKind.FILE),),
        environment=None if sdk.way else sdk_environment(sdk, os.environ),
        cwd=str(config.folder),
        needs=tuple(map(str, needs)),
        timeout=config.timeout,
        details={"command": command, "sdk": str(sdk.root)},
    )
    return elsewhere(request, sdk.way, sdk.root)


class _Iteration:
    """One iteration, in the working directory of its run, which is the current one.

    `say` takes a line for the log, `bar` what is drawn over and over.
    """

    def __init__(self, plan: IterationPlan, cancel: Event, say: Say, bar: Say) -> None:
        self._plan, self._config = plan, plan.config
        self._cancel, self._say, self._bar = cancel, say, bar
        self._folder = Path.cwd().parent
        self._profile: Profile = load_profile(plan.config.profile)
        self._sdk = sdk_of(plan.config, os.environ)
        self._first = plan.before is None and plan.config.float_model.is_file() and plan.config.fixed_model.is_file()
        self._number, self._count = 0, 3 + bool(plan.config.convert) + 2 * self._first

    def run(self) -> None:
        """Raises SgsError; the journal then says what failed."""
        if self._plan.before is not None:
            carry_over(self._plan.before, self._folder)
        self._note(self._plan.change, Kind.TRIED)
        try:
            before = self._before()
            self._make()
            self._finish(before)
        except CancelledError:
            raise
        except SgsError as error:
            self._note(error.message, Kind.RESULT)
            raise

    def _before(self) -> Baseline | None:
        """The layers as they were: known, or dumped now from the models that are about to be replaced."""
        if self._plan.before is not None:
            return load_state(self._plan.before, self._profile)
        if not self._first:
            self._say(Message("nothing is known of the state before, and there are no models to dump it from"))
            return None
        fixed, float_ = self._dumps("before, ")
        return measure(_place(self._folder, fixed, float_), self._profile, self._cancel)

    def _make(self) -> None:
        config = self._config
        float_, fixed = config.float_model, config.fixed_model
        if config.convert:
            request = _command_request(config, "convert", config.convert, [config.ini], float_, self._sdk)
            try:
                self._step("convert", request)
            except RunError as error:
                if float_.exists():
                    raise
                message = Message(
                    "{problem}; {name} is gone, the converter deletes it first", problem=error.message, name=float_.name
                )
                raise RunError(message, error.hint) from error
        needs = [config.ini, float_]
        self._step("calibrate", _command_request(config, "calibrate", config.calibrate, needs, fixed, self._sdk))

    def _dumps(self, what: str) -> tuple[Run, Run]:
        config = self._config
        float_ = self._step(f"{what}dump float", dump_request(config, config.float_model, self._sdk, os.environ))
        return self._step(f"{what}dump fixed", dump_request(config, config.fixed_model, self._sdk, os.environ)), float_

    def _finish(self, before: Baseline | None) -> None:
        fixed, float_ = self._dumps("")
        after = measure(_place(self._folder, fixed, float_), self._profile, self._cancel)
        for run, name in ((float_, network.FLOAT_DUMP), (fixed, network.FIXED_DUMP)):
            assert run.dump is not None
            try:  # the same file under another name, in the working directory
                os.link(run.dump, name)
            except OSError:  # a file system without links
                shutil.copyfile(run.dump, name)
        if fixed.ranges is not None:
            shutil.copyfile(fixed.ranges, self._folder / fixed.ranges.name)
        Path(network.LAYERS_FILE).write_bytes(layers_json(after.layers, after.profile))
        if before is not None:
            (self._folder / network.BEFORE_FILE).write_bytes(layers_json(before.layers, before.profile))
        text = _told(before, after)
        self._note(text, Kind.RESULT)
        self._say(text)

    def _step(self, title: str, request: RunRequest) -> Run:
        """Do a step and wait for its end. Raises RunError when it did not end well, CancelledError when told to."""
        self._number += 1
        head = f"[{self._number}/{self._count}] {title}"
        self._check_cancelled()
        run = read_run(start_run(request, self._folder / STEPS).path)
        self._say(f"{head}: {run.folder.path}")
        run = self._watched(head, run)
        self._check_cancelled()
        if run.state is not RunState.OK:
            for line in LogReader(run.folder.log_path, 8 << 10).new_lines(ended=True)[-_LAST_LINES:]:
                self._say(f"    {line}")
            message = Message("{step} failed: {why}", step=title, why=run.status.message or run.state)
            hint = Message("{hint} (the step's log: {path})", hint=run.status.hint, path=run.folder.log_path)
            raise RunError(message, hint if run.status.hint else hint.strip())
        for text in (run.status.message, *(f"note: {note}" for note in run.status.notes)):
            self._say(f"{head}: {text}")
        return run

    def _watched(self, head: str, run: Run) -> Run:
        """`_cancel` is looked at once a second: a step that was started is always ended, whenever it is set."""
        told = ""
        while run.state.active:
            if self._cancel.is_set():
                cancel_run(run.folder.path)
                return wait_run(run.folder.path, GRACE)
            now = snapshot(run)
            drawn = f"{head}: {now.progress or now.last_line}"
            if drawn not in (told, f"{head}: "):
                told = drawn
                self._bar(drawn)
            run = wait_run(run.folder.path, INTERVAL)
        return run

    def _check_cancelled(self) -> None:
        if self._cancel.is_set():
            raise CancelledError(Message("the iteration was stopped"))

    def _note(self, text: str, kind: Kind) -> None:
        append(journal_of(self._folder), [entry(text, kind)])


def _place(folder: Path, fixed: Run, float_: Run) -> network.Place:
    assert fixed.dump is not None and float_.dump is not None
    return network.Place(folder, fixed.dump, float_.dump, fixed.ranges or float_.ranges)


def _told(before: Baseline | None, after: Baseline) -> str:
    failed = sum(layer.verdict is Verdict.FAIL for layer in after.layers)
    if before is None:
        return plural(
            failed, "{number} of {layers} fails", "{number} of {layers} fail", layers=count(len(after.layers), "layer")
        )
    was = sum(layer.verdict is Verdict.FAIL for layer in before.layers)
    return outcome_text(regress(after.layers, before.layers), was, failed)


def main(arguments: Sequence[str]) -> int:
    """Do the plan of the file named; the exit code is 0 or 1."""
    cancel = Event()
    signal.signal(signal.SIGTERM, lambda number, frame: cancel.set())
    path, output = Path(arguments[0]), _Output()
    try:
        _Iteration(IterationPlan.from_json(path.read_text("ascii"), path), cancel, output.say, output.bar).run()
    except SgsError as error:
        write_failure(error)
        output.say(f"{type(error).__name__}: {error}")
        return 1
    return 0


class _Output:
    """The run's log: lines, and a bar that is drawn over itself, since a line for each drawing would fill it."""

    def __init__(self) -> None:
        self._open = False

    def say(self, line: str) -> None:
        self._write(f"{chr(10) * self._open}{visible(line)}\n")
        self._open = False

    def bar(self, text: str) -> None:
        self._write(f"\r{visible(text)}")
        self._open = True

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
