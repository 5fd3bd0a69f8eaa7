"""Between a screen and the state file of its folder."""

from typing import Protocol

from sgs_tui.engine.compare.catalogue import known_figure
from sgs_tui.engine.compare.query import parse_query
from sgs_tui.engine.errors import SgsError
from sgs_tui.tui.models.layers import NETWORK
from sgs_tui.tui.models.run_form import RunForm, form_of
from sgs_tui.tui.models.view import ColumnChoice, choices_for
from sgs_tui.tui.panes.histogram import HistogramPane
from sgs_tui.tui.panes.layers import LayersPane
from sgs_tui.tui.panes.log import LogPane
from sgs_tui.tui.settings import Settings
from sgs_tui.tui.start import Start
from sgs_tui.tui.state import ViewState, load_state, save_state


class Remembered(Protocol):
    """What of a screen is kept."""

    start: Start
    settings: Settings
    layers_pane: LayersPane
    histogram_pane: HistogramPane
    log_pane: LogPane
    come_back_to: str
    run_form: RunForm

    @property
    def layer_name(self) -> str:
        """The layer under the cursor."""
        ...


def recall(screen: Remembered) -> None:
    """Put the screen as its folder was left, columns as the settings say where nothing was kept."""
    state = load_state(screen.start.folder)
    pane = screen.layers_pane
    if state.columns or screen.settings.columns:
        pane.choices = choices_for(state.columns or screen.settings.columns, state.extras)
    pane.wide = state.wide
    pane.model.sort_key, pane.model.reverse = _order(screen.start.sort) or (state.sort or NETWORK, state.reverse)
    pane.model.query = parse_query(screen.start.query) if screen.start.query.strip() else pane.model.query
    screen.histogram_pane.log_counts = state.log_counts
    screen.come_back_to = state.layer
    screen.run_form = form_of(state.run)
    pane.show_columns()


def _order(wanted: str) -> tuple[str, bool] | None:
    """Key and direction that `--sort` asks for, if it was given."""
    key = wanted.removeprefix("-")
    figure = known_figure(key)
    return (figure.key if figure else key, wanted.startswith("-")) if wanted else None


def remember(screen: Remembered) -> None:
    """Keep the view; where that fails the log says so, and nothing else happens."""
    try:
        save_state(screen.start.folder, _state(screen))
    except (OSError, SgsError) as error:
        screen.log_pane.add(f"the view is not kept: {error}", "warn")


def _state(screen: Remembered) -> ViewState:
    pane = screen.layers_pane
    shown: list[ColumnChoice] = [choice for choice in pane.choices if choice.shown]
    return ViewState(
        columns=tuple(choice.id for choice in shown),
        extras={choice.id: choice.extra for choice in shown if choice.extra},
        wide=pane.wide,
        sort="" if pane.model.sort_key == NETWORK else pane.model.sort_key,
        reverse=pane.model.reverse,
        log_counts=screen.histogram_pane.log_counts,
        layer=screen.layer_name or screen.come_back_to,
        run=dict(screen.run_form.values),
    )
