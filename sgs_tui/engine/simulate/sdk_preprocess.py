"""The -n argument of the SDK's tools: which scripts, and the names that Python would mistake.

The tools import a script under its file name up to the first dot, from its folder appended to the search
path. So a name that another module has already makes them import that one, in silence.
"""

import sys
from pathlib import Path

from sgs_tui.engine.errors import InputError, UsageError
from sgs_tui.engine.simulate.sdk_root import Sdk

_TAKEN = frozenset({"test", "utils", "calibrator_custom", "cv2", "numpy", "simulator"})


def preprocess_items(argument: str, sdk: Sdk) -> tuple[str, ...]:
    """The items of a comma list, scripts as absolute paths, the SDK's own modules as names.

    Raises InputError for a script that is missing and UsageError for one that can not be imported by its name.
    """
    items = tuple(_item(part.strip(), sdk) for part in argument.split(",") if part.strip())
    modules = {item: Path(item).name.partition(".")[0] for item in items}
    for item, module in modules.items():
        twin = next((other for other in modules if other != item and modules[other] == module), None)
        if twin:
            raise UsageError(f"{item} and {twin}: the second would never be imported", "give them different names")
    return items


def _item(part: str, sdk: Sdk) -> str:
    if not part.endswith(".py"):
        known = sdk.preprocess_folder / f"{part}.py"
        if not known.is_file():
            raise InputError(
                f"{part}: the SDK has no preprocess module of that name",
                f"give a path that ends in .py, or a name from {sdk.preprocess_folder}",
            )
        return part
    path = Path(part).expanduser().absolute()
    if not path.is_file():
        raise InputError(f"{path}: there is no such preprocess script", "check the path given with -n")
    _check_name(path)
    return str(path)


def _check_name(path: Path) -> None:
    module = path.name.partition(".")[0]
    if path.name != f"{module}.py":
        message = f"{path}: the SDK would import `{module}`: it cuts the name at its first dot"
        raise UsageError(message, "rename the script so that it has no other dot")
    if module in _TAKEN or module in sys.stdlib_module_names:
        message = f"{path}: the SDK would import another module that is called {module} too"
        raise UsageError(message, f"rename it, my_{module}.py for example")
    if "," in str(path):
        raise UsageError(f"{path}: a comma separates scripts for the SDK", "move or rename it")
