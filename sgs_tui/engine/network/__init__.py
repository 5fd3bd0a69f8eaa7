"""What a dump says of its network: graph, ops, channels, scales."""
