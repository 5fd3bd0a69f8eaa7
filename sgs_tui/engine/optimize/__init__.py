"""Which tensors need INT16: searched by trying, never by a model of what ought to help."""
