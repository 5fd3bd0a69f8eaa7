"""What sweeps promise, measured: pictures a second by the twin, and ten thousand small pairs in bounded memory.

    python -m tests.benchmarks.bench_sweep [--real FOLDER] [--pictures N] [--pairs N] [--layers N] [--only twin,pairs]

`--real`: a folder into which shared/data/real/unpack.sh has unpacked the trained networks; the detector class is det
(262 ops) and rfbs (94 ops). Exit code 1 where a promise is not kept.

The ratio is CPU time of a picture (load, digest, both models, comparing every layer, counting what is beyond limits) to
that of bare runs of its two models: every compared layer an output, nothing done with any. Beside it, promised nowhere,
are the ratios to the two models that `twin -o` and `twin -o --quantized` write, with every compared layer an output and
with their last layers alone. Those leave out most of the simulator's rounding, without which a sweep would not say
what a comparison of the picture's dumps says. The rate is of CPU time, as on two cores that nobody else uses; the
wall's is beside it.
"""

import argparse
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sgs_tui.engine.events import Row
from sgs_tui.engine.sweep.pairs import DumpPairs
from sgs_tui.engine.sweep.pictures import sample_pictures
from sgs_tui.engine.sweep.results import Measured, Outcome, Picture
from sgs_tui.engine.sweep.sweep import Sweep, SweepRequest, processes
from sgs_tui.engine.sweep.twin_pictures import TwinMeasurer, TwinPictures
from sgs_tui.engine.sweep.workers import How, measure_picture
from sgs_tui.engine.twin.export import float_model, quantized_model
from sgs_tui.engine.twin.opening import Files
from sgs_tui.engine.twin.predict import dumped_inputs, input_codes
from sgs_tui.engine.twin.segments import run as run_segments
from tests.benchmarks.bench_twin import Report
from tests.engine.sweep.conftest import write_pair

NETWORKS = {
    "det": ("float_det_49be6ba1.bin", "det_healthy_l2"),
    "rfbs": ("float_rfbs_d77b56fb.bin", "rfbs_rawfloat"),
}
WORKERS = 2
MEMORY = 500 << 20


def cpu_of(*works: Callable[[], object], times: int = 40) -> list[float]:
    """CPU seconds of the fastest run of each, in turns: whoever else is on the machine can only slow them."""
    found: list[list[float]] = [[] for _ in works]
    for _ in range(times):
        for work, seconds in zip(works, found, strict=True):
            start = time.process_time()
            work()
            seconds.append(time.process_time() - start)
    return [min(seconds) for seconds in found]


def children() -> float:
    """CPU seconds of processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def twin_rates(report: Report, real: Path, count: int) -> None:
    for name, (dump, rest) in NETWORKS.items():
        files = Files(real / dump, None, real / f"{rest}_tensor_min_max.txt", real / f"{rest}_input_config.ini")
        how = TwinPictures(files, 2)
        measurer = how.open()
        with TemporaryDirectory() as folder:
            pictures = write_pictures(measurer, Path(folder), count)
            one, own, bare, last = cpu_of(
                partial(measure_picture, measurer, pictures[0]),
                own_run(measurer),
                bare_run(measurer, True),
                bare_run(measurer, False),
            )
            start, before = time.perf_counter(), children()
            sweep = Sweep(SweepRequest(how, pictures), processes(WORKERS))
            done = sum(isinstance(event, Row) for event in sweep.run())
            seconds = time.perf_counter() - start
        assert done == count and not sweep.result().failures
        rate = WORKERS * done / (children() - before)
        print(
            f"{name}: {rate:.1f} pictures/s on {WORKERS} cores, the workers' start included (wall {done / seconds:.1f})"
        )
        print(f"  CPU {1000 * one:.1f} ms a picture, bare runs of its two models {1000 * own:.1f}; the exported models "
              f"{1000 * bare:.1f} (ratio {one / bare:.2f}), with last layers alone {1000 * last:.1f} "
              f"({one / last:.2f})")  # fmt: skip
        report.promise(f"{name}: {rate:.1f} pictures/s (3)", rate >= 3)
        report.promise(f"{name}: {one / own:.2f} times bare runs of its two models (2.0)", one / own <= 2.0)


def write_pictures(measurer: TwinMeasurer, folder: Path, count: int) -> tuple[Picture, ...]:
    twin = measurer.twin
    own = {name: values.reshape(twin.shapes[name]) for name, values in dumped_inputs(twin).items()}
    samples = []
    for number in range(count):
        gain = np.float32(1 - number / (2 * count))
        paths = tuple(folder / f"{number}-{at}.npy" for at in range(len(own)))
        for path, values in zip(paths, own.values(), strict=True):
            np.save(path, values * gain)
        samples.append(paths)
    return sample_pictures(samples)


def own_run(measurer: TwinMeasurer) -> Callable[[], object]:
    """The two models of the sweep, nothing compared."""
    inputs = dumped_inputs(measurer.twin)
    codes = input_codes(measurer.plan, inputs, measurer.settings.pixels)
    return lambda: [
        *run_segments(measurer._fixed_segments, codes),
        *run_segments(measurer._float_segments, inputs),
    ]


def bare_run(measurer: TwinMeasurer, layers: bool) -> Callable[[], object]:
    """The two exported models, one session each; `layers`: every compared layer is an output."""
    import onnxruntime as ort
    from onnx import TensorProto, helper

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    twin, sessions = measurer.twin, []
    for model in (float_model(twin), quantized_model(measurer.plan)):
        for name in measurer.plan.layers() if layers else ():
            model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(twin.shapes[name])))
        sessions.append(ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]))
    feed = {f"in::{name}": values.reshape(twin.shapes[name]) for name, values in dumped_inputs(twin).items()}
    return lambda: [session.run(None, feed) for session in sessions]


class Peak:
    """The largest resident memory of this process while the block runs, bytes."""

    def __enter__(self) -> "Peak":
        self.bytes = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def _look(self) -> None:
        while not self._over.wait(0.05):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.bytes = max(self.bytes, pages * resource.getpagesize())

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def pair_rate(report: Report, count: int) -> None:
    """Real small pairs of dumps, through processes and the journal."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(50):
            write_pair(folder, f"p{number}", number)
        files = [
            (folder / "fixed" / f"p{number % 50}.bin", folder / "float" / f"p{number % 50}.bin")
            for number in range(count)
        ]
        pictures = tuple(Picture(f"{number}", each) for number, each in enumerate(files))
        start = time.perf_counter()
        sweep = Sweep(SweepRequest(DumpPairs(), pictures, folder / "journal"), processes(WORKERS))
        done = sum(isinstance(event, Row) for event in sweep.run())
        seconds = time.perf_counter() - start
        size = (folder / "journal").stat().st_size
    print(f"{done} pairs of 3 layers: {done / seconds:.0f} pairs/s on {WORKERS} workers, journal {size / 1e6:.1f} MB")
    report.promise(f"{done} of {count} pairs measured", done == count)


def coordinator_memory(report: Report, count: int, layers: int) -> None:
    """The coordinator alone, on outcomes as large networks give them."""
    pattern = synthetic(layers)

    def runner(how: How, todo: object, cancel: threading.Event) -> Iterator[tuple[int, Outcome]]:
        random = np.random.default_rng(1)
        for place in range(count):
            figures = pattern.figures * random.uniform(0.9, 1.1, (layers, 1))
            figures[:, -1] = random.integers(0, 3, layers)
            yield place, Outcome(f"{place}", Measured(pattern.layers, figures, unmatched=0))

    listed = tuple(Picture(f"picture {number}", ()) for number in range(count))
    start = time.perf_counter()
    with TemporaryDirectory() as folder, Peak() as peak:
        sweep = Sweep(SweepRequest(DumpPairs(), listed, Path(folder) / "journal"), runner)
        for _ in sweep.run():
            pass
        measured = time.perf_counter() - start
        result = sweep.result()
        size = (Path(folder) / "journal").stat().st_size
    seconds = time.perf_counter() - start
    assert len(result.pictures) == count and len(result.layers) == layers
    rate, rest = count / measured, seconds - measured
    print(
        f"{count} pictures of {layers} layers: {rate:.0f}/s taken in, {rest:.1f} s for the result, {size / 1e6:.0f} MB"
    )
    report.promise(f"coordinator at most {peak.bytes / 2**20:.0f} MB (500)", peak.bytes <= MEMORY)


def synthetic(layers: int) -> Measured:
    """A picture's outcome without any dump."""
    from sgs_tui.engine.sweep.results import Column, Layer

    random = np.random.default_rng(0)
    figures = random.uniform(0, 1, (layers, len(Column)))
    figures[:-1, [Column.TOP1, Column.TOP5]] = np.nan
    listed = tuple(Layer(f"layer{at}", "CONV_2D", at, 1000, (0.1, 0.8), "calibration") for at in range(layers))
    return Measured(listed, figures)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--layers", type=int, default=500)
    parser.add_argument("--only", default="twin,pairs,memory")
    given = parser.parse_args()
    report, only = Report(), given.only.split(",")
    if "memory" in only:
        coordinator_memory(report, given.pairs, given.layers)
    if "pairs" in only:
        pair_rate(report, given.pairs)
    if "twin" in only and given.real:
        twin_rates(report, given.real, given.pictures)
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
