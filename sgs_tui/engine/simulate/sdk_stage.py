"""What the name of an SDK model tells: its stage (facts 0), and whether it can be dumped at all."""

import re
from pathlib import Path

from sgs_tui.engine.dumps.records import Stage
from sgs_tui.engine.errors import InputError, UsageError

_NAMES = (
    (r"\.img$", Stage.OFFLINE),
    (r"_cmodel_float\.sim$", Stage.CMODEL_FLOAT),
    (r"float\.sim$", Stage.FLOAT),
    (r"fixed\.sim$", Stage.FIXED),
)


def stage_of(model: Path) -> Stage:
    """The stage that a model's name tells. Raises UsageError when it tells none."""
    named = named_stage(model)
    if named is None:
        hint = "give --type Float or --type Fixed"
        raise UsageError(f"{model.name}: its name does not tell the stage (*_float.sim, *_fixed.sim)", hint)
    return named


def named_stage(model: Path) -> Stage | None:
    """The same, None when it tells none."""
    return next((stage for pattern, stage in _NAMES if re.search(pattern, model.name)), None)


def other_kind(model: Path, stage: Stage) -> Stage | None:
    """What the name tells where that is of the other kind (float, fixed) than `stage`, as which the model is run."""
    named = named_stage(model)
    return named if named is not None and (named is Stage.FIXED) != (stage is Stage.FIXED) else None


def refuse_offline(model: Path, stage: Stage) -> None:
    """Say why an offline model can not be dumped. Raises UsageError for it and for what is no SDK model."""
    if stage is Stage.OFFLINE or model.suffix == ".img":
        raise UsageError(
            f"{model.name}: an offline model can not be dumped: it holds compiled code for the chip, whose layers "
            "leave no tensors behind (its records carry 0 bytes)",
            "dump the *_fixed.sim it was made from: both compute the same numbers",
        )
    if stage not in (Stage.FLOAT, Stage.CMODEL_FLOAT, Stage.FIXED):
        raise UsageError(f"{model.name}: the SDK's simulator runs no {stage} model", "use `dump onnx|caffe|tflite`")
    if model.suffix in (".onnx", ".tflite", ".prototxt", ".caffemodel"):
        raise UsageError(f"{model.name}: is an original model", f"use `dump {model.suffix[1:]}`")
    if not model.is_file():
        raise InputError(f"{model}: there is no such model", "check the path, and that its conversion ended well")
