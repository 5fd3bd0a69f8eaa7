"""The triage journal."""
