"""The known word that a mistyped one was meant to be."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The most similar known word, upper and lower case alike; None when none comes close."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    close = get_close_matches(word.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest word and all of them."""
    words = list(known)
    close = nearest(word, words)
    all_of_them = f"known are {', '.join(words)}"
    return f"did you mean {close}? {all_of_them}" if close else all_of_them
