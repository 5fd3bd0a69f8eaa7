"""Benchmarks: they print tables and ratios, and are run by hand (`python -m tests.benchmarks.NAME`)."""
