"""The shape of the house: no import circles, no file that only its neighbor reads, nothing too long to read."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from sgs_tui.cli.main import COMMANDS

pytestmark = pytest.mark.xdist_group("structure")  # every file is read and parsed once
ROOT = Path(__file__).resolve().parent.parent
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "sgs_tui").rglob("*.py"))
}
LONGEST = 600
APART = "Apart because"
"""What a docstring says of a file that stands alone although one neighbor reads it."""
COMMAND_FILES = frozenset(f"sgs_tui.cli.{name}" for name in COMMANDS.values())
"""Loaded by name, when their command is asked for."""


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(FILES[module].read_text())


@cache
def imports_of(module: str) -> frozenset[str]:
    """The product's modules that `module` imports, at its top or where it needs them; not those for types only."""
    tree = tree_of(module)
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id in {"TYPE_CHECKING", "MYPY"}
        for inner in ast.walk(node)
    }
    return frozenset(
        name for node in ast.walk(tree) if id(node) not in typing_only for name in named(node) if name != module
    )


def named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in FILES)
    elif isinstance(node, ast.ImportFrom) and node.module is not None:
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            yield from (name for name in (whole if whole in FILES else node.module,) if name in FILES)


def circles() -> list[list[str]]:
    """Strongly connected groups of modules (Tarjan)."""
    found: list[list[str]] = []
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in sorted(imports_of(module)):
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            group = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            found.extend([group] if len(group) > 1 else [])

    for module in FILES:
        if module not in index:
            visit(module)
    return found


def test_no_import_circles() -> None:
    assert circles() == []


def loaded_by_name(module: str) -> frozenset[str]:
    """Modules that stand in `module` as text: registries, and processes that are started."""
    nodes = ast.walk(tree_of(module))
    return frozenset(node.value for node in nodes if isinstance(node, ast.Constant) and node.value in FILES)


def lonely() -> Iterator[str]:
    """Modules whose one importer sits in the same folder."""
    readers: dict[str, list[str]] = {module: [] for module in FILES}
    for module in FILES:
        for other in imports_of(module) | loaded_by_name(module):
            readers[other].append(module)
    for module, path in FILES.items():
        if path.name == "__init__.py" or module in COMMAND_FILES or len(readers[module]) != 1:
            continue
        if readers[module][0].rpartition(".")[0] == module.rpartition(".")[0]:
            yield module


def test_a_file_with_one_reader_beside_it_says_why_it_is_apart() -> None:
    silent = [module for module in lonely() if APART not in (ast.get_docstring(tree_of(module)) or "")]
    assert silent == []


@pytest.mark.parametrize("module", FILES)
def test_a_file_can_be_read_in_one_sitting(module: str) -> None:
    assert len(FILES[module].read_text().splitlines()) <= LONGEST
