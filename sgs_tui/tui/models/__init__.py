"""What the panes show, without any widget: orders, columns, texts."""
