"""Which tensors need 16 bits: searched by trying, never by a model of what ought to help."""
