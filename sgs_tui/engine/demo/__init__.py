"""The embedded demo: a network with one planted fault, quantized and dumped here, no SDK needed."""
