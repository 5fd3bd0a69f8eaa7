"""`sgs-tui whatif`."""

from pathlib import Path
from typing import Annotated

from sgs_tui.batch.output import RunsFormat, check_target, emit
from sgs_tui.cli import options, stderr
from sgs_tui.cli.exits import ExitCode
from sgs_tui.engine.errors import UsageError
from sgs_tui.language import Message


def whatif(
    paths: Annotated[
        list[Path], options.argument("[FIXED] FLOAT", "The fixed dump where there is one, the float dump.")
    ],
    int16: options.Int16 = None,
    *,
    calibration: options.CalibrationOptions,
    profile: options.ProfileName = None,
    everything: Annotated[bool, options.option("--all", "Show the layers that stay as they are too.")] = False,
    wanted: options.RunsHow = RunsFormat.TABLE,
    output: options.Output = None,
    ascii_only: options.Ascii = False,
) -> int:
    """Foresee every layer's figures with other tensors in INT16.

    Nothing is converted: the twin of the float dump is quantized by the simulator's own arithmetic. --int16 names
    exactly the convolution inputs that are to be INT16 (any tensor where onnxruntime quantized); those that are now and
    are not named go back to 8 bit. Branches of concats and channels of outputs are judged as compare does.
    With FIXED the twin is first held against it, and says how well it foresees it. Without, calibrated ranges and the
    level tell what the fixed model would be. tensor_min_max.txt and input_config.ini beside the dumps are taken.
    Exit code 1 where layers would fail.

    \b
    Examples:
      sgs-tui whatif fixed.bin float.bin --int16 cat
      sgs-tui whatif fixed.bin float.bin --int16 cat,pool --profile sop --all
      sgs-tui whatif float.bin --ranges tensor_min_max.txt --level L2
      sgs-tui whatif float.bin --level L2 --int16 ALL --format json -o all.json
    """
    from sgs_tui.batch.printed.whatif import Answered, self_check_line, write_whatif
    from sgs_tui.engine.compare.limits import load_profile
    from sgs_tui.engine.optimize.limits import limits_of
    from sgs_tui.engine.twin.opening import Files, check_names, open_subject
    from sgs_tui.engine.twin.whatif import whatif as foresee

    if len(paths) > 2:
        raise UsageError(
            Message("{paths} dumps given, expected FIXED FLOAT or FLOAT", paths=len(paths)),
            Message("compare two stages of one network"),
        )
    check_target(output, tuple(paths))
    limits = load_profile(profile or options.DEFAULT_PROFILE)
    files = Files(paths[-1], paths[0] if len(paths) == 2 else None, calibration.ranges, calibration.ini)
    with stderr.cancelling_interrupts() as cancel:
        opened = open_subject(files, calibration.number, cancel)
        subject = opened.subject
        twin = subject.plan.twin
        chosen = sorted(subject.plan.raised) if int16 is None else options.names(int16)
        check_names(twin, () if int16 is None else chosen, subject.plan)
        bounds, about = limits_of(limits, twin)
        answer = foresee(subject, chosen, bounds, exact=int16 is None, bars=True, cancel=cancel)
    notes = (*opened.notes, *about)
    stderr.note(*notes)
    if answer.check is not None and not answer.check.trusted:
        stderr.warning(self_check_line(answer.check))
    page = stderr.screen(ascii_only, to_file=output is not None)
    done = Answered(files, limits.name, subject.plan.level, answer, notes, everything, opened.promoted)
    emit(write_whatif(done, wanted, page), output, tuple(paths))
    return ExitCode.OVER_LIMITS if answer.failing else ExitCode.OK
