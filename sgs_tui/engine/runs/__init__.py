"""Runs: run folders, the supervisor process, logs and outcomes."""
