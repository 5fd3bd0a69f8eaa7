"""Requantize: change what gets INT16, make the models, dump, compare with the state before."""
