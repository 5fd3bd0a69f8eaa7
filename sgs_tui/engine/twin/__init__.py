"""The twin: the network rebuilt from a float dump, proven on its numbers, quantized as the simulator does it.

A float dump holds every op's inputs, weights and outputs, so the network is all there. Read in this order:

    meaning      what an op computes: frozen attributes, shapes NHWC     network   the Twin as data
    windows      a convolution's or pool's window from its numbers       infer     every other op's attributes
    onnx_nodes   a meaning as ONNX nodes                                 kernels   small models, run by onnxruntime
    rebuild      dump -> Twin, every op proven                           export    Twin -> ONNX files
    fusing       which ops run as one                                    domains   shared scales, INT16 tensors
    plan         Twin + ranges + INT16 names -> types, scales            measured  what a fixed dump tells on top
    arithmetic   the fixed simulator's numbers                           fixed_kernels   fused ops under them
    predict      Plan -> every layer's fixed values                      trials    figures of one INT16 choice
    agreement    the prediction against a fixed dump                     trust     how good it is, and for what
    qdq          the rules of onnxruntime's quantizer                    whatif, search, sources, run, other_input
    opening      from paths to all of it, with what lies beside the dumps
"""
