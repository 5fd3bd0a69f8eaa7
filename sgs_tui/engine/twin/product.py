"""The only door to modules of the product that may move: graph, ranges, dump writer."""

from sgs_tui.engine.calibration.ranges import Ranges, load_ranges
from sgs_tui.engine.diagnosis.graph import Graph, Op, build_graph
from sgs_tui.engine.dumps.drafts import Draft
from sgs_tui.engine.dumps.writer import DumpWriter

__all__ = ["Draft", "DumpWriter", "Graph", "Op", "Ranges", "build_graph", "load_ranges"]
