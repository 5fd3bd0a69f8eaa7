"""Requantize and compare before with after."""
