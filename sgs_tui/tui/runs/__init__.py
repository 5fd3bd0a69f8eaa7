"""Runs: the list, the form, the way a run takes."""
