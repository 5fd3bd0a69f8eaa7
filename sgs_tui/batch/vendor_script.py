"""`vendor-script auto_dump_debug`: prints and leaves what the vendor's script does, from our own figures."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from sgs_tui.batch.compare import View, compare
from sgs_tui.batch.report import Report
from sgs_tui.batch.vendor import version_key, write_vendor
from sgs_tui.engine.compare.results import LayerDiff
from sgs_tui.engine.dumps.file_names import FreeNames
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.errors import NothingComparableError
from sgs_tui.engine.files import write_atomically
from sgs_tui.engine.numbers import count
from sgs_tui.engine.reports import vendor_folder
from sgs_tui.engine.reports.vendor_folder import COMPARED, Placed, layer_list, make_out_folder, on_disk, place
from sgs_tui.engine.session import CompareRequest
from sgs_tui.engine.text import encode, visible

Echo = Callable[[str], None]
_RULE = "*" * 82
_HASHES = "#" * 21


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
        raise NothingComparableError("no output tensor matches between the two", "sgs-tui compare says why")
    moved = make_out_folder(folder)
    with open_dump(report.request.sample) as left, open_dump(report.request.benchmark) as right:
        _Folder(folder, report, tensors, echo).fill(left, right)
    _analyse(report, folder, benchmark.name, echo)
    echo("")
    echo(_RULE)
    echo("DumpDebug done!!!")
    return Left(folder, moved, tuple(_unsaid(report)), report.incomplete)


def _unsaid(report: Report) -> Iterator[str]:
    """Layers without a line, and figures that are none; the script is silent about them."""
    for row in report.rows:
        if row.metrics is None or row.has_non_finite:
            yield f"{row.index} {visible(row.name)}: {'; '.join(row.reasons)}"
    if report.unmatched:
        yield f"{count(len(report.unmatched), 'output')} without a partner or graph inputs: sgs-tui compare names them"


@dataclass(slots=True)
class _Folder:
    """The part of the work that splits dumps into folders."""

    folder: Path
    report: Report
    tensors: bool
    echo: Echo

    def fill(self, sample: Dump, benchmark: Dump) -> None:
        """Lists, compared layers, what has no partner, logs; with the vendor's timing lines."""
        right = place(benchmark.outputs(), FreeNames())
        left = place(sample.outputs(), FreeNames())
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

    def _leave(self, dump: Dump, side: str, lonely: Sequence[Placed]) -> None:
        """What has no partner stays in the side's own folder."""
        place_of = self.folder / f"{side}_out"
        place_of.mkdir()
        log = [f"{dump.path}: {len(dump.outputs())} outputs, {len(lonely)} without a partner"]
        for each in lonely:
            log.append(each.folder)
            if self.tensors:
                vendor_folder.write_record(dump, each.record, on_disk(place_of, each.folder), "output")
        write_atomically(place_of / f"{side}_run.log", encode("".join(f"{line}\n" for line in log)))

    def _compared(self, sample: Dump, benchmark: Dump, pairs: Sequence[tuple[Placed, LayerDiff]]) -> None:
        compared = self.folder / COMPARED
        compared.mkdir()
        for each, row in pairs if self.tensors else ():
            target = on_disk(compared, each.folder)
            vendor_folder.write_record(sample, row.pair.sample, target, "sample.bin")
            vendor_folder.write_record(benchmark, row.pair.benchmark, target, "benchmark.bin")

    def _list(self, variable: str, file: str, placed: Sequence[Placed]) -> None:
        folders = sorted((each.folder for each in placed), key=version_key)
        write_atomically(self.folder / file, layer_list(variable, folders))


def _analyse(report: Report, folder: Path, benchmark: str, echo: Echo) -> None:
    """The report: where the layers are, then the vendor's line for each; in two places, as the script leaves it."""
    with _timed("doAnalyzeRmse", echo):
        text = encode(f"{folder / COMPARED}\n") + write_vendor(replace(report, shown=report.rows))
        (folder / "doAnalyzeRmse").mkdir()
        write_atomically(folder / "doAnalyzeRmse" / "doAnalyzeRmse_run.log", text)
        write_atomically(folder / f"{benchmark}_doAnalyzeRmse_run.log", text)
        for line in text.decode("utf-8", "backslashreplace").splitlines():
            echo(line)


@contextmanager
def _timed(what: str, echo: Echo) -> Iterator[None]:
    start = perf_counter()
    yield
    echo(f"{what} {_HASHES}")
    echo(f"{round(1000 * (perf_counter() - start))} ms")
