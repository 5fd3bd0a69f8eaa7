"""File names of pictures: `<op index>.<tensor, / as _>.png`, none too long, none twice."""

import os
from collections.abc import Sequence

from sgs_tui.engine.dumps.file_names import FreeNames
from sgs_tui.engine.reports.portraits import Subject
from sgs_tui.engine.text import encode


def file_names(subjects: Sequence[Subject], numbers: Sequence[int] | None = None) -> list[str]:
    """A name for each subject, numbered as in the network, or by `numbers`.

    The bytes are the tensor name's own, whatever the locale; `/` becomes `_`, nothing else changes unless it has to.
    """
    free = FreeNames()
    counted = numbers or [subject.record.op_index for subject in subjects]
    return [_name(free, number, subject.record.name) for number, subject in zip(counted, subjects, strict=True)]


def _name(free: FreeNames, number: int, tensor: str) -> str:
    name, _ = free.take(f"{number}.{tensor.replace('/', '_')}", ".png", tensor)
    return os.fsdecode(encode(name))
