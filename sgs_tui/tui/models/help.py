"""The text of `?`, from the one table of actions."""

from collections.abc import Iterable, Sequence

from sgs_tui.tui.actions import ACTIONS, GROUP_TITLES, Action, group, shown_keys
from sgs_tui.tui.lines import BLANK, Line, Span, wrap

KEYS = 16


def help_lines(
    title: str, about: Iterable[Line], groups: Sequence[str], keymap: dict[str, str], width: int
) -> list[Line]:
    """Keys of the pane, what it says about itself, then every other key."""
    lines: list[Line] = [(Span(f"{title}: keys of this pane", "strong"),)]
    for name in groups:
        lines += _keys(group(name), keymap, width)
    about = list(about)
    if about:
        lines += [BLANK, (Span("What is shown", "strong"),), *about]
    for name, heading in GROUP_TITLES.items():
        if name not in groups and group(name):
            lines += [BLANK, (Span(heading, "strong"),), *_keys(group(name), keymap, width)]
    lines += [BLANK, *_rebinding(width)]
    return lines


def _keys(actions: Sequence[Action], keymap: dict[str, str], width: int) -> list[Line]:
    lines: list[Line] = []
    for action in actions:
        keys = " ".join(shown_keys(action, keymap))
        first, *rest = wrap(action.description, max(20, width - KEYS - 3))
        lines.append((Span(f"  {keys:{KEYS}}", "key"), Span(" " + first)))
        lines += [(Span(" " * (KEYS + 3) + part),) for part in rest]
    return lines


def _rebinding(width: int) -> list[Line]:
    example = ACTIONS[0].id
    text = f'Keys can be changed in settings.toml: [keys] "{example}" = "f1". The ids are in the palette (:).'
    return [(Span(part, "muted"),) for part in wrap(text, width)]
