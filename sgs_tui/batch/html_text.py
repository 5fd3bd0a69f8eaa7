"""HTML out of text that nobody may trust: every name and path passes through here."""

from collections.abc import Sequence
from html import escape

from sgs_tui.engine.text import visible


def safe(text: str) -> str:
    """Text for an element or a quoted attribute: control characters shown, markup harmless."""
    return escape(visible(text), quote=True)


def name(text: str) -> str:
    """A tensor's name: kept together, broken anywhere where it does not fit, never translated."""
    return f'<code translate="no">{safe(text)}</code>'


def facts(rows: Sequence[tuple[str, str]]) -> str:
    """Pairs of a term (text) and its description (HTML)."""
    return f"<dl>{''.join(f'<dt>{safe(term)}</dt><dd>{described}</dd>' for term, described in rows)}</dl>"


def listing(items: Sequence[str]) -> str:
    """A list of HTML items; nothing where there are none."""
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>" if items else ""


def section(key: str, title: str, *content: str) -> str:
    """A part of the page with its heading; nothing where it has no content."""
    body = "".join(content)
    return f'<section id="{key}"><h2>{safe(title)}</h2>{body}</section>\n' if body else ""
