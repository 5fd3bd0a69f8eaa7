"""`sgs-tui inspect`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from sgs_tui.batch.output import ListFormat, emit
from sgs_tui.cli import stderr
from sgs_tui.cli.exits import ExitCode
from sgs_tui.cli.open import open_app
from sgs_tui.cli.options import Ascii, Batch, NoMouse, Output, argument, option
from sgs_tui.language import Message

if TYPE_CHECKING:
    from sgs_tui.batch.output import Data
    from sgs_tui.engine.dumps.reader import Dump


def inspect(
    dump: Annotated[Path, argument("DUMP", "The dump to look into.")],
    layer: Annotated[str | None, option("--layer NAME", "Statistics and values of this tensor.")] = None,
    values: Annotated[int | None, option("--values N", "How many values (default: text 64, else all).", min=0)] = None,
    wanted: Annotated[ListFormat | None, option("--format", "How to print (default table).")] = None,
    output: Output = None,
    batch: Batch = False,
    ascii_only: Ascii = False,
    no_mouse: NoMouse = False,
) -> int:
    """Look into one dump: records, types, sizes, health, values.

    Opens the app's dump browser; --batch, --layer, --values, --format and --output print instead. Exit code 3
    where the dump is damaged; what can be read is printed.

    \b
    Examples:
      sgs-tui inspect fixed.bin --batch
      sgs-tui inspect fixed.bin --format csv --output records.csv
      sgs-tui inspect float.bin --layer gate
      sgs-tui inspect float.bin --layer gate --format json
    """
    if not batch and all(option is None for option in (layer, values, wanted, output)):
        return open_app((dump,), ascii_only=ascii_only, mouse=not no_mouse)
    return _print(dump, layer, values, wanted or ListFormat.TABLE, output, ascii_only)


def _print(
    path: Path, layer: str | None, values: int | None, wanted: ListFormat, output: Path | None, ascii_only: bool
) -> ExitCode:
    from sgs_tui.engine.dumps.reader import open_dump

    with open_dump(path) as dump:
        emit(_data(dump, layer, values, wanted, ascii_only, output), output, (path,))
        problems = [] if dump.health.ok else [Message("{path}: {health}", path=path, health=dump.health.text)]
        return stderr.damaged(problems, Message("what can be read is shown"))


def _data(
    dump: "Dump", layer: str | None, values: int | None, wanted: ListFormat, ascii_only: bool, output: Path | None
) -> "Data":
    from sgs_tui.batch.printed.inspect import SHOWN, tensor, write_records, write_tensor

    shown_on = stderr.screen(ascii_only, to_file=output is not None)
    if layer is None:
        return write_records(dump, wanted, shown_on)
    count = SHOWN if values is None and wanted is ListFormat.TABLE else values
    return write_tensor(tensor(dump, layer, count), wanted, shown_on)
