"""Backends: what makes a dump (the SDK, ONNX, Caffe, TFLite, the embedded simulator)."""
