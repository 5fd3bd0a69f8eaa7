"""What is wrong with a network's folder before anything is run: its ini, scripts, pictures, names, commands, memory.

Apart because it judges what others will do, the vendor's tools; propose.py says what we would.
"""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from sgs_tui.engine.backends.samples import samples
from sgs_tui.engine.backends.sdk import preprocess_items
from sgs_tui.engine.backends.sdk_ask import SOC, SdkAnswers
from sgs_tui.engine.backends.sdk_checks import (
    Feeding,
    check_feeding,
    check_memory,
    check_names,
    check_pictures,
    graph_input_size,
)
from sgs_tui.engine.backends.sdk_install import Sdk
from sgs_tui.engine.configs import inputconfig
from sgs_tui.engine.configs.inputconfig_check import lint
from sgs_tui.engine.dumps.reader import open_dump
from sgs_tui.engine.errors import SgsError
from sgs_tui.engine.network.graph import conv_inputs
from sgs_tui.engine.requantize.network import IterateConfig
from sgs_tui.engine.runs.backend import Concern, Level
from sgs_tui.language import Message

_PROCESSES = 10
"""What the vendor's calibrator starts where --num_process does not say it."""


def check_network(
    config: IterateConfig, sdk: Sdk, environ: Mapping[str, str], benchmark: Path | None
) -> Iterator[Concern]:
    """What the tools would not say, or only after an hour. Raises SgsError.

    `benchmark`: a float dump of the network, where there is one.
    """
    words = _words(config.calibrate)
    scripts = preprocess_items(config.preprocess, sdk)
    pictures = samples(config.image, max(1, len(scripts)))
    named = [Path(item) for item in scripts if item.endswith(".py")]
    calibration = _calibration(config, words, max(1, len(scripts)))
    yield from check_names([config.float_model, *named, *pictures[0], *(file for one in calibration for file in one)])
    if calibration:
        yield from check_pictures(len(calibration))
    if sdk.way is None and any("calibrator" in word for word in words):
        yield from check_memory(_processes(words))
    ini = config.ini if config.ini.is_file() else None
    yield from check_feeding(Feeding(scripts, pictures[0], ini, _sizes(benchmark)), SdkAnswers(sdk, environ=environ))
    if sdk.soc_version and config.convert and SOC not in config.convert:
        message = Message("soc_version is {soc}, but `convert` does not say {option}", soc=sdk.soc_version, option=SOC)
        yield Concern(
            Level.WARNING,
            message,
            Message("add {option} {soc} to convert and calibrate in sgs-tui.toml", option=SOC, soc=sdk.soc_version),
        )


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # what bash understands better than we do
        return []


def _value(words: list[str], *names: str) -> str:
    places = [place for place, word in enumerate(words[:-1]) if word in names]
    return words[places[-1] + 1] if places else ""


def _calibration(config: IterateConfig, words: list[str], inputs: int) -> tuple[tuple[Path, ...], ...]:
    """The calibration samples that `calibrate` names; none where that can not be told."""
    argument = _value(words, "-i", "--image")
    try:
        return samples(":".join(str(config.folder / part) for part in argument.split(":")), inputs) if argument else ()
    except SgsError:  # a variable, a pattern: bash will know
        return ()


def _processes(words: list[str]) -> int:
    value = _value(words, "--num_process")
    return int(value) if value.isdigit() else _PROCESSES


def _sizes(dump: Path | None) -> tuple[int, ...]:
    if dump is None:
        return ()
    with open_dump(dump) as opened:
        found = graph_input_size(opened)
    return (found,) if found else ()


def check_ini(config: IterateConfig, dump: Path | None) -> Iterator[Concern]:
    """The ini by itself, and its tensor_arrays against a float dump."""
    if not config.ini.is_file():
        return
    inputs = None
    if dump is not None:
        with open_dump(dump) as opened:
            inputs = conv_inputs(opened)
    for finding in lint(inputconfig.load(config.ini), inputs):
        place = f"{config.ini}:{finding.line or 1}"
        message = Message("{place}: {message}", place=place, message=finding.message)
        yield Concern(Level.WARNING, message, finding.remedy)
