"""Histograms of one layer."""
