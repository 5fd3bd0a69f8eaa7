"""The embedded demo: a network with one planted fault, quantized and dumped here, no SDK needed."""

from sgs_tui.engine.demo.demo import CULPRIT, DemoFiles, build_demo, is_demo_model

__all__ = ["CULPRIT", "DemoFiles", "build_demo", "is_demo_model"]
