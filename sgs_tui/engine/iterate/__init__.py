"""Iterations: change what gets 16 bits, make the models again, dump, compare with the state before."""
