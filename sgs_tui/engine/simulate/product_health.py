"""Is a product what was asked for: there, new, complete, of the right kind."""

from pathlib import Path

from sgs_tui.engine.dumps.reader import Dump, open_dump
from sgs_tui.engine.dumps.records import Health, HealthState, Stage
from sgs_tui.engine.dumps.stage import guess_stage
from sgs_tui.engine.errors import DumpError
from sgs_tui.engine.simulate.failure_table import SWAPPED_FIXED, SWAPPED_FLOAT, Explanation
from sgs_tui.engine.simulate.products import Found
from sgs_tui.engine.simulate.run_request import Elements, Product, ProductKind


def product_problems(found: Found) -> list[Explanation]:
    """What is wrong with the files of one product after a command that reports success; empty for nothing."""
    if found.new:
        return [problem for path in found.new if (problem := _dump_problem(path, found.product))]
    name = Path(found.product.path).name
    if found.stale:
        message = f"{name} was left as it was before the run: nothing new was made"
        return [Explanation("stale_product", message, "do not use it; the log may say what failed")]
    if found.product.kind is not ProductKind.DUMP:
        return [Explanation("no_product", f"the command left no {name}", "read the log of the run")]
    message = f"the command reports success but left no dump ({name})"
    hint = "DebugConfig.txt must say dumpTensor at the start of a line and stand in the simulator's own directory"
    return [Explanation("no_dump", message, hint)]


def _dump_problem(path: Path, product: Product) -> Explanation | None:
    if product.kind is not ProductKind.DUMP:
        return None
    try:
        with open_dump(path) as dump:
            return _health_problem(dump.health, dump) or _kind_problem(dump, product)
    except DumpError as error:
        return Explanation("no_dump", error.message, "the file that the simulator left is of no use")


def _health_problem(health: Health, dump: Dump) -> Explanation | None:
    if health.ok:
        return None
    if health.state is HealthState.EMPTY and dump.is_float:
        return SWAPPED_FIXED
    if health.state is HealthState.STOPS_EARLY and not dump.is_float:
        return SWAPPED_FLOAT
    hint = f"the records before that can be read: sgs-tui inspect {dump.path}"
    return Explanation("damaged_dump", f"the dump is damaged ({health})", hint)


def _kind_problem(dump: Dump, product: Product) -> Explanation | None:
    if not dump.outputs():
        message = "the dump holds no layer (no output that is not constant)"
        return Explanation("no_layers", message, "is it the right model?")
    stage = guess_stage(dump.index)
    if product.elements is Elements.FLOAT and stage is Stage.FIXED:
        return SWAPPED_FIXED
    if product.elements is Elements.INTEGER and stage in (Stage.FLOAT, Stage.CMODEL_FLOAT):
        return SWAPPED_FLOAT
    if product.is_float is not None and product.is_float != dump.is_float:
        wanted, got = ("floats", "integers") if product.is_float else ("integers", "floats")
        message = f"the dump holds {got} (isFloat: {int(dump.is_float)}) where {wanted} were asked for"
        return Explanation("wrong_kind", message, "compare dequantFixed in DebugConfig.txt with what was asked")
    return None
