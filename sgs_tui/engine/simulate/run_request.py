"""What a run is asked to do: one command, its environment, its working directory, its expected products.

Every backend (the SDK's simulator, the dumpers of original models, the user's own convert and calibrate
commands) is described by the same `RunRequest`; it is stored as request.json in the run folder, and the
supervisor works from that file alone. Imports stay light here: the supervisor loads this module.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from sgs_tui.engine.errors import InputError

SCHEMA = "sgs-tui/run/1"
DEBUG_CONFIG = "DebugConfig.txt"


class ProductKind(StrEnum):
    """How a product is judged: `DUMP` by the dump reader, `FILE` by being there, `PATTERN` by one match."""

    DUMP = "dump"
    FILE = "file"
    PATTERN = "pattern"


class Elements(StrEnum):
    """What the headers' `type:` fields of a dump must be: a float model's say float, a fixed one's SGS_*."""

    ANY = "any"
    FLOAT = "float"
    INTEGER = "integer"


@dataclass(frozen=True, slots=True)
class Product:
    """A file that the run must leave, new.

    `path` is relative to the run's working directory, and the file is then moved into the run folder once
    it is found good; or absolute (a user's own calibrate command), and it stays there. For `PATTERN` the
    last part of `path` is a glob. `is_float`: the dump's first line must say so; None = either.
    """

    path: str
    kind: ProductKind = ProductKind.DUMP
    is_float: bool | None = None
    elements: Elements = Elements.ANY


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One execution.

    `environment` is the child's exact environment; None: the starter's own, for programs of ours (a user's own
    command gets sdk_environment.clean_environment or what an SDK makes of it). `cwd` None means a fresh
    working directory inside the run folder, which is what a simulator needs. `files` (name to text) and
    `links` (name to target) are made in that directory; `copies` are kept in the run folder before the
    command starts. `needs` must exist beforehand. `timeout` and `grace` (between TERM and KILL) in seconds.
    `expected_size` in bytes, None where nothing is known. `details` are for people and front ends (image,
    preprocess, SDK).
    """

    argv: tuple[str, ...]
    backend: str
    model: str
    stage: str
    products: tuple[Product, ...]
    environment: Mapping[str, str] | None = None
    cwd: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    copies: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    timeout: float | None = None
    grace: float = 5.0
    expected_size: int | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """`tiny_float.sim, float`: what a list of runs shows."""
        return f"{Path(self.model).name}, {self.stage}" if self.stage else Path(self.model).name

    @property
    def debug_config(self) -> str | None:
        """The exact DebugConfig.txt of the run, where it has one."""
        return self.files.get(DEBUG_CONFIG)


def request_to_json(request: RunRequest) -> bytes:
    """request.json: the schema's name and every field. Bytes of odd file names survive (surrogateescape)."""
    document = {"schema": SCHEMA, **asdict(request)}
    return json.dumps(document, indent=1, ensure_ascii=True).encode("ascii") + b"\n"


def request_from_json(data: bytes, where: Path) -> RunRequest:
    """The inverse of `request_to_json`. Raises InputError when `data` is not ours."""
    try:
        document = json.loads(data)
        if document.pop("schema", None) != SCHEMA:
            raise InputError(f"{where}: not a run request (no schema {SCHEMA})", "leave such folders alone")
        return _request(document)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{where}: damaged run request: {error}", "delete the folder by hand") from error


def _request(document: dict[str, Any]) -> RunRequest:
    document["argv"] = tuple(document["argv"])
    for name in ("copies", "needs", "warnings"):
        document[name] = tuple(document.get(name, ()))
    document["products"] = tuple(_product(entry) for entry in document["products"])
    return RunRequest(**document)


def _product(entry: dict[str, Any]) -> Product:
    return Product(entry["path"], ProductKind(entry["kind"]), entry["is_float"], Elements(entry.get("elements", "any")))
