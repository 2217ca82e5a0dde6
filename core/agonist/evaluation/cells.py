"""Errors kept as sums, one set a person and exercise: enough for every table, and for bootstrap intervals, without the predictions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cells"]

Array = NDArray[np.float64]

# What is summed over the samples of a cell: their number, squared error, predicted p, true t, and products.
_N, _ERROR, _P, _T, _PP, _TT, _PT = range(7)


@dataclass(frozen=True, eq=False)
class Cells:
    """Sums of errors.

    Attributes:
        names: (person, exercise) of each cell.
        gains: (N,) what multiplies a unit of the data to give the unit that is reported, such as sensor counts.
        sums: (N, 7, C): number, squared error, p, t, p^2, t^2, p t of each cell and column (a muscle, a coordinate).
    """

    names: tuple[tuple[str, str], ...]
    gains: Array
    sums: Array

    @staticmethod
    def of(predicted: NDArray[Any], truth: NDArray[Any], people: NDArray[np.str_], exercises: NDArray[np.str_], gains: Array) -> Cells:
        """From windows.

        Args:
            predicted, truth: (N, T, C), or (N, T, K, 3) with C = 3 K.
            people, exercises: (N,) of each window.
            gains: (N,) one value a person and exercise.
        """
        p, t = (np.asarray(one, dtype=float) for one in (predicted, truth))
        p, t = (one.reshape(*one.shape[:2], -1) for one in (p, t))
        each = np.stack([np.ones_like(p), (p - t) ** 2, p, t, p * p, t * t, p * t], axis=1).sum(axis=2)  # (N, 7, C)
        pairs = list(zip(people.tolist(), exercises.tolist(), strict=True))
        names = tuple(sorted(set(pairs)))
        index = np.array([names.index(pair) for pair in pairs])
        sums = np.stack([each[index == k].sum(axis=0) for k in range(len(names))])
        return Cells(names, np.array([gains[index == k][0] for k in range(len(names))], dtype=float), sums)

    @staticmethod
    def joined(parts: list[Cells]) -> Cells:
        """The cells of several folds, which tested different windows."""
        return Cells(
            tuple(name for part in parts for name in part.names),
            np.concatenate([part.gains for part in parts]),
            np.concatenate([part.sums for part in parts]),
        )

    def document(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"names": [list(name) for name in self.names], "gains": self.gains.tolist(), "sums": self.sums.tolist()}

    @staticmethod
    def read(document: Mapping[str, Any]) -> Cells:
        """The inverse of `document`. Raises KeyError, ValueError or TypeError for another one."""
        names = tuple((str(person), str(exercise)) for person, exercise in document["names"])
        sums = np.array(document["sums"], dtype=float)
        if sums.ndim != 3 or sums.shape[:2] != (len(names), 7) or not names:
            raise ValueError(f"sums of shape {sums.shape}")
        return Cells(names, np.array(document["gains"], dtype=float), sums)

    def only(self, *, person: str | None = None, exercise: str | None = None) -> Cells:
        """The cells of one person, or of one exercise."""
        return self._some([k for k, (p, e) in enumerate(self.names) if person in (None, p) and exercise in (None, e)])

    def without(self, names: Collection[tuple[str, str]]) -> Cells:
        """All cells but those of some people in some exercises."""
        return self._some([k for k, name in enumerate(self.names) if name not in names])

    def _some(self, kept: list[int]) -> Cells:
        return Cells(tuple(self.names[k] for k in kept), self.gains[kept], self.sums[kept])

    def rmse(self, weights: Array | None = None) -> Array:
        """Pooled root mean square error in the reported unit; (...) for `weights` (..., N) of the cells, NaN where all are 0."""
        w = np.ones(len(self.gains)) if weights is None else weights
        error = (self.sums[:, _ERROR] * (self.gains**2)[:, None]).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt(w @ error / (w @ self.sums[:, _N].sum(axis=1)))

    def rmse_columns(self) -> Array:
        """(C,) the same, a column."""
        error = (self.sums[:, _ERROR] * (self.gains**2)[:, None]).sum(axis=0)
        return np.sqrt(error / self.sums[:, _N].sum(axis=0))

    def normalised_rmse(self, weights: Array | None = None) -> Array:
        """Root of squared error by the true values' variance about their columns' means, in the data's own unit; 1 is the mean."""
        n, error, _, t, _, tt, _ = self._totals(weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt((error / n).sum(axis=-1) / np.maximum(tt / n - (t / n) ** 2, 0).sum(axis=-1))

    def r_columns(self, weights: Array | None = None) -> Array:
        """(..., C) Pearson's r of each column over all samples; NaN where one is constant."""
        n, _, p, t, pp, tt, pt = self._totals(weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            covariance, variances = pt / n - p * t / n**2, (pp / n - (p / n) ** 2) * (tt / n - (t / n) ** 2)
            # What is constant leaves rounding errors behind.
            flat = variances <= 1e-12 * (pp / n) * (tt / n)
            return np.where(flat, np.nan, covariance / np.sqrt(variances))

    def r(self, weights: Array | None = None) -> Array:
        """Mean of `r_columns` over the columns in which something happens; none where every guess is constant.

        A method that says the same all the time of a column has no r there, and counts as 0.
        """
        columns = self.r_columns(weights)
        n, _, _, t, _, tt, _ = self._totals(weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            happens = tt / n - (t / n) ** 2 > 1e-12 * (tt / n)
        said = np.isfinite(columns)
        return _mean_where(np.where(said, columns, 0.0), happens & said.any(axis=-1, keepdims=True))

    def _totals(self, weights: Array | None) -> tuple[Array, ...]:
        w = np.ones(len(self.gains)) if weights is None else weights
        totals = np.tensordot(w, self.sums, axes=1)  # (..., 7, C)
        return tuple(totals[..., k, :] for k in range(7))


def _mean_where(values: Array, good: NDArray[np.bool_]) -> Array:
    count = good.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, np.where(good, values, 0.0).sum(axis=-1) / count, np.nan)
