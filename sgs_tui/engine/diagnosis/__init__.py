"""From numbers to a diagnosis: which layer, why, and what proves it."""
