"""The twin: the network rebuilt from a float dump, proven on its numbers, quantized as the simulator does it.

A float dump holds every op's inputs, weights and outputs, so the network is all there. Read in this order:

    meaning     what an op computes: frozen attributes, shapes NHWC
    windows     a convolution's window from its numbers       infer     every other op's attributes
    onnx_nodes  a meaning as ONNX nodes                        kernels   small models, run by onnxruntime
    rebuild     dump -> Twin, every op proven                  export    Twin -> ONNX files
    plan        Twin + ranges + INT16 names -> types, scales   domains   which tensors share a scale, which are 16 bit
    arithmetic  the fixed simulator's numbers                  predict   Plan -> every layer's fixed values
    agreement   the prediction against a fixed dump            whatif, search, sources, run: what it is good for
"""
