"""The names that [CONV_CONFIG] of input_config.ini can raise: the first inputs of convolutions."""

from sgs_tui.engine.diagnosis.graph import build_graph
from sgs_tui.engine.dumps.reader import Dump


def conv_inputs(*dumps: Dump) -> tuple[str, ...] | None:
    """Those of the first dump that holds inputs; None where all hold outputs only."""
    for dump in dumps:
        graph = build_graph(dump)
        if graph.known:
            return graph.convolution_inputs()
    return None
