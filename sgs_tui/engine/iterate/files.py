"""What an iteration leaves in its run folder, beside what every run has."""

from pathlib import Path

from sgs_tui.engine.simulate.embedded import EmbeddedFiles

ITERATE = "iterate"
"""Backend of iterations."""

_NAMES = EmbeddedFiles.below(Path())
FLOAT_DUMP, FIXED_DUMP = _NAMES.float_dump.name, _NAMES.fixed_dump.name
"""The same names as in every folder that holds both dumps."""

LAYERS_FILE = "layers.json"
"""The layers as they are now."""

BEFORE_FILE = "before.json"
"""The layers of the state before; absent where nothing was known of it."""
