"""`sgs-tui advise FOLDER`: the demo, or a run that was quantised here; --apply closes the loop."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sgs_tui.cli import complaints
from sgs_tui.cli.advise_print import Printing, show, write_ini
from sgs_tui.cli.exits import ExitCode
from sgs_tui.engine.errors import InputError, RunError

if TYPE_CHECKING:
    from sgs_tui.batch.advice import Advised
    from sgs_tui.batch.outcome import Outcome
    from sgs_tui.engine.iterate.places import Place


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user wants of the advice."""

    profile: str
    marked: tuple[str, ...] = ()
    unmarked: tuple[str, ...] = ()
    ini: Path | None = None
    apply: bool = False


def advise_folder(folder: Path, wishes: Wishes, printing: Printing) -> ExitCode:
    """Advise on the comparison that a folder holds; with `apply` make the next one and compare."""
    from sgs_tui.engine.iterate.embedded import is_demo
    from sgs_tui.engine.iterate.places import place_of

    place = place_of(folder)
    found = _advised(place, wishes)
    if not wishes.apply:
        show(found, printing)
        return ExitCode.OK
    if is_demo(place) and wishes.ini is None:
        return _apply_to_demo(place, found, printing)
    if (folder / "request.json").is_file():
        return _apply_to_run(folder, found, wishes, printing)
    raise InputError(f"{folder}: was not quantised here, so it can not be quantised again", "name the dumps and --ini")


def _advised(place: "Place", wishes: Wishes) -> "Advised":
    from sgs_tui.batch.advice import advised, with_ini
    from sgs_tui.engine.configs.profile_files import load_profile
    from sgs_tui.engine.session import CompareRequest

    request = CompareRequest(place.sample, place.benchmark, place.ranges, profile=load_profile(wishes.profile))
    found = advised(request, wishes.marked, wishes.unmarked)
    ini = wishes.ini or place.ini
    return found if ini is None else with_ini(found, ini, wishes.unmarked)


def _apply_to_demo(place: "Place", found: "Advised", printing: Printing) -> ExitCode:
    from sgs_tui.engine.iterate.embedded import requantise_demo
    from sgs_tui.engine.iterate.journalling import journal_change

    assert found.change is not None and found.ini is not None
    if not found.change.changes:
        return _nothing_to_apply(found, printing)
    complaints.note(f"quantising {place.folder} again with {', '.join(found.change.names) or 'nothing'} in 16 bit")
    requantise_demo(place, found.change)
    journal_change(place.sample, found.ini, found.change)
    return _finish(place, place.sample, found, printing)


def _apply_to_run(folder: Path, found: "Advised", wishes: Wishes, printing: Printing) -> ExitCode:
    """A run that was quantised here is run again; of any other run only the file can be written."""
    from sgs_tui.cli.launching import Launch, launch
    from sgs_tui.engine.iterate.embedded import int16_of, requantised
    from sgs_tui.engine.iterate.journalling import journal_request
    from sgs_tui.engine.iterate.places import place_of
    from sgs_tui.engine.simulate.runs import RunState, read_run

    if wishes.ini is not None:
        show(found, printing, True, write_ini(found))
        return ExitCode.OK
    run = read_run(folder)
    request = requantised(run, found.advice.chosen, wishes.unmarked)
    names = request.details["int16"]
    if names == ",".join(int16_of(run)):
        return _nothing_to_apply(found, printing)
    (made,) = launch([request], Launch(root=run.folder.root, ascii_only=printing.ascii_only))
    if made.state is not RunState.OK:
        raise RunError(f"{made.name}: {made.state}", "the state before is untouched")
    after = place_of(made.folder.path)
    journal_request(after.folder, folder, names)
    return _finish(after, after.sample, found, printing)


def _nothing_to_apply(found: "Advised", printing: Printing) -> ExitCode:
    show(found, printing)
    complaints.note("nothing to apply: the tensors in 16 bit stay as they are")
    return ExitCode.OVER_LIMITS if found.report.summary.failed else ExitCode.OK


def _finish(after: "Place", sample: Path, found: "Advised", printing: Printing) -> ExitCode:
    """Compare the new dumps, write down and show what came of it."""
    from sgs_tui.engine.iterate.journalling import journal_result

    done = _outcome(after, found)
    failed = done.after.summary.failed
    assert done.after.since is not None
    journal_result(sample, done.after.since.regression, found.report.summary.failed, failed)
    show(found, printing, True, None, done)
    return ExitCode.OVER_LIMITS if failed else ExitCode.OK


def _outcome(after: "Place", found: "Advised") -> "Outcome":
    from sgs_tui.batch.outcome import outcome
    from sgs_tui.batch.phrases import headline
    from sgs_tui.engine.compare.baseline import Baseline
    from sgs_tui.engine.compare.regression import snapshot
    from sgs_tui.engine.session import CompareRequest

    before = found.report
    baseline = Baseline("the state before", before.profile.name, tuple(snapshot(row) for row in before.rows))
    request = CompareRequest(after.sample, after.benchmark, after.ranges, profile=before.profile)
    return outcome(request, after.folder, headline(before.summary), baseline)
