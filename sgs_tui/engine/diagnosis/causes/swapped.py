"""Cause `swapped`: the float dump was given as the sample and the fixed one as the benchmark.

Every figure is then relative to the wrong side and every hypothesis is about the wrong one, so nothing else is said.
"""

from sgs_tui.engine.diagnosis.results import Cause, Evidence, Finding
from sgs_tui.engine.session import Comparison
from sgs_tui.language import Message

_ADVICE = (Message("swap them: x in the app; on the command line the dump that is judged (fixed) comes first"),)
_REFUTED = Message("the stages are guessed wrong: the sample is a dump of the fixed model all the same")


def find_swapped(comparison: Comparison) -> Finding | None:
    """The headers of both dumps tell their stages."""
    if comparison.swapped is None:
        return None
    sample, benchmark = comparison.swapped
    why = Message(
        "the sample is a dump of the {sample} stage and the benchmark of the {benchmark} stage",
        sample=Message(str(sample)),
        benchmark=Message(str(benchmark)),
    )
    return Finding(Cause.SWAPPED, (), 0.95, (Evidence(why),), _ADVICE, _REFUTED)
