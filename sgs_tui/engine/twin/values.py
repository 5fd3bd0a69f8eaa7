"""Values of a dump's tensors as the twin needs them: whole, float32, those read last are kept."""

from collections import OrderedDict

import numpy as np

from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.dumps.records import Record
from sgs_tui.engine.twin.meaning import Floats

KEPT = 1 << 24
"""Elements kept at once (64 MB)."""


class Values:
    """Whole tensors of one dump, flat. A tensor's bytes are the same in every record of its name."""

    def __init__(self, dump: Dump) -> None:
        self.dump = dump
        self._kept: OrderedDict[str, Floats] = OrderedDict()
        self._count = 0

    def read(self, record: Record) -> Floats:
        """Every element as float32, codes dequantized; not to be written to. Raises DumpError."""
        if record.name in self._kept:
            self._kept.move_to_end(record.name)
        else:
            self._keep(record.name, self._whole(record))
        return self._kept[record.name]

    def constant(self, record: Record) -> Floats:
        """A constant as float32, not kept. Raises DumpError."""
        return self._whole(record)

    def _whole(self, record: Record) -> Floats:
        if self.dump.dequantises(record):
            return self.dump.values(record).astype(np.float32)
        return self.dump.read(record).astype(np.float32, copy=False)

    def _keep(self, name: str, values: Floats) -> None:
        self._kept[name] = values
        self._count += values.size
        while self._count > KEPT and len(self._kept) > 1:
            self._count -= self._kept.popitem(last=False)[1].size
