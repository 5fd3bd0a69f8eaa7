"""The DebugConfig editor."""
