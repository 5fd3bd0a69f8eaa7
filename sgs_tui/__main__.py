"""The `sgs-tui` command. `--version` answers before anything heavy is loaded."""

import atexit
import gc
import os
import sys
import threading
from contextlib import suppress


def main() -> int:
    """Run the command line; returns its exit code."""
    gc.set_threshold(20_000)  # the first picture comes a tenth sooner: after 700 objects, as usual, nothing is garbage
    _hold_standard_streams()
    arguments = sys.argv[1:]
    try:
        if arguments in (["--version"], ["-V"]):
            from sgs_tui import __version__

            with suppress(OSError):  # said by the command line below, which comes to the same end
                print(f"sgs-tui {__version__}", flush=True)
                return 0
        from sgs_tui.cli.main import guarded
    except KeyboardInterrupt:
        return 130
    code = guarded(arguments)
    _leave_at_once(code)
    return code


def _leave_at_once(code: int) -> None:
    """End the process here if onnxruntime was used, or work goes on in a thread that nobody waits for.

    The interpreter's own end would tear that thread out of the C++ that it is in (onnxruntime's), which aborts the
    process: "terminate called" on the terminal and 134 for an exit code, also where it ends with a crash report. And it
    would take a hundred sessions down one by one, which is a tenth of a second of a diagnosis.
    """
    others = [thread for thread in threading.enumerate() if thread is not threading.current_thread()]
    waits = any(not thread.daemon for thread in others)
    if any(thread.is_alive() for thread in others if thread.daemon) or ("onnxruntime" in sys.modules and not waits):
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(code)


def _hold_standard_streams() -> None:
    """Let no file of ours become number 0, 1 or 2 where one of them was closed: children take those for streams.

    What nobody wants to read on stderr goes nowhere; stdout stays closed, since data that is lost is an error.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 until the end


if __name__ == "__main__":
    sys.exit(main())
