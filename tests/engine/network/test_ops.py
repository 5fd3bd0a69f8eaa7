"""The table of op types: one idea of each for everybody who asks."""

from sgs_tui.engine.network.ops import Family, family_of


def test_all_convolutions_are_convolutions_to_everybody() -> None:
    for name in ("CONV_2D", "CONV_3D", "TRANSPOSE_CONV", "GROUP_CONV", "DEPTHWISE_CONV_2D"):
        family = family_of(name)
        assert family.is_convolution and family.has_weights and not family.passes_values, name
    assert not family_of("FULLY_CONNECTED").is_convolution and family_of("FULLY_CONNECTED").has_weights


def test_types_are_known_by_their_beginning_in_any_case() -> None:
    assert family_of("Reshape_Alias") is Family.RESHAPE and family_of("Reshape_Alias").passes_values
    assert family_of("SPLIT_V") is Family.SPLIT and family_of("CONCATENATION") is Family.CONCAT
    assert family_of("Align2_Alias").aligns and family_of("Align2_Alias").keeps_channels
    assert family_of("Align2").aligns and not family_of("Align2").keeps_channels


def test_elementwise_ops_are_no_others_that_begin_alike() -> None:
    assert family_of("ADD") is Family.BINARY and not family_of("ADD").passes_values
    assert family_of("ADDER") is Family.OTHER and family_of("EXPAND_DIMS") is Family.SELECT
