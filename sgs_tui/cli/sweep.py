"""`sgs-tui sweep`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from sgs_tui.batch.output import FailOn
from sgs_tui.batch.sweeps import SweepFormat
from sgs_tui.cli import options, stderr
from sgs_tui.cli.exits import ExitCode, first_of
from sgs_tui.cli.launch import both_runs, picture_preprocess, samples_of
from sgs_tui.cli.options import option
from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.numbers import count
from sgs_tui.language import Message, joined

if TYPE_CHECKING:
    from sgs_tui.batch.sweeps.report import SweepReport
    from sgs_tui.engine.compare.limits import Profile
    from sgs_tui.engine.runs.run_folder import RunRequest
    from sgs_tui.engine.sweep.results import Picture
    from sgs_tui.engine.sweep.simulated import Simulator
    from sgs_tui.engine.sweep.sweep import Runner, SweepRequest

_SAID = 10
"""Pictures that could not be measured, and dumps that are kept, on stderr; the report and the folder have all."""
_FEW = 8
"""Pictures under which starting a Dask cluster takes longer than they do."""

_ADVISED = 5
"""Pictures whose runs of the SDK stay until INT16 is tried on the twin of their float dumps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keeping:
    """What is kept on disk of a sweep."""

    keep: Annotated[
        str, option("--keep worst:N|all|none", "With --float, --twin, --onnx: whose dumps are kept.", show_default=True)
    ] = "none"
    dumps: Annotated[
        Path | None, option("--dumps DIR", "Where --keep puts those of --twin and --onnx (default sgs_sweeps/dumps).")
    ] = None
    root: options.Root = None
    journal: Annotated[
        Path | None, option("--journal FILE", "Where finished pictures are kept (default ./sgs_sweeps).")
    ] = None
    no_journal: Annotated[bool, option("--no-journal", "Keep nothing; a sweep that is stopped begins again.")] = False

    def count(self) -> int | None:
        """How many of the worst pictures keep their dumps; None: all. Raises UsageError."""
        if self.keep in ("all", "none"):
            return None if self.keep == "all" else 0
        word, _, number = self.keep.partition(":")
        if word != "worst" or not re.fullmatch(r"0*[1-9][0-9]{0,8}", number):
            raise UsageError(
                Message("--keep {keep}: expected worst:5, all or none", keep=self.keep),
                Message("the worst are those that rank first"),
            )
        return int(number)

    @property
    def folder(self) -> Path:
        return self.dumps or Path("sgs_sweeps/dumps")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Where:
    """Where pictures are measured."""

    jobs: Annotated[
        int | None, option("--jobs -j N", "Pictures at a time, here or on each host (default one a core).", min=1)
    ] = None
    local: Annotated[bool, option("--local", "In plain processes here, even where Dask is installed.")] = False
    scheduler: Annotated[str, option("--scheduler tls://HOST:PORT", "On the Dask cluster that is there.")] = ""
    hosts: Annotated[list[str] | None, option("--hosts A,B,C", "On these hosts, over SSH; Dask is started there.")] = (
        None
    )
    remote_python: Annotated[str, option("--remote-python PYTHON", "With --hosts: the Python there.")] = ""
    tls_ca: Annotated[Path | None, option("--tls-ca FILE", "The cluster's certificate authority.")] = None
    tls_cert: Annotated[Path | None, option("--tls-cert FILE", "Our certificate.")] = None
    tls_key: Annotated[Path | None, option("--tls-key FILE", "Its key.")] = None
    insecure: Annotated[bool, option("--insecure", "Accept a cluster without TLS that is not on this machine.")] = False

    def runner(self, pictures: int) -> "Runner":
        """A cluster where one is named; else Dask here for many pictures, where it is installed. Raises SgsError."""
        from sgs_tui.engine.sweep.cluster import Cluster, OnCluster, available
        from sgs_tui.engine.sweep.sweep import processes

        hosts = options.names(self.hosts or ())
        named = bool(self.scheduler or hosts)
        if self.local and named:
            raise UsageError(
                Message("--local is here, --scheduler and --hosts are elsewhere"), Message("leave one of them out")
            )
        if not named and (self.local or pictures < _FEW or not available()):
            return processes(self.jobs)
        files = (self.tls_ca, self.tls_cert, self.tls_key)
        cluster = Cluster(self.scheduler, hosts, self.jobs, *files, self.insecure, self.remote_python)
        cluster.check()
        return OnCluster(cluster, stderr.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Printing:
    """How a sweep is reported."""

    wanted: Annotated[SweepFormat, option("--format", "How to print.")] = SweepFormat.TABLE
    output: options.Output = None
    top: Annotated[int | None, option("--top N", "Pictures and layers in a table (default 20).", min=1)] = None
    fail_on: Annotated[FailOn, option("--fail-on", "What gives exit code 1; regression: only against --baseline.")] = (
        FailOn.FAIL
    )
    no_advice: Annotated[bool, option("--no-advice", "Do not try INT16 on the twin where layers fail.")] = False
    baseline: Annotated[Path | None, option("--baseline OLD", "Say what has changed since that JSON report.")] = None
    batch: options.Batch = False
    ascii_only: options.Ascii = False


@dataclass(frozen=True, slots=True)
class _Asked:
    """A sweep as it was asked for: in words, and the files that no output may replace."""

    request: "SweepRequest"
    what: str
    notes: tuple[str, ...] = ()
    inputs: tuple[Path, ...] = ()
    runs: "Mapping[str, tuple[RunRequest, RunRequest]]" = field(default_factory=dict)
    simulator: "Simulator | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Networks:
    """What makes the two sides of a picture, where they are not dumps already."""

    twin: Annotated[
        Path | None, option("--twin FLOAT.bin", "The twin of this float dump runs the pictures; no SDK needed.")
    ] = None
    fixed: Annotated[
        Path | None, option("--fixed FILE", "With --twin: a fixed dump, which tells the scales. With --float: X.sim.")
    ] = None
    float_model: Annotated[Path | None, option("--float F.sim", "The SDK's simulator runs this and --fixed X.sim.")] = (
        None
    )
    onnx: Annotated[Path | None, option("--onnx MODEL", "This model, quantized here by onnxruntime.")] = None
    calibrate: Annotated[str | None, option("--calibrate PATH", "With --onnx: calibration images, about 30.")] = None
    per_tensor: Annotated[bool, option("--per-tensor", "With --onnx: one scale for all channels of a weight.")] = False
    pictures: Annotated[
        str | None, option("--pictures --image -i PATH", "The pictures: a folder, a list, an image or .npy.")
    ] = None
    int16: options.Int16 = None


def sweep(
    folders: Annotated[
        list[Path] | None, options.argument("[SAMPLES BENCHMARKS]", "Two folders of dumps, paired by name.")
    ] = None,
    pairs: Annotated[Path | None, option("--list FILE", "Pairs of dumps instead: SAMPLE, BENCHMARK a line.")] = None,
    *,
    networks: _Networks,
    given: options.ShapedInputOptions,
    calibration: options.CalibrationOptions,
    simulator: options.SimulatorOptions,
    shapes: options.Shapes = None,
    profile: options.ProfileName = None,
    where: _Where,
    keeping: _Keeping,
    printing: _Printing,
) -> int:
    """Compare many pictures and say what they have in common.

    Over pairs of dumps: two folders, in which a picture's dumps are named alike (cat.bin and cat.bin, or
    cat_fixed.bin and cat_float.bin), or a list. Or over pictures (.npy, or images with -n PRE.py): --twin runs them
    without the SDK, --onnx quantizes a model here. Per layer: the worst, the 95 % and the median picture, the share
    that fails, values beyond the calibrated limits; pictures ranked; outputs; groups that fail alike, and why.
    Where layers fail, INT16 for the tensors before them is tried by the twin on the worst pictures (--no-advice: not).
    A picture that can not be measured is a row with its reason (exit code 3, or 4 where a run failed); a preprocess
    script has 120 seconds for a picture, or what --timeout says. What is finished is kept in a journal: a sweep that
    was stopped goes on where it was when it is started again.
    With the extra `cluster`, 8 pictures and more are spread by Dask: over this machine's cores (on loopback alone),
    over a cluster that is there (--scheduler), or over hosts (--hosts). Workers need this package and, under the same
    path, the dump or model; pictures and scripts travel. Without TLS nothing but this machine is accepted, unless
    --insecure says so: a Dask scheduler runs whatever it is sent.

    \b
    Examples:
      sgs-tui sweep fixed_dumps float_dumps --ranges tensor_min_max.txt
      sgs-tui sweep --list pairs.txt --format json -o sweep.json
      sgs-tui sweep --twin float.bin --ranges min_max.txt -i images -n pre.py
      sgs-tui sweep --twin float.bin -i images --hosts 127.0.0.1,127.0.0.1
      sgs-tui sweep --float f.sim --fixed x.sim -i images -n pre.py --keep worst:5
      sgs-tui sweep --onnx net.onnx --calibrate few -i many -n pre.py --top 5
    """
    from sgs_tui.engine.compare.limits import load_profile

    limits = load_profile(profile or options.DEFAULT_PROFILE)
    keep = keeping.count()
    _check_options(networks, given, where, keeping)
    _check_calibration(networks, calibration, simulator, shapes)
    sources = {"--twin": networks.twin, "--float": networks.float_model, "--onnx": networks.onnx}
    sources["dumps"] = folders or pairs  # type: ignore[assignment]
    named = [word for word, value in sources.items() if value]
    if len(named) > 1:
        raise UsageError(
            Message("{named} at once: one sweep is over one kind", named=joined(named, " and ")),
            Message("sweep them one after the other"),
        )
    if networks.twin is not None:
        asked = _by_twin(networks, given, calibration, limits)
    elif networks.float_model is not None:
        root = options.place_of(keeping.root)
        asked = _by_sdk(networks, given, calibration, simulator, limits, root)
        asked = replace(asked, simulator=_simulator(asked, root, where, keep))
    elif networks.onnx is not None:
        asked = _by_onnx(networks, given, limits)
    else:
        asked = _pairs(folders or [], pairs, calibration, shapes, limits)
    return _print(asked, limits.name, where, keeping, printing)


_Idle = Mapping[str, tuple[object, object, str]]
"""Options by name: what was given, whether it is used, and what it is for."""


def _check_options(networks: _Networks, given: options.ShapedInputOptions, where: _Where, keeping: _Keeping) -> None:
    """Raise UsageError for what would be ignored without a word."""
    twin, sdk, onnx = (each is not None for each in (networks.twin, networks.float_model, networks.onnx))
    elsewhere, tls = bool(where.scheduler or where.hosts), (where.tls_ca, where.tls_cert, where.tls_key)
    idle: _Idle = {
        "--pictures": (networks.pictures, twin or sdk or onnx, "--twin, --float, --onnx"),
        "--preprocess": (given.preprocess, twin or sdk or onnx, "--twin, --float, --onnx"),
        "--timeout": (given.timeout, twin or sdk or onnx, "--twin, --float, --onnx"),
        "--keep": (keeping.keep != "none", twin or sdk or onnx, "--twin, --float, --onnx"),
        "--runs": (keeping.root, sdk, "--float"),
        "--fixed": (networks.fixed, twin or sdk, "--twin, --float"),
        "--int16": (networks.int16, twin or onnx, "--twin, --onnx"),
        "--calibrate": (networks.calibrate, onnx, "--onnx"),
        "--per-tensor": (networks.per_tensor, onnx, "--onnx"),
        "--shape": (given.shape, onnx, "--onnx"),
        "--dumps": (keeping.dumps, keeping.keep != "none" and (twin or onnx), "--keep"),
        "--tls-ca, --tls-cert, --tls-key": (any(tls), elsewhere, "--scheduler, --hosts"),
        "--insecure": (where.insecure, elsewhere, "--scheduler, --hosts"),
        "--remote-python": (where.remote_python, where.hosts, "--hosts"),
        "--journal": (keeping.journal, not keeping.no_journal, Message("a sweep without --no-journal")),
    }
    _refuse_idle(idle)


def _check_calibration(
    networks: _Networks, calibration: options.CalibrationOptions, simulator: options.SimulatorOptions,
    shapes: Path | None,
) -> None:  # fmt: skip
    """The same for what tells of the network and of the SDK."""
    twin, sdk, onnx = (each is not None for each in (networks.twin, networks.float_model, networks.onnx))
    dumps = Message("pairs of dumps")
    idle: dict[str, tuple[object, object, str]] = {
        "--ranges": (calibration.ranges, not onnx, joined((dumps, "--twin", "--float"), ", ")),
        "--input-config": (calibration.ini, not onnx, joined((dumps, "--twin", "--float"), ", ")),
        "--level": (calibration.level, twin and networks.fixed is None, Message("--twin without --fixed")),
        "--shapes": (shapes, not (twin or sdk or onnx), dumps),
        "--debugconfig": (simulator.debug_config, sdk, "--float"),
        "--string": (simulator.string, sdk, "--float"),
    }
    told = {"--sdk": simulator.sdk, "--sdk-via": simulator.sdk_via, "--sdk-map": simulator.sdk_map,
            "--sdk-python": simulator.sdk_python, "--soc-version": simulator.soc_version}  # fmt: skip
    _refuse_idle({**idle, **{name: (value, sdk, "--float") for name, value in told.items()}})


def _refuse_idle(idle: _Idle) -> None:
    for name, (value, used, wanted) in idle.items():
        if value and not used:
            raise UsageError(
                Message("{name}: would change nothing, it is for {wanted}", name=name, wanted=wanted),
                Message("leave it out, or see `sgs-tui sweep --help`"),
            )


def _pairs(
    folders: Sequence[Path],
    pairs: Path | None,
    calibration: options.CalibrationOptions,
    shapes: Path | None,
    limits: "Profile",
) -> _Asked:
    from sgs_tui.engine.sweep.pairs import DumpPairs
    from sgs_tui.engine.sweep.pictures import listed_dumps, paired_dumps
    from sgs_tui.engine.sweep.sweep import SweepRequest

    notes: tuple[str, ...] = ()
    if pairs is not None and not folders:
        pictures, what = listed_dumps(pairs), Message("pairs of {file}", file=pairs)
    elif len(folders) == 2:
        pictures, notes = paired_dumps(*folders)
        what = Message("{sample} against {benchmark}", sample=folders[0], benchmark=folders[1])
    else:
        raise UsageError(
            Message("expected two folders of dumps, SAMPLES and BENCHMARKS, or --list, --twin or --onnx"),
            Message("`sgs-tui sweep --help` has examples"),
        )
    _check_files(calibration)
    inputs = tuple(path for picture in pictures for path in picture.files)
    how = DumpPairs(calibration.ranges, shapes, limits, calibration.ini)
    return _Asked(SweepRequest(how, pictures), what, notes, inputs)


def _check_files(calibration: options.CalibrationOptions) -> None:
    """Raise InputError for a file that is not what it is named, before anything is measured."""
    from sgs_tui.engine.calibration.ranges import load_ranges
    from sgs_tui.engine.configs import inputconfig

    if calibration.ranges is not None:
        load_ranges(calibration.ranges)
    if calibration.ini is not None:
        inputconfig.load(calibration.ini)


def _by_twin(
    networks: _Networks, given: options.ShapedInputOptions, calibration: options.CalibrationOptions, limits: "Profile"
) -> _Asked:
    from sgs_tui.engine.sweep.sweep import SweepRequest
    from sgs_tui.engine.sweep.twin_pictures import TwinPictures
    from sgs_tui.engine.twin.opening import Files

    assert networks.twin is not None
    ranges = None if calibration.ranges is None else options.whole(calibration.ranges)
    fixed = None if networks.fixed is None else options.whole(networks.fixed)
    files = Files(options.whole(networks.twin), fixed, ranges, calibration.ini and options.whole(calibration.ini))
    how = TwinPictures(
        files, calibration.number, options.names(networks.int16 or ()), picture_preprocess(given), limits
    )
    pictures = _pictures(networks, missing=True)
    notes = how.check(pictures)
    what = Message("{pictures} by the twin of {dump}", pictures=networks.pictures, dump=networks.twin)
    return _Asked(SweepRequest(how, pictures), what, notes, (networks.twin, *_files(pictures)))


def _by_sdk(
    networks: _Networks,
    given: options.InputOptions,
    calibration: options.CalibrationOptions,
    simulator: options.SimulatorOptions,
    limits: "Profile",
    root: Path,
) -> _Asked:
    """A float and a fixed run for each picture."""
    from sgs_tui.engine.sweep.simulated import by_runs
    from sgs_tui.engine.sweep.sweep import SweepRequest

    if networks.float_model is None or networks.fixed is None or networks.pictures is None:
        raise UsageError(
            Message("--float needs --fixed X.sim and --pictures"), Message("`sgs-tui sweep --help` has examples")
        )
    _check_files(calibration)
    pictures = _pictures(networks)
    requests = both_runs(networks.float_model, networks.fixed, networks.pictures, given, simulator)
    pairs = list(zip(requests[::2], requests[1::2], strict=True))
    runs = {picture.name: pair for picture, pair in zip(pictures, pairs, strict=True)}
    how = by_runs(pairs, calibration.ranges, limits, root, calibration.ini)
    what = Message(
        "{pictures} by the SDK through {float_model} and {fixed}",
        pictures=networks.pictures,
        float_model=networks.float_model,
        fixed=networks.fixed,
    )
    return _Asked(SweepRequest(how, pictures), what, (), (*how.needs, *_files(pictures)), runs)


def _simulator(asked: _Asked, root: Path, where: _Where, keep: int | None) -> "Simulator":
    from sgs_tui.engine.sweep.simulated import Simulator

    if where.scheduler or where.hosts:
        raise UsageError(
            Message("the SDK's runs are started here"),
            Message("start a sweep on each host, with --journal files of their own"),
        )
    return Simulator(asked.runs, root, where.jobs or 1, keep, _ADVISED)


def _keep_worst(asked: _Asked, report: "SweepReport", keeping: _Keeping) -> None:
    """Write the dumps of the worst pictures; the SDK's are kept as they are made."""
    from sgs_tui.engine.sweep.keeping import Dumper, keep_dumps
    from sgs_tui.engine.sweep.results import Status

    keep, how = keeping.count(), asked.request.how
    if asked.simulator is not None or keep == 0 or report.stopped or not isinstance(how, Dumper):
        return
    rows = report.result.pictures
    there = [place for place in report.result.order if rows[place].status is not Status.ERROR]
    more = 0
    for number, made in enumerate(keep_dumps(how, [asked.request.pictures[at] for at in there[:keep]], keeping.folder)):
        more = number + 1 - _SAID
        if more <= 0:
            stderr.note(Message("kept: {made}", made=made))
    if more > 0:
        stderr.note(Message("kept: {dumps} more in {folder}", dumps=count(more, "dump"), folder=keeping.folder))


def _by_onnx(networks: _Networks, given: options.ShapedInputOptions, limits: "Profile") -> _Asked:
    from sgs_tui.engine.backends.quantize import Quantization
    from sgs_tui.engine.backends.samples import image_samples, open_shapes
    from sgs_tui.engine.sweep.onnx_pictures import OnnxPictures
    from sgs_tui.engine.sweep.sweep import SweepRequest

    assert networks.onnx is not None
    if networks.calibrate is None:
        raise UsageError(
            Message("--onnx needs images to calibrate with"),
            Message("give --calibrate PATH: a folder, a list, an image"),
        )
    quantization = Quantization(not networks.per_tensor, options.names(networks.int16 or ()))
    model, shapes = options.whole(networks.onnx), open_shapes(given.shape or ())
    how = OnnxPictures(
        model, image_samples(networks.calibrate), picture_preprocess(given), quantization, shapes, limits
    )
    pictures = _pictures(networks, missing=True)
    notes = how.check(pictures)
    what = Message(
        "{pictures} through {model}, calibrated on {images}",
        pictures=networks.pictures,
        model=networks.onnx,
        images=networks.calibrate,
    )
    return _Asked(SweepRequest(how, pictures), what, notes, (networks.onnx, *_files(pictures)))


def _pictures(networks: _Networks, missing: bool = False) -> "tuple[Picture, ...]":
    from sgs_tui.engine.sweep.pictures import sample_pictures

    if networks.pictures is None:
        raise UsageError(
            Message("no pictures to sweep over"),
            Message("give --pictures PATH: a folder, a list file, an image or .npy"),
        )
    return sample_pictures(samples_of(networks.pictures, missing))


def _files(pictures: "Sequence[Picture]") -> tuple[Path, ...]:
    return tuple(path for picture in pictures for path in picture.files)


def _print(asked: _Asked, profile: str, where: _Where, keeping: _Keeping, printing: _Printing) -> ExitCode:
    from sgs_tui.batch.sweep import SweepPrinting, print_sweep
    from sgs_tui.engine.sweep.keeping import check_place
    from sgs_tui.engine.sweep.sweep import Sweep, default_journal

    how = SweepPrinting(
        printing.wanted,
        printing.output,
        stderr.screen(printing.ascii_only, to_file=printing.output is not None),
        printing.top,
        printing.baseline,
        printing.fail_on,
        asked.inputs,
        not printing.no_advice,
    )
    journal = None if keeping.no_journal else keeping.journal or default_journal(asked.request.how)
    if keeping.count() != 0 and asked.simulator is None:
        check_place(keeping.folder)
    stderr.note(*asked.notes)
    runner = asked.simulator or where.runner(len(asked.request.pictures))
    try:
        with stderr.cancelling_interrupts() as cancel:
            sweep = Sweep(replace(asked.request, journal=journal), runner)
            report = print_sweep(sweep, asked.what, profile, how, stderr.note, cancel, asked.notes)
    finally:
        if asked.simulator is not None:
            asked.simulator.settle()
    verdict = _verdict(report, journal, cancel.code)
    _keep_worst(asked, report, keeping)
    return verdict


def _verdict(report: "SweepReport", journal: Path | None, stopped: ExitCode) -> ExitCode:
    """`stopped`: the code of what stopped it, where it was stopped."""
    from sgs_tui.engine.sweep.results import Failure, Status

    codes = {Failure.INPUT: ExitCode.INPUT, Failure.RUN: ExitCode.RUN_FAILED}
    if report.stopped:
        goes_on = Message("the same command goes on from {journal}", journal=journal)
        kept = goes_on if journal is not None else Message("nothing was kept")
        terminated = stopped is ExitCode.TERMINATED
        said = (
            Message("terminated: what was measured until then is printed")
            if terminated
            else Message("interrupted: what was measured until then is printed")
        )
        stderr.error(said, kept)
        return stopped
    lost = [row for row in report.result.pictures if row.status is Status.ERROR]
    others = Message("the other pictures were measured")
    hint = others if len(lost) < len(report.result.pictures) else Message("no picture was measured whole")
    for row in lost[:_SAID]:
        stderr.error(Message("{name}: {reason}", name=row.name, reason=row.reason), hint)
    if len(lost) > _SAID:
        more = count(len(lost) - _SAID, "picture")
        stderr.error(Message("{pictures} more could not be measured whole", pictures=more), hint)
    found = [codes.get(each, ExitCode.NOTHING_COMPARABLE) for each in report.result.failures]
    return first_of([*found, *([ExitCode.OVER_LIMITS] if report.over else [])])
