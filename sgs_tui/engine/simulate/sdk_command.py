"""The command line of the SDK's simulator.py, by generation (facts 6.4).

Older: -i -m -c -t are required, and the path of the model goes through a shell without quotes. Newer: -n is
required and the category has a default; -t is given to both, so that a swapped model is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sgs_tui.engine.dumps.records import Stage
from sgs_tui.engine.simulate.run_folder import safe_name
from sgs_tui.engine.simulate.sdk_images import DATA, PICTURES, Sample, suffix
from sgs_tui.engine.simulate.sdk_root import Generation, Sdk

_TYPES = {Stage.FLOAT: "Float", Stage.CMODEL_FLOAT: "Float", Stage.FIXED: "Fixed"}
_PLAIN = re.compile(r"[A-Za-z0-9_./+=@%-]+")
_LIST = "samples.txt"


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command and what it needs in its working directory: `files` (name to text), `links` (name to target)."""

    argv: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


def is_plain(path: str) -> bool:
    """Whether a path survives a shell without quotes, a colon-separated list and a comma-separated one."""
    return _PLAIN.fullmatch(path) is not None


def simulator_command(
    sdk: Sdk, python: str, model: Path, stage: Stage, sample: Sample, preprocess: tuple[str, ...]
) -> Invocation:
    """simulator.py for one sample. Awkward names are reached through links in the working directory."""
    links: dict[str, str] = {}
    model_name = _reachable(model, "model", links)
    names = [_reachable(file, f"input{number}", links) for number, file in enumerate(sample.files)]
    image, files = _image_argument(names, sdk)
    argv = [python, str(sdk.simulator), "-i", image, "-m", model_name]
    if sdk.generation is Generation.OLDER:
        argv += ["-c", "Unknown", "-t", _TYPES[stage]]
    elif stage is not Stage.CMODEL_FLOAT:  # its -t knows no cmodel: left out, the model's own class decides
        argv += ["-t", _TYPES[stage]]
    if preprocess:
        argv += ["-n", ",".join(preprocess)]
    if sdk.keeps_inputs and preprocess:
        argv.append("--save_input")
    return Invocation(tuple(argv), files, links)


def _reachable(path: Path, role: str, links: dict[str, str]) -> str:
    if is_plain(str(path)):
        return str(path)
    name = safe_name(path.stem) + (path.suffix if is_plain(path.suffix) else "")
    link = f"{role}-{name}" if name in links or role != "model" else name
    links[link] = str(path)
    return link


def _image_argument(names: list[str], sdk: Sdk) -> tuple[str, dict[str, str]]:
    """One picture is given as it is; several inputs, or a suffix that would be taken for a list, in a list."""
    alone = PICTURES if sdk.generation is Generation.OLDER else PICTURES | DATA
    if len(names) == 1 and suffix(Path(names[0])) in alone:
        return names[0], {}
    return _LIST, {_LIST: ",".join(names) + "\n"}
