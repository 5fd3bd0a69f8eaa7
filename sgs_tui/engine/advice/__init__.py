"""From a diagnosis to the INT16 list that fixes it."""
