"""Diagnosis: the findings, one line each, and why."""
