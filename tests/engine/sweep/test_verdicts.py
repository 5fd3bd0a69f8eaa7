"""A layer's verdict from its sums is the one that its whole row gets."""

from dataclasses import replace

from hypothesis import event, given, settings
from hypothesis import strategies as st

from sgs_tui.engine.compare.arrays import Arrays, laid_out
from sgs_tui.engine.compare.limits import BUILT_IN, Limits, Profile, judged
from sgs_tui.engine.compare.results import LayerDiff, LayerRange, RangeSource, Verdict
from sgs_tui.engine.sweep.verdicts import shortcut
from tests.engine.compare.test_arrays import KINDS, layer
from tests.layer_rows import layer as row_of_layer

LIMITS = st.dictionaries(
    st.sampled_from(["rmse", "cos", "mse", "sqnr_db", "relative_l2", "max_abs_error", "range"]),
    st.sampled_from([0.0, 0.001, 0.02, 0.5, 0.99, 1.0, 20.0, 41.0]),
).map(Limits)
PROFILES = st.sampled_from(list(BUILT_IN.values())) | st.builds(Profile, st.just("mine"), LIMITS, LIMITS)


@settings(max_examples=200, deadline=None)
@given(
    KINDS,
    st.integers(0, 20),
    PROFILES,
    st.sampled_from([1e-6, 0.5, 8.0, 50.0, 1e7]),
    st.sampled_from([True, False, None]),
)
def test_a_shortcut_leads_to_the_same_verdict(
    kind: str, seed: int, profile: Profile, half: float, feeds: bool | None
) -> None:
    sides, arrays, plain = layer(60, kind, seed), Arrays(), row_of_layer()
    pair = replace(plain.pair, feeds_convolution=feeds)
    short = shortcut(pair, (-half, half), profile)
    assert short is not None
    (summed,) = arrays.sums(laid_out([sides]))
    found = short.verdict(summed)
    event(f"by the shortcut: {found is not None}")
    figures, known = arrays.figures(sides, summed), LayerRange(-half, half, RangeSource.CALIBRATION)
    row = LayerDiff(pair, figures.metrics, figures.sample, figures.benchmark, known, Verdict.OK)
    if found is not None:
        verdict, errors = found
        assert verdict is judged(row, profile).verdict
        assert errors == tuple(getattr(figures.metrics, key) for key in errors._fields)
    if kind in ("usual", "positive", "equal"):  # nothing is odd about these, unless the grid is a millionfold wider
        assert (found is None) == (half == 1e7)
