"""The panes of the app, one a file."""
