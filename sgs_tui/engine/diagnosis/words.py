"""What to do, in the words of what quantizes: the SDK by input_config.ini, or onnxruntime by options of sgs-tui.

`qdq` is true where onnxruntime does.
"""

from collections.abc import Sequence

from sgs_tui.language import Message


def int16_words(names: Sequence[str], qdq: bool, everything: bool = False) -> str:
    """How tensors are put into INT16: by [CONV_CONFIG], or by onnxruntime."""
    together = len(names) > 1 and not everything
    if qdq:
        said = "ALL" if everything else ",".join(names)
        if together:
            return Message("set to INT16 together: {names}; then quantize again (--int16)", names=said)
        return Message("set to INT16: {names}; then quantize again (--int16)", names=said)
    setting = "input_format=ALL_INT16" if everything else f"tensor_arrays='{','.join(names)}'"
    if together:
        return Message(
            "set to INT16 together: {setting}; in [CONV_CONFIG], then convert and calibrate again", setting=setting
        )
    return Message("set to INT16: {setting}; in [CONV_CONFIG], then convert and calibrate again", setting=setting)


def level_words(qdq: bool) -> str:
    """How weights get a scale for each output channel."""
    if qdq:
        return Message("quantize without --per-tensor: one scale per output channel for the weights")
    return Message("calibrate with --quant_level L2 or higher: one scale per output channel for the weights")


def everything_words(qdq: bool) -> tuple[str, ...]:
    """What tells whether it is a matter of bits at all, and what to do then."""
    if qdq:
        return (
            Message(
                "try --int16 ALL; if that is accurate `sgs-tui optimize onnx` finds fewer, else train with quantization"
            ),
        )
    return (Message("try ALL_INT16; if that is accurate, let sim_optimizer.py choose, else train with quantization"),)


def matter_of_bits_words(qdq: bool) -> str:
    """What is left to do where nothing explains an error."""
    if qdq:
        return Message("quantize with --int16 ALL to see whether it is a matter of bits")
    return Message("hand this layer's dumps to the vendor, or try ALL_INT16 to see whether it is a matter of bits")
