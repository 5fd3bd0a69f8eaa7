"""Typer commands: read arguments, pick a front end, map errors to exit codes."""
