"""The supervisor's program: `python -m sgs_tui.engine.backends.supervise [--parallel N] RUN_FOLDER...`

Apart because it is a process of its own, started by start.py: it hands the backends to runs/supervisor.py.
"""

import sys

from sgs_tui.engine.backends.registry import backend_of
from sgs_tui.engine.runs.supervisor import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], backend_of))
