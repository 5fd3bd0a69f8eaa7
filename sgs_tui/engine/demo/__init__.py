"""The embedded demo: a network with one planted fault, quantised and dumped here, no SDK needed."""

from sgs_tui.engine.demo.build import DemoFiles, build_demo, is_demo_model
from sgs_tui.engine.demo.network import CULPRIT

__all__ = ["CULPRIT", "DemoFiles", "build_demo", "is_demo_model"]
