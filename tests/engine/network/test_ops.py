"""The table of op types: one idea of each for everybody who asks."""

from sgs_tui.engine.network.ops import Family, kind_of


def test_all_convolutions_are_convolutions_to_everybody() -> None:
    for name in ("CONV_2D", "CONV_3D", "TRANSPOSE_CONV", "GROUP_CONV", "DEPTHWISE_CONV_2D"):
        family = kind_of(name).family
        assert family.is_convolution and family.has_weights and not family.passes_values, name
    assert not kind_of("FULLY_CONNECTED").family.is_convolution and kind_of("FULLY_CONNECTED").family.has_weights


def test_types_are_known_by_their_beginning_in_any_case() -> None:
    assert kind_of("Reshape_Alias").family is Family.RESHAPE and kind_of("Reshape_Alias").family.passes_values
    assert kind_of("SPLIT_V").family is Family.SPLIT and kind_of("CONCATENATION").family is Family.CONCAT
    assert kind_of("Align2_Alias").family.aligns and kind_of("Align2_Alias").family.keeps_channels
    assert kind_of("Align2").family.aligns and not kind_of("Align2").family.keeps_channels


def test_elementwise_ops_are_no_others_that_begin_alike() -> None:
    assert kind_of("ADD").family is Family.BINARY and not kind_of("ADD").family.passes_values
    assert kind_of("ADDER").family is Family.OTHER and kind_of("EXPAND_DIMS").family is Family.SELECT
