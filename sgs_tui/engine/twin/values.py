"""Values of a dump's tensors as the twin needs them: whole, float32, those read last are kept."""

from collections import OrderedDict
from threading import Lock

import numpy as np

from sgs_tui.engine.dumps.format import Form, Record
from sgs_tui.engine.dumps.reader import Dump
from sgs_tui.engine.twin.meaning import Floats

KEPT, KEPT_TEXT = 1 << 22, 1 << 24
"""Elements kept at once: 16 MB, since fresh memory costs more than reading again what the system holds; 64 MB of text,
which would be parsed again."""


class Values:
    """Whole tensors of one dump, flat, for several threads. A tensor's bytes are the same in every record of its
    name."""

    def __init__(self, dump: Dump) -> None:
        self.dump = dump
        self._kept: OrderedDict[str, Floats] = OrderedDict()
        self._count = 0
        self._most = KEPT_TEXT if dump.form is Form.TEXT else KEPT
        self._lock = Lock()

    def read(self, record: Record) -> Floats:
        """Every element as float32, codes dequantized; not to be written to. Raises DumpError."""
        with self._lock:
            known = self._kept.get(record.name)
            if known is not None:
                self._kept.move_to_end(record.name)
                return known
        values = self._whole(record)
        with self._lock:
            self._keep(record.name, values)
        return values

    def constant(self, record: Record) -> Floats:
        """A constant as float32, not kept. Raises DumpError."""
        return self._whole(record)

    def _whole(self, record: Record) -> Floats:
        if self.dump.dequantizes(record):
            return self.dump.values(record).astype(np.float32)
        return self.dump.read(record).astype(np.float32, copy=False)

    def _keep(self, name: str, values: Floats) -> None:
        if name in self._kept:  # another thread was faster
            return
        self._kept[name] = values
        self._count += values.size
        while self._count > self._most and len(self._kept) > 1:
            self._count -= self._kept.popitem(last=False)[1].size
