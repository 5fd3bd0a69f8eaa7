"""Making models again in two steps: `propose` says exactly what would be done, `begin` does it.

Nothing is written or started by `propose`, and everything that can be known to fail fails there.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sgs_tui.engine.configs.reading import read_bytes
from sgs_tui.engine.errors import InputError, RunError, SgsError
from sgs_tui.engine.iterate.config import IterateConfig
from sgs_tui.engine.iterate.embedded import int16_of, requantise_demo, requantised
from sgs_tui.engine.iterate.ini_change import IniChange, ini_change, write_change
from sgs_tui.engine.iterate.journalling import journal_change, journal_request
from sgs_tui.engine.iterate.loops import Commands, Demo, Loop, Requantised
from sgs_tui.engine.iterate.places import INI, Place
from sgs_tui.engine.iterate.start import check_idle, iteration_request, iterations_root, state_before
from sgs_tui.engine.simulate.checks import Level, check_request
from sgs_tui.engine.simulate.run_list import Run, list_runs
from sgs_tui.engine.simulate.run_request import RunRequest
from sgs_tui.engine.simulate.runs import start_run


@dataclass(frozen=True, slots=True)
class Wanted:
    """Tensors to raise, tensors to take back, and the first inputs of all convolutions (None: not known)."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    conv_inputs: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be done. `names`: what has 16 bits then; `ini`: the file that `change` is about, if any.

    `request`: the run to start in `root`; None where the work is done at once. `before`: the state that the new one
    is to be held against (None: none is known, or it is the caller's). `warnings`: what to know beforehand.
    """

    loop: Loop
    names: tuple[str, ...]
    ini: Path | None = None
    change: IniChange | None = None
    request: RunRequest | None = None
    root: Path | None = None
    before: Path | None = None
    warnings: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether other tensors get 16 bits than now."""
        if isinstance(self.loop, Requantised):
            return self.names != int16_of(self.loop.run)
        return self.change is not None and self.change.changes


@dataclass(frozen=True, slots=True)
class Begun:
    """What was begun: a run in the background, or (None) the demo, which is made again already.

    `backup`: what was in the ini before, where there was something.
    """

    run: Path | None
    backup: Path | None = None


def propose(loop: Loop, wanted: Wanted, environ: Mapping[str, str] = os.environ) -> Proposal:
    """What making the models again with other tensors in 16 bit comes to. Raises SgsError where it can not be."""
    match loop:
        case Commands(config):
            return _by_commands(loop, config, wanted, environ)
        case Requantised(run):
            return _as_a_run(loop, run, wanted)
        case Demo(place):
            ini = place.ini or place.folder / INI
            change = ini_change(read_bytes(ini), wanted.add, wanted.remove, wanted.conv_inputs)
            return Proposal(loop, change.names, ini, change)


def begin(proposal: Proposal) -> Begun:
    """Write what changes and start. Raises SgsError; where the ini is written already it says so."""
    match proposal.loop:
        case Commands(config):
            check_idle(config, iterations_root(config))
            return _start_iteration(proposal)
        case Requantised(run):
            path = _start(proposal)
            journal_request(path, run.folder.path, ",".join(proposal.names))
            return Begun(path)
        case Demo(place):
            return _make_demo(place, proposal)


def _by_commands(loop: Loop, config: IterateConfig, wanted: Wanted, environ: Mapping[str, str]) -> Proposal:
    root = iterations_root(config)
    check_idle(config, root)
    before = state_before(config, root)
    if not config.ini.is_file():
        raise InputError(f"{config.ini}: no such file", "name it with `ini` in sgs-tui.toml")
    change = ini_change(read_bytes(config.ini), wanted.add, wanted.remove, wanted.conv_inputs)
    request = iteration_request(config, change, before, environ)
    warnings = (*request.warnings, *_checked(request, root))
    return Proposal(loop, change.names, config.ini, change, request, root, before, warnings)


def _as_a_run(loop: Loop, run: Run, wanted: Wanted) -> Proposal:
    request, root = requantised(run, wanted.add, wanted.remove), run.folder.root
    names = tuple(name for name in request.details["int16"].split(",") if name)
    return Proposal(loop, names, request=request, root=root, before=run.folder.path, warnings=_checked(request, root))


def _checked(request: RunRequest, root: Path) -> tuple[str, ...]:
    """What the checks before a start warn of. Raises RunError for what would keep the run from starting."""
    findings = check_request(request, root, list_runs(root))
    for finding in findings:
        if finding.level is Level.ERROR:
            raise RunError(finding.message, finding.hint)
    return tuple(f"{finding.message} ({finding.hint})" for finding in findings)


def _start_iteration(proposal: Proposal) -> Begun:
    """The worker reads the ini, so it is written first."""
    assert proposal.ini is not None and proposal.change is not None
    backup = write_change(proposal.ini, proposal.change)
    try:
        return Begun(_start(proposal), backup)
    except SgsError as error:
        written = f"; {proposal.ini.name} is written already" if proposal.changes else ""
        raise RunError(f"{error.message}{written}", error.hint) from error


def _start(proposal: Proposal) -> Path:
    assert proposal.request is not None
    return start_run(proposal.request, proposal.root).path


def _make_demo(place: Place, proposal: Proposal) -> Begun:
    assert proposal.ini is not None and proposal.change is not None
    requantise_demo(place, proposal.change)
    journal_change(place.sample, proposal.ini, proposal.change)
    return Begun(None)
