"""INT16 advice in words, for every format that people read. Names are raw: each format guards them."""

from collections.abc import Iterator

from sgs_tui.engine.advice.results import Advice, Candidate
from sgs_tui.engine.advice.wording import expectation, rule

_NOT_NEEDED = "not needed for that"
BLOCK = "[CONV_CONFIG]"


def groups(advice: Advice) -> tuple[list[Candidate], list[Candidate], list[Candidate]]:
    """(chosen, would bring something but are not needed, can not be raised)."""
    chosen = [each for each in advice.candidates if each.chosen]
    never = [each for each in advice.candidates if each.unaffected and not each.chosen]
    other = [each for each in advice.candidates if not each.chosen and not each.unaffected]
    return chosen, other, never


def others_title(advice: Advice) -> str:
    """What the candidates are that are neither chosen nor impossible."""
    return "named by the rules, judged on figures that have to be mended first" if advice.mend_first else _NOT_NEEDED


def in_short(candidate: Candidate) -> str:
    """A candidate that is not chosen, in a line."""
    why = candidate.unaffected or (rule(candidate.reasons[0], candidate.tensor) if candidate.reasons else "")
    gain = f"; would bring {expectation(candidate.expected)}" if candidate.expected and not candidate.unaffected else ""
    return f"{why}{gain}"


def setting(advice: Advice) -> Iterator[str]:
    """The lines to have in input_config.ini, where no file was named."""
    if advice.chosen:
        quote = '"' if any("'" in name for name in advice.chosen) else "'"
        yield from (BLOCK, f"tensor_arrays={quote}{','.join(advice.chosen)}{quote};")
