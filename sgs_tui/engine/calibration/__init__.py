"""Files the calibrator leaves: ranges, statistics, quantisation info."""
