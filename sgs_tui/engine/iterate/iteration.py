"""One iteration: convert, calibrate, dump both stages, compare with the state before. Runs inside the worker."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Event

from sgs_tui.engine.compare.baseline import Baseline, layers_json
from sgs_tui.engine.compare.regression import regress
from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.configs.profile_files import load_profile
from sgs_tui.engine.configs.profiles import Profile
from sgs_tui.engine.errors import CancelledError, RunError, SgsError
from sgs_tui.engine.iterate.files import BEFORE_FILE, FIXED_DUMP, FLOAT_DUMP, LAYERS_FILE
from sgs_tui.engine.iterate.journalling import carry_over, outcome_text
from sgs_tui.engine.iterate.places import Place
from sgs_tui.engine.iterate.plan import Plan
from sgs_tui.engine.iterate.requests import calibrate_request, convert_request, dump_request, sdk_of
from sgs_tui.engine.iterate.state import load_state, measure
from sgs_tui.engine.iterate.steps import STEPS, Stepper, publish
from sgs_tui.engine.journal import Kind, append, entry, journal_of
from sgs_tui.engine.simulate.runs import Run, RunRequest


class Iteration:
    """One iteration, in the working directory of its run, which is the current one."""

    def __init__(self, plan: Plan, cancel: Event, say: Callable[[str], None], bar: Callable[[str], None]) -> None:
        self._plan, self._config = plan, plan.config
        self._cancel, self._say = cancel, say
        self._folder = Path.cwd().parent
        self._profile: Profile = load_profile(plan.config.profile)
        self._sdk = sdk_of(plan.config, os.environ)
        self._first = plan.before is None and plan.config.float_model.is_file() and plan.config.fixed_model.is_file()
        count = 3 + bool(plan.config.convert) + 2 * self._first
        self._stepper = Stepper(self._folder / STEPS, count, cancel, say, bar)
        self._number = 0

    def run(self) -> None:
        """Do everything. Raises SgsError; the journal then says what failed."""
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
            self._say("nothing is known of the state before, and there are no models to dump it from")
            return None
        fixed, float_ = self._dumps("before, ")
        return measure(_place(self._folder, fixed, float_), self._profile, self._cancel)

    def _make(self) -> None:
        config = self._config
        if config.convert:
            try:
                self._step("convert", convert_request(config, self._sdk, os.environ))
            except RunError as error:
                raise _with_loss(error, config.float_model) from error
        self._step("calibrate", calibrate_request(config, self._sdk, os.environ))

    def _dumps(self, what: str) -> tuple[Run, Run]:
        """(fixed, float)."""
        config = self._config
        float_ = self._step(f"{what}dump float", dump_request(config, config.float_model, self._sdk, os.environ))
        return self._step(f"{what}dump fixed", dump_request(config, config.fixed_model, self._sdk, os.environ)), float_

    def _finish(self, before: Baseline | None) -> None:
        """Dump what was made, compare, leave everything in the run folder."""
        fixed, float_ = self._dumps("")
        after = measure(_place(self._folder, fixed, float_), self._profile, self._cancel)
        for run, name in ((float_, FLOAT_DUMP), (fixed, FIXED_DUMP)):
            assert run.dump is not None
            publish(run.dump, name)
        if fixed.ranges is not None:
            shutil.copyfile(fixed.ranges, self._folder / fixed.ranges.name)
        Path(LAYERS_FILE).write_bytes(layers_json(after.layers, after.profile))
        if before is not None:
            (self._folder / BEFORE_FILE).write_bytes(layers_json(before.layers, before.profile))
        text = _told(before, after)
        self._note(text, Kind.RESULT)
        self._say(text)

    def _step(self, title: str, request: RunRequest) -> Run:
        self._number += 1
        return self._stepper.run(self._number, title, request)

    def _note(self, text: str, kind: Kind) -> None:
        append(journal_of(self._folder), [entry(text, kind)])


def _place(folder: Path, fixed: Run, float_: Run) -> Place:
    assert fixed.dump is not None and float_.dump is not None
    return Place(folder, fixed.dump, float_.dump, fixed.ranges or float_.ranges)


def _with_loss(error: RunError, model: Path) -> RunError:
    """A failed converter deletes the float model that was there."""
    if model.exists():
        return error
    return RunError(f"{error.message}; {model.name} is gone, the converter deletes it first", error.hint)


def _told(before: Baseline | None, after: Baseline) -> str:
    failed = sum(layer.verdict is Verdict.FAIL for layer in after.layers)
    if before is None:
        return f"{failed} of {len(after.layers)} layers fail"
    was = sum(layer.verdict is Verdict.FAIL for layer in before.layers)
    return outcome_text(regress(after.layers, before.layers), was, failed)
