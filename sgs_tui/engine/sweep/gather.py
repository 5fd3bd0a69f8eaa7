"""Figures of pictures, in whatever order they come, -> layers, outputs and pictures over the set.

Numbers are kept in place (a float64 a layer, picture and metric) and put together at the end in the order of the
pictures, sums exactly (math.fsum): the result does not depend on the order, on the number of workers, or on a resume.

Memory grows with pictures x layers, never with elements: some 50 bytes each, 250 MB for 10,000 pictures of 500 layers
(374 MB is the most that the whole process takes then, its journal included; measured).
For a million pictures the matrices would have to go: the worst, the shares and the sums need one pass and a few numbers
a layer, and the quantiles a mergeable sketch (t-digest, a few KB a layer and metric, some 0.1 % of rank off); the
journal (50 KB a picture) would be cut into files of its own for each worker, and pictures without a failing layer would
keep their totals alone.
"""

from collections.abc import Iterable, Sequence
from math import fsum, inf, isnan, nan
from typing import Any

import numpy as np
import numpy.typing as npt

from sgs_tui.engine.compare.results import Verdict
from sgs_tui.engine.dumps.dtypes import FloatArray
from sgs_tui.engine.sweep.results import (
    VERDICTS,
    Agreement,
    Beyond,
    Column,
    Failure,
    InputFigures,
    Layer,
    LayerRow,
    Measured,
    Outcome,
    OutputRow,
    Picture,
    PictureRow,
    Spread,
    Status,
)
from sgs_tui.language import Message

_KEPT: dict[Column, type[np.generic]] = {
    Column.RMSE: np.float64,
    Column.COS: np.float64,
    Column.SQNR: np.float64,
    Column.LEAST: np.float64,
    Column.GREATEST: np.float64,
    Column.BELOW: np.float32,
    Column.ABOVE: np.float32,
}
ABSENT = 255
"""In the matrix of verdicts: the picture has no such layer, or no figures."""
FAILS, WARNS, NOT_COMPARED = (VERDICTS.index(each) for each in (Verdict.FAIL, Verdict.WARN, Verdict.NOT_COMPARABLE))
_METRICS = (("rmse", Column.RMSE, 1.0), ("cos", Column.COS, -1.0), ("sqnr_db", Column.SQNR, -1.0))
"""Metrics over the pictures; the sign makes more worse."""
NOTICED = 0.05
"""Of the limits' width: beyond them by less is what calibration cuts off on purpose, or rounding."""

Bytes = npt.NDArray[np.uint8]


class Gather:
    """Takes outcomes in any order."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self.pictures = tuple(pictures)
        self.layers: list[Layer] = []
        self.inputs: list[tuple[InputFigures, ...]] = [()] * len(self.pictures)
        self.failures: list[Failure | None] = [None] * len(self.pictures)
        self._places: dict[str, int] = {}
        self._first: list[tuple[int, int]] = []
        self._columns: dict[tuple[Layer, ...], npt.NDArray[np.intp]] = {}
        self._matrices = {column: np.zeros((0, len(self.pictures)), kind) for column, kind in _KEPT.items()}
        self._verdicts: Bytes = np.zeros((0, len(self.pictures)), np.uint8)
        self._classes: dict[tuple[int, int], tuple[float, float]] = {}
        self._reasons: list[str] = [Message("not measured")] * len(self.pictures)
        self._measured = np.zeros(len(self.pictures), np.bool_)

    def add(self, place: int, outcome: Outcome) -> None:
        """The outcome of the picture at `place` in the list."""
        measured = outcome.measured
        self.failures[place] = outcome.failure
        self._reasons[place] = outcome.reason or (measured.reason if measured else "")
        if measured is None:
            return
        columns = self._columns_of(measured.layers, place)
        for column, matrix in self._matrices.items():
            matrix[columns, place] = measured.figures[:, column]
        self._verdicts[columns, place] = measured.figures[:, Column.VERDICT].astype(np.uint8)
        for at in np.flatnonzero(~np.isnan(measured.figures[:, Column.TOP1])):
            top1, top5 = measured.figures[at, [Column.TOP1, Column.TOP5]]
            self._classes[int(columns[at]), place] = float(top1), float(top5)
        self.inputs[place] = measured.inputs
        self._measured[place] = True

    def _columns_of(self, layers: tuple[Layer, ...], place: int) -> npt.NDArray[np.intp]:
        """Where these layers are kept; what they are is what the first picture of the list says."""
        known = self._columns.get(layers)
        if known is None:
            for layer in layers:
                if layer.name not in self._places:
                    self._places[layer.name] = len(self.layers)
                    self.layers.append(layer)
                    self._first.append((len(self.pictures), 0))
            self._grow()
            known = np.array([self._places[layer.name] for layer in layers], np.intp)
            self._columns[layers] = known
        for position, (layer, at) in enumerate(zip(layers, known.tolist(), strict=True)):
            if (place, position) < self._first[at]:
                self._first[at], self.layers[at] = (place, position), layer
        return known

    def _grow(self) -> None:
        more = len(self.layers) - len(self._verdicts)
        if more:
            size = (more, len(self.pictures))
            for column, matrix in self._matrices.items():
                self._matrices[column] = np.concatenate([matrix, np.full(size, nan, matrix.dtype)])
            self._verdicts = np.concatenate([self._verdicts, np.full(size, ABSENT, np.uint8)])

    # What there is in the end. Rows of matrices are layers in network order, columns are pictures.

    def finish(self) -> "Gathered":
        """All of it in an order that is the pictures' and the networks' own."""
        order = sorted(range(len(self.layers)), key=self._first.__getitem__)
        at = {column: place for place, column in enumerate(order)}
        return Gathered(
            self.pictures,
            tuple(self.layers[each] for each in order),
            {column: _rows(matrix, order) for column, matrix in self._matrices.items()},
            _rows(self._verdicts, order),
            {(at[column], place): classes for (column, place), classes in self._classes.items()},
            tuple(self.inputs),
            tuple(self._reasons),
            tuple(self.failures),
            self._measured,
        )


class Gathered:
    """The numbers of a sweep, [layers, pictures] each, and what is read from them."""

    def __init__(
        self,
        pictures: tuple[Picture, ...],
        layers: tuple[Layer, ...],
        matrices: dict[Column, FloatArray],
        verdicts: Bytes,
        classes: dict[tuple[int, int], tuple[float, float]],
        inputs: tuple[tuple[InputFigures, ...], ...],
        reasons: tuple[str, ...],
        failures: tuple[Failure | None, ...],
        measured: npt.NDArray[np.bool_],
    ) -> None:
        self.pictures, self.layers, self.matrices, self.verdicts = pictures, layers, matrices, verdicts
        self.classes, self.inputs, self.reasons, self.failures = classes, inputs, reasons, failures
        self.measured = measured
        self.compared = verdicts < NOT_COMPARED
        self.failing = verdicts == FAILS
        self.excess = self._excess()
        self._numbers = list(range(len(pictures)))  # one object a place, however many layers name it

    def _excess(self) -> npt.NDArray[np.float32]:
        """How far the benchmark is beyond the limits, as a share of their width; 0 inside, and where there are none."""
        found = np.zeros(self.verdicts.shape, np.float32)
        for at, layer in enumerate(self.layers):
            if layer.limits is not None:
                low, high = layer.limits
                with np.errstate(invalid="ignore"):
                    most = np.maximum(low - self.matrices[Column.LEAST][at], self.matrices[Column.GREATEST][at] - high)
                    counted = self.matrices[Column.BELOW][at] + self.matrices[Column.ABOVE][at] > 0
                found[at] = np.where(counted, np.maximum(most, 0.0) / (high - low), 0.0)
        return found

    def layer_rows(self) -> tuple[LayerRow, ...]:
        """Every layer over the pictures that have it."""
        return tuple(self._layer_row(at, layer) for at, layer in enumerate(self.layers))

    def _layer_row(self, at: int, layer: Layer) -> LayerRow:
        compared = np.flatnonzero(self.compared[at])
        if not compared.size:
            return LayerRow(layer, 0, None, (), 0, None, None, None)
        values = {key: (self.matrices[column][at, compared], sign) for key, column, sign in _METRICS}
        badness = _badness(*values["rmse"])
        least, greatest = self.matrices[Column.LEAST][at, compared], self.matrices[Column.GREATEST][at, compared]
        return LayerRow(
            layer,
            int(compared.size),
            {key: _spread(*each) for key, each in values.items()},
            tuple(self._numbers[place] for place in np.flatnonzero(self.failing[at]).tolist()),
            int(np.count_nonzero(self.verdicts[at] == WARNS)),
            int(compared[int(badness.argmax())]),
            None if np.isnan(least).all() else (float(np.nanmin(least)), float(np.nanmax(greatest))),
            self._beyond(at, layer),
        )

    def _beyond(self, at: int, layer: Layer) -> Beyond | None:
        places = np.flatnonzero(self.excess[at] > 0)
        if layer.limits is None or not places.size:
            return None
        by_excess = places[np.argsort(-self.excess[at, places], kind="stable")].tolist()
        counts = (self.matrices[Column.BELOW][at, places] + self.matrices[Column.ABOVE][at, places]).tolist()
        return Beyond(
            layer.limits,
            layer.limits_from,
            float(np.nanmin(self.matrices[Column.LEAST][at])),
            float(np.nanmax(self.matrices[Column.GREATEST][at])),
            tuple(self._numbers[place] for place in by_excess),
            float(self.excess[at].max()),
            max(counts) / layer.size,
        )

    def output_rows(self) -> tuple[OutputRow, ...]:
        """Every output of the network over the pictures that have it."""
        return tuple(self._output_row(at, layer) for at, layer in enumerate(self.layers) if layer.output)

    def _output_row(self, at: int, layer: Layer) -> OutputRow:
        compared = np.flatnonzero(self.compared[at])
        rmse = self.matrices[Column.RMSE][at, compared]
        classes = {int(place): self.classes[at, place] for place in compared.tolist() if (at, place) in self.classes}
        first, five = ([each[which] for each in classes.values()] for which in (0, 1))
        badness = _badness(rmse, 1.0)
        return OutputRow(
            layer.name,
            int(compared.size),
            _share(first),
            _share(five),
            _or_nan(badness.max()) if rmse.size else nan,
            fsum(rmse.tolist()) / len(rmse) if rmse.size and np.isfinite(rmse).all() else nan,
            int(compared[int(badness.argmax())]) if rmse.size else None,
            tuple(place for place, each in classes.items() if each[0] < 1),
        )

    def picture_rows(self) -> tuple[PictureRow, ...]:
        """Every picture, in the list's order."""
        outputs = [at for at, layer in enumerate(self.layers) if layer.output]
        failing, compared = self.failing.sum(axis=0), self.compared.sum(axis=0)
        warned = (self.verdicts == WARNS).sum(axis=0)
        clipped = (self.excess > NOTICED).sum(axis=0)
        rows = []
        for place, picture in enumerate(self.pictures):
            if not self.measured[place]:
                rows.append(PictureRow(picture.name, Status.ERROR, self.reasons[place]))
                continue
            at = _worst(self.matrices[Column.RMSE][:, place], self.verdicts[:, place])
            verdict = Status.FAIL if failing[place] else Status.WARN if warned[place] else Status.OK
            rows.append(
                PictureRow(
                    picture.name,
                    verdict if self.failures[place] is None else Status.ERROR,
                    self.reasons[place],
                    int(failing[place]),
                    int(warned[place]),
                    int(compared[place]),
                    self.layers[at].name,
                    float(self.matrices[Column.RMSE][at, place]),
                    int(clipped[place]),
                    self._agreement(place, outputs),
                )
            )
        return tuple(rows)

    def _agreement(self, place: int, outputs: Iterable[int]) -> Agreement | None:
        there = [at for at in outputs if self.compared[at, place]]
        classes = [self.classes[at, place] for at in there if (at, place) in self.classes]
        errors = [float(self.matrices[Column.RMSE][at, place]) for at in there]
        if not there:
            return None
        worst = nan if any(map(isnan, errors)) else max(errors)
        return Agreement(_share([each[0] for each in classes]), _share([each[1] for each in classes]), worst)


def ranked(rows: Sequence[PictureRow]) -> tuple[int, ...]:
    """Places of the pictures, worst first: by failing layers, then by the worst layer; those without figures last."""

    def key(place: int) -> tuple[bool, int, int, float]:
        row = rows[place]
        worst = inf if row.worst_rmse is None or isnan(row.worst_rmse) else row.worst_rmse
        return row.compared == 0, -row.failing, -row.warned if not row.failing else 0, -worst

    return tuple(sorted(range(len(rows)), key=key))


_ALIKE = 0.5
_MOST_GROUPS = 50


def groups_of(failing: npt.NDArray[np.bool_], order: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Places of pictures that fail alike: at least half of the layers that fail on one or the other fail on both.

    Each group is led by its worst picture; pictures beyond the first fifty groups are in none.
    """
    open_ones = [place for place in order if failing[:, place].any()]
    sizes = failing.sum(axis=0)
    found: list[tuple[int, ...]] = []
    while open_ones and len(found) < _MOST_GROUPS:
        leader = open_ones[0]
        both = failing[failing[:, leader]][:, open_ones].sum(axis=0)
        either = sizes[leader] + sizes[open_ones] - both
        alike = both >= _ALIKE * either
        found.append(tuple(place for place, same in zip(open_ones, alike.tolist(), strict=True) if same))
        open_ones = [place for place, same in zip(open_ones, alike.tolist(), strict=True) if not same]
    return tuple(found)


def _rows(matrix: npt.NDArray[Any], order: Sequence[int]) -> npt.NDArray[Any]:
    """Its rows in that order; itself where they are, as nearly always: a copy would double the memory."""
    return matrix if list(order) == list(range(len(matrix))) else matrix[order]


def _badness(values: FloatArray, sign: float) -> FloatArray:
    """More is worse, NaN worst of all."""
    return np.where(np.isnan(values), inf, sign * values)


def _spread(values: FloatArray, sign: float) -> Spread:
    ordered = np.sort(_badness(values, sign))
    lost = bool(np.isnan(values).any())
    found = [_quantile(ordered, share) for share in (1.0, 0.95, 0.5)]
    return Spread(*(nan if lost and each == inf else sign * each for each in found))


def _quantile(ordered: FloatArray, share: float) -> float:
    """As numpy's default, between the two nearest; infinities are not averaged, the worse one counts."""
    place = (len(ordered) - 1) * share
    low = int(place)
    first, second = float(ordered[low]), float(ordered[min(low + 1, len(ordered) - 1)])
    part = place - low
    if part == 0 or first == second:
        return first
    return second if inf in (abs(first), abs(second)) else first + (second - first) * part


def _or_nan(value: float) -> float:
    return nan if value == inf else float(value)


def _share(values: Sequence[float]) -> float | None:
    there = [each for each in values if not isnan(each)]
    return fsum(there) / len(there) if there else None


def worst_of(measured: Measured) -> tuple[int, float, str]:
    """Of one picture: how many layers fail, and the RMSE and name of the worst."""
    verdicts = measured.figures[:, Column.VERDICT]
    at = _worst(measured.figures[:, Column.RMSE], verdicts)
    return int((verdicts == FAILS).sum()), float(measured.figures[at, Column.RMSE]), measured.layers[at].name


def _worst(rmse: FloatArray, verdicts: npt.NDArray[Any]) -> int:
    """The layer of the highest RMSE (NaN first) among those that fail; where none does, among all that are compared."""
    failing = verdicts == FAILS
    counted = failing if failing.any() else verdicts < NOT_COMPARED
    return int(np.where(counted, _badness(rmse, 1.0), -1.0).argmax())
