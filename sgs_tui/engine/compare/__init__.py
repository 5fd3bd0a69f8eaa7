"""Matching two dumps, the metrics of a layer, verdicts, histograms."""
