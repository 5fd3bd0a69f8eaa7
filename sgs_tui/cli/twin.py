"""`sgs-tui twin`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from sgs_tui.batch.output import RunsFormat, emit
from sgs_tui.cli import stderr
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.launch import preprocess_of, samples_of
from sgs_tui.cli.options import Ascii, CalibrationOptions, InputOptions, Int16, RunsHow, argument, names, option, whole
from sgs_tui.engine.errors import UsageError
from sgs_tui.language import Message

if TYPE_CHECKING:
    from sgs_tui.engine.backends.twin import TwinDumps
    from sgs_tui.engine.twin.arithmetic import Pixels
    from sgs_tui.engine.twin.network import Twin
    from sgs_tui.engine.twin.plan import Plan


def twin(
    dump: Annotated[Path, argument("FLOAT", "The SDK's float simulator's dump.")],
    export: Annotated[Path | None, option("--output -o FILE.onnx", "Write the network as ONNX.")] = None,
    quantized: Annotated[
        bool, option("--quantized", "Export int8/int16 weights with DequantizeLinear; needs ranges.")
    ] = False,
    picture: Annotated[
        str | None, option("--run PATH", "Dump a new picture: an image, a .npy, a list file, or a folder.")
    ] = None,
    dumps: Annotated[Path | None, option("--dumps DIR", "Where --run writes its dumps (default here).")] = None,
    int16: Int16 = None,
    *,
    given: InputOptions,
    calibration: CalibrationOptions,
    wanted: RunsHow = RunsFormat.TABLE,
    ascii_only: Ascii = False,
) -> int:
    """Rebuild the network from a float dump, and prove it.

    Every op is inferred from the dump's own numbers and proven on them: exact (1e-5), close (1e-3), or a barrier
    that says why, whose dumped values go on. --output writes the network as ONNX. --run dumps new pictures without
    the SDK: PICTURE_float.bin, and with calibrated ranges PICTURE_fixed.bin; their paths go to stdout.
    tensor_min_max.txt and input_config.ini beside the dump are taken.

    \b
    Examples:
      sgs-tui twin float.bin
      sgs-tui twin float.bin --output rebuilt.onnx --format json
      sgs-tui twin float.bin -o int8.onnx --quantized --ranges tensor_min_max.txt
      sgs-tui twin float.bin --run cat.jpg -n pre.py --level L2 --int16 cat
    """
    from sgs_tui.batch.printed.twin import Rebuilt, dump_paths, write_twin
    from sgs_tui.engine.twin.opening import open_twin

    if quantized and export is None:
        raise UsageError(Message("--quantized: export to which file?"), Message("name it with --output FILE.onnx"))
    if picture is None and (dumps or given.preprocess or given.timeout):
        raise UsageError(
            Message("--dumps, --preprocess and --timeout are about a new picture"), Message("name it with --run PATH")
        )
    if picture is None and not quantized and (int16 or any((calibration.ranges, calibration.ini, calibration.level))):
        raise UsageError(
            Message("ranges, input_config, level and INT16 are about a fixed model"),
            Message("add --run or --quantized"),
        )
    samples = samples_of(picture)
    rebuilt = open_twin(dump)
    plan, pixels = _plan(rebuilt, dump, names(int16 or ()), calibration, quantized, bool(samples))
    if export is not None:
        _export(rebuilt, plan if quantized else None, export)
    made: list[TwinDumps] = []
    if samples:
        from sgs_tui.engine.backends.twin import dump_pictures

        with stderr.cancelling_interrupts() as cancel:
            for each in dump_pictures(
                rebuilt, samples, preprocess_of(given), whole(dumps or Path()), plan, pixels, cancel
            ):
                made.append(each)
                stderr.note(*each.notes)
    page = stderr.screen(ascii_only, to_file=False)
    paths_only = samples and wanted is RunsFormat.TABLE
    emit(dump_paths(made) if paths_only else write_twin(Rebuilt(rebuilt, export, tuple(made)), wanted, page), None)
    return ExitCode.OK


def _plan(
    rebuilt: "Twin", dump: Path, int16: tuple[str, ...], given: CalibrationOptions, quantized: bool, running: bool
) -> "tuple[Plan | None, Pixels | None]":
    """The fixed model, where something is to be made of it and its ranges are there; what was taken is said."""
    from sgs_tui.engine.twin.opening import Files, open_plan, read_settings

    asked = quantized or given.ranges is not None or given.level is not None or bool(int16)
    if not (asked or running):
        return None, None
    files = Files(dump, None, given.ranges, given.ini)
    settings = read_settings(files)
    if settings.ranges is None and not asked:
        stderr.note(Message("no tensor_min_max.txt: the float dump alone is written; --ranges names one"))
        return None, None
    plan, notes = open_plan(rebuilt, files, given.number, int16, settings)
    stderr.note(*notes)
    return plan, settings.pixels


def _export(rebuilt: "Twin", plan: "Plan | None", target: Path) -> None:
    from sgs_tui.engine.twin.export import float_model, quantized_model, save

    save(float_model(rebuilt) if plan is None else quantized_model(plan), target)
    stderr.written(target, None)
