"""What a dump says of its network: graph, ops, shapes, windows, scales, replay."""
