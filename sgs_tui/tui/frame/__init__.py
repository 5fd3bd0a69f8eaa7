"""The parts every pane and window shares."""
