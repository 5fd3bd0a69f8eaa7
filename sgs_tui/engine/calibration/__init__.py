"""Files the calibrator leaves: ranges, statistics, quantization info."""
