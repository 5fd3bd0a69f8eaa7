"""What only the result of an SDK run can tell: an input of the wrong size, ranges of another model.

A preprocess script that returns the wrong size makes the simulator exit with 0, silently, with wrong data.
The older generation keeps each preprocessed input as text when asked to (--save_input): a first line
`Input_shape=H, W`, then every value followed by a comma. Their number is what the script returned.
"""

import shutil
from pathlib import Path, PurePosixPath

from sgs_tui.engine.calibration.ranges import load_ranges
from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.dumps.records import Direction, Record
from sgs_tui.engine.errors import InputError
from sgs_tui.engine.simulate.failure_table import Explanation
from sgs_tui.engine.simulate.products import Found
from sgs_tui.engine.simulate.run_folder import RunFolder
from sgs_tui.engine.simulate.run_request import ProductKind, RunRequest
from sgs_tui.engine.simulate.sdk_calibration import RANGES
from sgs_tui.engine.simulate.status import Made
from sgs_tui.engine.text import visible

_CHANNELS_OF_FOUR = (1, 2, 3, 4)


def preprocess_modules(request: RunRequest) -> frozenset[str]:
    """The names under which the -n scripts are imported."""
    items = request.details.get("preprocess", "").split(",")
    return frozenset(PurePosixPath(item).name.partition(".")[0] for item in items if item)


def wrong_input_size(request: RunRequest, folder: RunFolder, found: tuple[Found, ...]) -> Explanation | None:
    """Whether the one preprocessed input has another number of values than the model takes.

    None also where that can not be known (newer generation, several inputs). Certain for a float model; for a
    fixed one only suspected, since its input formats (YUV for one) are not known here. The text copies of the
    inputs are removed afterwards: they are several times as large as the inputs.
    """
    copies = [path for name in ("log/tmp_image", "tmp_image") for path in (folder.work_path / name).glob("*")]
    problem = None
    dumps = [path for each in found if each.product.kind is ProductKind.DUMP for path in each.new]
    if len(copies) == 1 and dumps and request.backend == "sdk":
        with open_dump(dumps[0]) as dump:
            problem = _compare_size(_count_values(copies[0]), dump)
    for name in ("log/tmp_image", "tmp_image"):
        shutil.rmtree(folder.work_path / name, ignore_errors=True)
    return problem


def unrelated_ranges(request: RunRequest, folder: RunFolder, made: tuple[Made, ...]) -> list[str]:
    """Set ranges aside that name no tensor of the dump: they belong to another model."""
    ranges = next((folder.path / name for name in RANGES if (folder.path / name).is_file()), None)
    dumps = [folder.path / product.path for product in made if product.kind == ProductKind.DUMP]
    if request.backend != "sdk" or ranges is None or not dumps:
        return []
    source = request.details.get("ranges") or ranges.name
    try:
        known = load_ranges(ranges)
    except InputError as error:
        return [f"the ranges of {source} cannot be used: {error.message}"]
    with open_dump(dumps[0]) as dump:
        if any(known.find(record.name) for record in dump.records):
            return []
    aside = ranges.with_name(f"unrelated-{ranges.name}")
    ranges.rename(aside)
    return [f"{source} names no tensor of this dump, it belongs to another model: kept as {aside.name}"]


def _compare_size(values: int, dump: Dump) -> Explanation | None:
    taken = _graph_input(dump)
    if taken is None or values in _possible_sizes(taken):
        return None
    message = (
        f"the preprocess script returned {values} values where the model's input {visible(taken.name)} takes "
        f"{taken.count}: the simulator says nothing then and dumps wrong data"
    )
    return Explanation("wrong_input_size", message, "mend the size (height, width, channels) in the -n script")


def _possible_sizes(taken: Record) -> frozenset[int]:
    """A fixed model's graph input is dumped with its channels padded to four, a float one's as it is."""
    if taken.type_name == "float":
        return frozenset({taken.count})
    return frozenset(taken.count * channels // 4 for channels in _CHANNELS_OF_FOUR)


def _graph_input(dump: Dump) -> Record | None:
    """The one operand that no op makes; None where there are several."""
    made = {record.name for record in dump.records if record.direction is Direction.OUT}
    given = [
        record
        for record in dump.records
        if record.direction is Direction.IN and not record.constant and record.name not in made
    ]
    return given[0] if given and len({record.name for record in given}) == 1 else None


def _count_values(path: Path) -> int:
    with path.open("rb") as file:
        file.readline()
        return sum(block.count(b",") for block in iter(lambda: file.read(1 << 20), b""))
