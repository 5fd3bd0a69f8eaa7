"""What is said of a set is true of its numbers: made up a layer and picture, so that each cause is known."""

from collections.abc import Sequence

import numpy as np
import pytest

from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.sweep.findings import find, with_causes
from sgs_tui.engine.sweep.gather import Gather, Gathered, ranked
from sgs_tui.engine.sweep.results import (
    VERDICTS,
    Column,
    InputFigures,
    Kind,
    Layer,
    LimitsFrom,
    Measured,
    Outcome,
    Picture,
    SetFinding,
)

LAYERS = tuple(Layer(name, "CONV_2D", at, 100, (0.0, 1.0), LimitsFrom.CALIBRATION) for at, name in enumerate("abcd"))
GOOD, BAD = 0.01, 0.7


def picture(errors: Sequence[float], beyond: str = "", bright: float = 0.5, top: float = 1.0) -> Measured:
    """RMSE a layer (over 0.5 fails), the layers that are twice beyond their limits, the input's mean and largest."""
    figures = np.full((len(LAYERS), len(Column)), np.nan)
    figures[:, Column.LEAST], figures[:, Column.GREATEST] = 0.0, 1.0
    figures[:, [Column.BELOW, Column.ABOVE]] = 0.0
    for at, (layer, error) in enumerate(zip(LAYERS, errors, strict=True)):
        figures[at, :3] = error, 1 - error, 20.0
        figures[at, Column.VERDICT] = VERDICTS.index(Verdict.FAIL if error > 0.5 else Verdict.OK)
        if layer.name in beyond:
            figures[at, Column.GREATEST], figures[at, Column.ABOVE] = 2.0, 5.0
    return Measured(LAYERS, figures, (InputFigures("data", 0.0, top, bright, (0.0, 1.0)),))


def gathered(measured: Sequence[Measured]) -> Gathered:
    gather = Gather([Picture(f"p{place}", ()) for place in range(len(measured))])
    for place, each in enumerate(measured):
        gather.add(place, Outcome(str(place), each))
    return gather.finish()


def findings(measured: Sequence[Measured]) -> dict[Kind, list[SetFinding]]:
    made = gathered(measured)
    rows = made.picture_rows()
    told: dict[Kind, list[SetFinding]] = {}
    for each in find(made, rows, ranked(rows)):
        told.setdefault(each.kind, []).append(each)
    return told


FINE = [picture([GOOD] * 4, bright=0.4 + 0.01 * at) for at in range(8)]


def test_a_healthy_set_is_called_healthy() -> None:
    (found,) = findings(FINE)[Kind.HEALTHY]
    assert found.text == "no layer fails on any of 8 pictures"


@pytest.mark.parametrize("error", [BAD, float("nan")])
def test_one_picture_that_fails_is_no_healthy_set(error: float) -> None:
    """Nor is what it fails for put down to the picture or to the network: one picture does not tell."""
    bad = picture([GOOD, BAD, GOOD, GOOD])
    bad.figures[1, Column.RMSE] = error
    told = findings([bad])
    assert Kind.HEALTHY not in told
    (found,) = told[Kind.ONE_PICTURE]
    assert found.text == "1 layer fails on p0, the only picture that they are compared on" and found.layers == ("b",)


def test_what_fails_where_nothing_clips_as_well_is_not_put_down_to_clipping() -> None:
    told = findings([picture([GOOD, BAD + 0.001 * at, GOOD, GOOD], "b" if at < 2 else "") for at in range(8)])
    assert Kind.CLIPPING not in told and told[Kind.EVERY_PICTURE][0].layers == ("b",)
    told = findings([*FINE[:6], *[picture([GOOD, BAD, GOOD, GOOD], "b") for _ in range(2)]])
    assert told[Kind.CLIPPING][0].layers == ("b",), "what fails there alone is"


def test_two_causes_are_two_findings_and_one_cause_is_one() -> None:
    """The brightest clips in more layers than the other bright ones; a dark one clips in one of these layers, too."""
    bright = [picture([0.3, GOOD, GOOD, GOOD], "a", 0.8, 1.2), picture([0.3, 0.3, 0.4, GOOD], "abc", 0.9, 1.4)]
    bright += [picture([0.3, 0.3, GOOD, GOOD], "ab", 0.85, 1.3)]
    told = findings([*FINE, *bright, picture([GOOD, GOOD, GOOD, 0.4], "d", 0.1)])
    first, second = told[Kind.CLIPPING]
    assert first.text == "clips on 3 of 12 pictures: all of them are bright" and first.layers == (*("data",), *"abc")
    assert second.text == "clips on 1 of 12 pictures: it is dark" and second.layers == ("d",)


def test_an_input_that_clips_is_told_once_a_picture() -> None:
    """Layers that clip on other pictures are other findings; `data` is in the first one of each picture."""
    odd = [picture([0.3, GOOD, GOOD, GOOD], "a", 0.5, 1.5), picture([GOOD, 0.3, GOOD, GOOD], "b", 0.45, 1.5)]
    made = gathered([*FINE, *odd, picture([0.3, GOOD, 0.3, GOOD], "ac", 0.42, 1.5)])
    rows = made.picture_rows()
    told = find(made, rows, ranked(rows))
    named = [(place, name) for each in told for place in each.pictures for name in each.layers if name == "data"]
    assert len(named) == len(set(named)) and named
    assert with_causes(rows, told)[10].reason.count("data") == 1


def test_pictures_on_another_scale_are_not_called_bright() -> None:
    other = [picture([BAD, BAD, GOOD, GOOD], "ab", 100.0 + at, 255.0) for at in range(6)]
    told = findings([*FINE, *other])
    assert "factor 255 on 6 of 14 pictures" in told[Kind.OTHER_SCALE][0].text and Kind.CLIPPING not in told
    assert told[Kind.SOME_PICTURES][0].text == "2 layers fail on 6 of 14 pictures"
    bright = [picture([0.3, GOOD, GOOD, GOOD], "a", 0.9 + 0.01 * at, 1.3) for at in range(3)]
    told = findings([*FINE, *other, *bright])
    assert told[Kind.CLIPPING][0].text.endswith("all of them are bright"), "next to those on another scale, too"


@pytest.mark.parametrize(("pictures", "top", "said"), [(1, 1 / 20, False), (1, 1 / 255, True), (4, 1 / 20, True)])
def test_one_dark_picture_is_no_other_scale(pictures: int, top: float, said: bool) -> None:
    told = findings([picture([GOOD] * 4, bright=top / 2, top=top) for _ in range(pictures)])
    assert (Kind.OTHER_SCALE in told) == said


def test_layers_that_fail_on_some_pictures_say_on_how_many_each() -> None:
    odd = [picture([BAD, *rest], bright=0.43) for rest in ((BAD, GOOD, GOOD), (BAD, BAD, GOOD), (GOOD, BAD, GOOD))]
    (found,) = findings([*FINE, *odd])[Kind.SOME_PICTURES]
    assert found.text == "3 layers fail on 2 to 3 pictures each, on 3 of 11 pictures in all"
    (found,) = findings([*FINE, *odd[:2]])[Kind.SOME_PICTURES]
    assert found.text == "2 layers fail on 2 of 10 pictures"
