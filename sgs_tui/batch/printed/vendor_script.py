"""`vendor-script`: prints and leaves what the vendor's three scripts do, from our own figures.

auto_dump_debug.sh leaves a folder beside its report:

    benchmark_layer_list.txt    benchmark_layer_list="..", every output of the benchmark
    gen_layer_list.txt          out_list="..", the compared ones; both in the order of `ls -v`
    genCompareLayer/<folder>/   sample.bin and benchmark.bin, each a dump of one record
    sample_out/, benchmark_out/ sample_run.log and benchmark_run.log; outputs without a partner, one folder each

Folders are named as the vendor's splitter names them; a name that is too long or not the only one gets a suffix.
The lists are read by bash as a script, so what it would act on in a name is escaped here.

dump_debug.py takes two dumps and prints `<i>.<name>`, MSE, COS and RMSE for each tensor of that raw name in both that
is no constant in the first; `i` counts them, it is no op index. With a name it writes fixed.txt and float.txt: the
name, then the values with six decimals, sixteen a line.

histogram.py draws `Histograms/<i>.<name>.png` for entry `i` of a range file, red lines at its ends; entries without
data have no picture.
"""

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from sgs_tui.batch.compare import View, compare
from sgs_tui.batch.console import Screen
from sgs_tui.batch.formats import Format
from sgs_tui.batch.formats.pictures import Look, PicturesMade, draw_subjects, require_matplotlib
from sgs_tui.batch.formats.vendor import version_key
from sgs_tui.batch.report import Report
from sgs_tui.engine.calibration.ranges import Ranges, load_ranges
from sgs_tui.engine.compare.compare import Sides, measure
from sgs_tui.engine.compare.elements import SideReader, unpadded
from sgs_tui.engine.compare.results import LayerDiff, Pair
from sgs_tui.engine.compare.sums import Kernel
from sgs_tui.engine.dumps.format import Form, Record
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.dumps.writer import DumpWriter, FreeNames, Style, draft_of
from sgs_tui.engine.errors import InputError, NothingComparableError, SgsError, reason
from sgs_tui.engine.files import free_name, write_atomically, write_with_backup
from sgs_tui.engine.numbers import count
from sgs_tui.engine.reports.details import Subject
from sgs_tui.engine.session import CompareRequest
from sgs_tui.engine.text import encode, sanitised, visible
from sgs_tui.language import Message, joined

_COMPARED = "genCompareLayer"
FOLDER = Path("Histograms")
RULE = "*" * 82
"""What the script draws above the word that it ends with."""
_PER_ROW = 16
Echo = Callable[[str], None]
_ACTIVE = re.compile(r'([$`"\\])')
"""What bash acts on between double quotes."""


def _make_out_folder(folder: Path) -> Path | None:
    """Make `folder`; an older one gets the name that the script gives it, which is returned. Raises InputError."""
    backup = None
    try:
        if folder.exists() or folder.is_symlink():
            backup = free_name(folder.with_name(f"{folder.name}_backup_at_{time.strftime('%Y-%m-%d_%H-%M-%S')}"))
            folder.rename(backup)
        folder.mkdir(parents=True)
    except OSError as error:
        raise InputError(
            Message("{folder}: cannot write: {why}", folder=folder, why=reason(error)),
            Message("check the folder and its rights"),
        ) from error
    return backup


class _Placed(NamedTuple):
    """A record and the folder that it got."""

    record: Record
    folder: str


def _place(records: Iterable[Record], names: FreeNames) -> list[_Placed]:
    return [
        _Placed(each, names.take(f"{each.op_index}.{sanitised(each.name)}", f".xx.output{each.slot}", each.name)[0])
        for each in records
    ]


def _write_record(dump: Dump, record: Record, folder: Path, file: str) -> None:
    """One record as a dump of its own, as the vendor's splitter writes it. Raises InputError, FileChangedError."""
    path = folder / file
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as stream:
            DumpWriter(stream, dump.is_float, Form.BINARY, Style.DUMPER).write(draft_of(dump, record))
    except OSError as error:
        raise InputError(
            Message("{path}: cannot write: {why}", path=path, why=reason(error)),
            Message("check free space and rights"),
        ) from error


@dataclass(frozen=True, slots=True)
class Left:
    """The folder, and where an older one of that name went; lines on what the report does not say, and on damage."""

    folder: Path
    moved: Path | None
    unsaid: tuple[str, ...]
    incomplete: tuple[str, ...]


def auto_dump_debug(sample: Path, benchmark: Path, echo: Echo, tensors: bool = True) -> Left:
    """Compare the dumps and fill `Undefined_<benchmark>_DumpDebug_out` in the working directory.

    `echo` gets each line for stdout. Without `tensors` the lists and the report are left, no tensor files. Raises
    SgsError; NothingComparableError where there is no line to report.
    """
    folder = Path.cwd() / f"Undefined_{benchmark.name}_DumpDebug_out"
    report = compare(CompareRequest(sample.absolute(), benchmark.absolute()), View(), diagnosing=False)
    if report.nothing_comparable:
        raise NothingComparableError(
            Message("no output tensor matches between the two"), Message("sgs-tui compare says why")
        )
    moved = _make_out_folder(folder)
    echo(_made(folder))
    with open_dump(report.request.sample) as left, open_dump(report.request.benchmark) as right:
        _Folder(folder, report, tensors, echo).fill(left, right)
    _analyse(report, folder, benchmark.name, echo)
    for line in ("", RULE, "DumpDebug done!!!"):
        echo(line)
    return Left(folder, moved, tuple(_unsaid(report)), report.incomplete)


def _made(folder: Path) -> str:
    """What `mkdir -v` says of a folder, as the script lets it."""
    return f"mkdir: created directory '{visible(str(folder))}'"


def _unsaid(report: Report) -> Iterator[str]:
    """Layers without a line, and figures that are none; the script is silent about them."""
    for row in report.rows:
        if row.metrics is None or row.has_non_finite:
            where, why = f"{row.index} {visible(row.name)}", joined(row.reasons, "; ")
            yield Message("{where}: {why}", where=where, why=why)
    if report.unmatched:
        yield Message(
            "{outputs} without a partner or graph inputs: sgs-tui compare names them",
            outputs=count(len(report.unmatched), "output"),
        )


@dataclass(slots=True)
class _Folder:
    """The part of the work that splits dumps into folders."""

    folder: Path
    report: Report
    tensors: bool
    echo: Echo

    def fill(self, sample: Dump, benchmark: Dump) -> None:
        """Lists, compared layers, what has no partner, logs; with the vendor's timing lines."""
        right = _place(benchmark.outputs(), FreeNames())
        left = _place(sample.outputs(), FreeNames())
        rows = {row.pair.benchmark.number: row for row in self.report.rows if row.metrics is not None}
        pairs = [(each, rows[each.record.number]) for each in right if each.record.number in rows]
        partners = {row.pair.sample.number for row in rows.values()}
        with _timed("split FLOAT", self.echo):
            self._leave(sample, "sample", [each for each in left if each.record.number not in partners])
        with _timed("split FIXED", self.echo):
            self._leave(benchmark, "benchmark", [each for each in right if each.record.number not in rows])
            self._list("benchmark_layer_list", "benchmark_layer_list.txt", right)
        with _timed("genCompareLayer", self.echo):
            self._compared(sample, benchmark, pairs)
            self._list("out_list", "gen_layer_list.txt", [each for each, _ in pairs])

    def _leave(self, dump: Dump, side: str, lonely: Sequence[_Placed]) -> None:
        """What has no partner stays in the side's own folder; the script prints how it would split the dump there."""
        place_of = self.folder / f"{side}_out"
        self._make(place_of)
        splitter, copy = place_of / "splite_binary_to_binary", f"{dump.path.name}_{side}.bin"
        self.echo(visible(f"{splitter} {copy} 2>&1 > {place_of / f'{side}_run.log'}"))
        log = [f"{dump.path}: {len(dump.outputs())} outputs, {len(lonely)} without a partner"]
        for each in lonely:
            log.append(each.folder)
            if self.tensors:
                _write_record(dump, each.record, place_of / os.fsdecode(encode(each.folder)), "output")
        write_atomically(place_of / f"{side}_run.log", encode("".join(f"{line}\n" for line in log)))

    def _compared(self, sample: Dump, benchmark: Dump, pairs: Sequence[tuple[_Placed, LayerDiff]]) -> None:
        compared = self.folder / _COMPARED
        self._make(compared)
        for each, row in pairs if self.tensors else ():
            target = compared / os.fsdecode(encode(each.folder))
            _write_record(sample, row.pair.sample, target, "sample.bin")
            _write_record(benchmark, row.pair.benchmark, target, "benchmark.bin")

    def _make(self, folder: Path) -> None:
        folder.mkdir()
        self.echo(_made(folder))

    def _list(self, variable: str, file: str, placed: Sequence[_Placed]) -> None:
        """A list as the script writes it: an assignment over several lines."""
        folders = sorted((each.folder for each in placed), key=version_key)
        lines = [_ACTIVE.sub(r"\\\1", folder) for folder in folders]
        write_atomically(self.folder / file, encode("\n".join([f'{variable}="', *lines, '"', ""])))


def _analyse(report: Report, folder: Path, benchmark: str, echo: Echo) -> None:
    """The report: where the layers are, then the vendor's line for each; in two places, as the script leaves it."""
    with _timed("doAnalyzeRmse", echo):
        text = encode(f"{folder / _COMPARED}\n") + Format.VENDOR.write(replace(report, shown=report.rows), Screen())
        (folder / "doAnalyzeRmse").mkdir()
        echo(_made(folder / "doAnalyzeRmse"))
        write_atomically(folder / "doAnalyzeRmse" / "doAnalyzeRmse_run.log", text)
        write_atomically(folder / f"{benchmark}_doAnalyzeRmse_run.log", text)
        for line in text.decode("utf-8", "backslashreplace").splitlines():
            echo(line)


@contextmanager
def _timed(what: str, echo: Echo) -> Iterator[None]:
    start = perf_counter()
    yield
    echo(f"{what} {'#' * 21}")
    echo(f"{round(1000 * (perf_counter() - start))} ms")


def lines(fixed: Dump, float_: Dump) -> Iterator[tuple[str, str]]:
    """(line, problem) for each tensor of that name in both dumps, constants of `fixed` excluded, in its order.

    Inputs count as well. A tensor that can not be compared keeps its number and has a problem in place of a line.
    """
    sides, kernel = Sides(fixed, float_), Kernel()
    for pair in _pairs(fixed, float_):
        try:
            yield _line(pair, sides, kernel), ""
        except SgsError as error:
            yield "", Message("{name}: {why}", name=visible(pair.name), why=error.message)


def _line(pair: Pair, sides: Sides, kernel: Kernel) -> str:
    readers = sides.readers(pair)
    if readers.sample.count != readers.benchmark.count:
        raise InputError(
            Message(
                "size differs: {sample} and {benchmark} elements",
                sample=readers.sample.count,
                benchmark=readers.benchmark.count,
            )
        )
    found = measure(pair, sides, kernel).metrics
    figures = f"MSE:\t{found.mse:.6f}\tCOS:\t{found.cos:.6f}\tRMSE:\t{found.rmse:.6f}"
    return f"{pair.number}.{visible(pair.name)}\t{figures}"


def write_tensor(fixed: Dump, float_: Dump, name: str) -> tuple[Path, ...]:
    """fixed.txt and float.txt in the working directory; where older ones were kept.

    Raises DumpError where a dump has no tensor of that name, InputError where a file can not be written.
    """
    found = [dump.find(name)[0] for dump in (fixed, float_)]
    shape = found[1].shape or found[0].shape
    backups = []
    for dump, record, file in zip((fixed, float_), found, ("fixed.txt", "float.txt"), strict=True):
        backups.append(write_with_backup(Path(file), encode(f"{name}\n") + _text(dump, record, shape)))
    return tuple(backup for backup in backups if backup is not None)


def _pairs(fixed: Dump, float_: Dump) -> Iterator[Pair]:
    """The last record of each name, as the vendor's tool keeps it, in the order of first sight."""
    left, right = ({record.name: record for record in dump.records} for dump in (fixed, float_))
    variable = {record.name for record in fixed.records if not record.constant}
    for number, name in enumerate(name for name in left if name in right and name in variable):
        yield Pair(number, left[name], right[name], right[name].shape or left[name].shape)


def _text(dump: Dump, record: Record, shape: tuple[int, ...] | None) -> bytes:
    """Sixteen values a line, two blanks behind each, no padding."""
    reader = SideReader(dump, record, unpadded(record, shape))
    values = reader.values(0, reader.count)
    rows = (values[start : start + _PER_ROW].tolist() for start in range(0, len(values), _PER_ROW))
    return "".join("%.6f  " * len(row) % tuple(row) + "\n" for row in rows).encode()


def draw(dump_path: Path, ranges_path: Path) -> PicturesMade:
    """A picture for each entry that has data, numbered as the entries are. Raises SgsError."""
    require_matplotlib()
    start = perf_counter()
    ranges = load_ranges(ranges_path)
    with open_dump(dump_path) as dump:
        found = list(_subjects(dump, ranges))
        if not found:
            raise InputError(
                Message("{ranges}: none of its tensors is in {dump}", ranges=ranges_path, dump=dump_path),
                Message("are both of the same network?"),
            )
        subjects, numbers = [subject for _, subject in found], [number for number, _ in found]
        inputs, look = [dump_path, ranges_path], Look(dump_path.name)
        return draw_subjects(subjects, numbers, FOLDER, inputs, [dump], look, start)


def _subjects(dump: Dump, ranges: Ranges) -> Iterator[tuple[int, Subject]]:
    """Entries in the file's order with the first record of exactly that name, inputs and constants included."""
    first: dict[str, Record] = {}
    for record in dump.records:
        first.setdefault(record.name, record)
    for number, (name, bounds) in enumerate(ranges.by_name.items()):
        if name in first:
            yield number, Subject(first[name], None, bounds, first[name].shape)
