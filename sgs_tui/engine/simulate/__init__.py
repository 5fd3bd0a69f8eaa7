"""Runs: run folders, the supervisor process and the backends."""
