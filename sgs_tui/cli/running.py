"""`sgs-tui run`, once its options are read: start the runs of both stages, then compare what they left."""

from pathlib import Path
from typing import TYPE_CHECKING

from sgs_tui.cli import complaints
from sgs_tui.cli.comparing import Pairing, check_report, compare_all, first_of, pairing
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.launching import Launch, launch
from sgs_tui.cli.report_options import ReportOptions
from sgs_tui.cli.run_options import ModelType
from sgs_tui.engine.errors import UsageError

if TYPE_CHECKING:
    from sgs_tui.cli.local_requests import LocalOptions
    from sgs_tui.cli.sdk_requests import SdkOptions
    from sgs_tui.engine.simulate.runs import Run, RunRequest

Pairs = list[tuple["Run", "Run"]]


def simulated(
    float_model: Path, fixed_model: Path, options: "SdkOptions", how: Launch, report: ReportOptions, hint: bool
) -> int:
    """Both stages by the SDK's simulator."""
    from sgs_tui.cli.sdk_requests import sdk_requests

    kind = None if float_model.name.endswith("_cmodel_float.sim") else ModelType.FLOAT
    floats = sdk_requests(float_model, kind, options)
    fixeds = sdk_requests(fixed_model, ModelType.FIXED, options)
    _check(report, how, len(floats))
    both = [request for pair in zip(floats, fixeds, strict=True) for request in pair]
    runs = launch(both, how)
    if how.detach:
        return _leave(runs)
    pairs = list(zip(runs[1::2], runs[::2], strict=True))
    if hint:
        _tell_fused(pairs)
    return _compare(pairs, report)


def embedded(
    model: Path,
    calibrate: str | None,
    options: "LocalOptions",
    int16: tuple[str, ...],
    per_tensor: bool,
    how: Launch,
    report: ReportOptions,
) -> int:
    """Both stages by the embedded simulator: one run."""
    from sgs_tui.cli.local_requests import embedded_request

    if calibrate is None:
        raise UsageError("--onnx needs images to calibrate with", "give --calibrate PATH: a folder, a list, an image")
    request: RunRequest = embedded_request(model, options, calibrate, int16, per_tensor)
    _check(report, how, 1)
    (run,) = launch([request], how)
    return _leave((run,)) if how.detach else _compare([(run, run)], report)


def _check(report: ReportOptions, how: Launch, pairs: int) -> None:
    if not how.detach:
        check_report(report, pairs)
    elif report.prints:
        raise UsageError("--detach does not wait for a comparison", "`sgs-tui runs compare` makes it later")


def _leave(runs: "tuple[Run, ...]") -> ExitCode:
    """What a detached command prints: the folders; comparing comes later."""
    from sgs_tui.batch.output import emit
    from sgs_tui.engine.text import encode

    emit(encode("".join(f"{run.folder.path}\n" for run in runs)), None)
    complaints.note("`sgs-tui runs compare` compares the newest pair once both are there")
    return ExitCode.OK


def _compare(pairs: Pairs, report: ReportOptions) -> ExitCode:
    """Compare every pair of good dumps; a run that failed keeps only its own pair from it."""
    found = [pairing(sample, benchmark) for sample, benchmark in pairs]
    good: list[Pairing] = [pair for pair in found if pair is not None]
    codes = [] if len(good) == len(found) else [ExitCode.RUN_FAILED]
    return first_of([*codes, compare_all(good, report)])


def _tell_fused(pairs: Pairs) -> None:
    """Say once that layers are missing from the fixed dumps, and how to get them back."""
    from sgs_tui.engine.numbers import count
    from sgs_tui.engine.simulate.fused_layers import fused_layers

    dumps = [(fixed.dump, float_.dump) for fixed, float_ in pairs]
    lost = next((fused_layers(fixed, float_) for fixed, float_ in dumps if fixed and float_), 0)
    if lost:
        complaints.note(
            f"{count(lost, 'layer')} of the float dump {'is' if lost == 1 else 'are'} not in the fixed one: fused when "
            "that model was made; calibrate with disableDomainFuseOps to keep them "
            "(`sgs-tui debugconfig set --preset fixed-without-fusion`); --no-fuse-hint silences this"
        )
