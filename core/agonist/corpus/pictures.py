"""Pictures of a corpus: stick figures over time with the muscles beneath, and distributions. Needs matplotlib (extra `plot`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.corpus.people import PEOPLE
from agonist.corpus.summary import GROUPS, QUALITY, LoadedTake, group_values, speed_m_s
from agonist.io.figure import empty_figure, save_figure
from agonist.keypoint_layouts import BODY25

__all__ = ["draw_distributions", "draw_strip"]

Array = NDArray[np.float64]

_LEFT, _RIGHT, _MIDDLE = "#1f5fbf", "#c8372d", "#222222"
_BONES = (
    ("neck", "mid_hip"), ("neck", "nose"), *((a.format(s), b.format(s)) for s in "rl" for a, b in (
        ("neck", "shoulder_{}"), ("shoulder_{}", "elbow_{}"), ("elbow_{}", "wrist_{}"), ("mid_hip", "hip_{}"), ("hip_{}", "knee_{}"),
        ("knee_{}", "ankle_{}"), ("ankle_{}", "heel_{}"), ("ankle_{}", "big_toe_{}"), ("heel_{}", "big_toe_{}"))),
)  # fmt: skip
_FIGURES, _SPACING_M = 12, 1.05
MOST_SECONDS = 6.0


def draw_strip(take: LoadedTake, path: Path) -> None:
    """Stick figures of a take seen from its right and from the front, and its eight activations beneath, as a PNG.

    Left limbs and muscles are blue, right ones red. At most the first 6 seconds are drawn.

    Args:
        take: what to draw.
        path: where to write. Raises InputError if it cannot be written, MissingDependencyError without matplotlib.
    """
    frames = min(len(take.keypoints), round(MOST_SECONDS * take.fps) + 1)
    times = np.arange(frames) / take.fps
    figure = empty_figure(11.0, 6.6, dpi=110)
    axes = figure.subplots(6, 1, gridspec_kw={"height_ratios": [3.2, 3.2, 1, 1, 1, 1]})
    row = take.row
    usable = "" if row["usable"] else ", NOT USABLE"
    quality = f", residual {100 * row['residual_share']:.0f} %" if take.judged else ""
    kind = "sensor counts over full scale, measured" if take.measured else "activation is simulated"
    figure.suptitle(f"{take.name}: {row['person']}, {row['split']}{quality}{usable}; {kind}", fontsize=10)
    shown = np.linspace(0, frames - 1, min(_FIGURES, frames)).round().astype(int)
    forward, left = _directions(take.keypoints)
    for axis, direction, label in ((axes[0], forward, "from its right"), (axes[1], left, "from the front")):
        _sticks(axis, take.keypoints[shown], direction)
        axis.set_title(label, fontsize=7, loc="left", pad=1)
    top = max(0.2, float(take.activation[:frames].max()) * 1.05)
    for axis, column, group in zip(axes[2:], range(4), GROUPS, strict=True):
        for side, colour in ((0, _LEFT), (4, _RIGHT)):
            axis.plot(times, take.activation[:frames, column + side], color=colour, linewidth=1.2)
        axis.set_ylim(0, top)
        axis.set_xlim(0, max(times[-1], 1e-3))
        axis.set_ylabel(group, fontsize=7, rotation=0, ha="right", va="center")
        axis.tick_params(labelsize=6, labelbottom=group == GROUPS[-1])
        axis.grid(alpha=0.3)
    axes[-1].set_xlabel("seconds; activation 0 to 1, left blue, right red", fontsize=7)
    save_figure(figure, path)


def _directions(keypoints: Array) -> tuple[Array, Array]:
    """Where the person of (T, 25, 3) looks at first, and its left: unit vectors on the floor."""
    across = keypoints[0, BODY25.index("hip_l")] - keypoints[0, BODY25.index("hip_r")]
    left = np.array([across[0], across[1], 0.0]) / max(float(np.hypot(across[0], across[1])), 1e-9)
    return np.array([left[1], -left[0], 0.0]), left


def _sticks(axis: Any, keypoints: Array, direction: Array) -> None:
    """Figures (N, 25, 3) side by side, each over its own hips."""
    over_hips = keypoints - keypoints[:, [BODY25.index("mid_hip")]] * np.array([1.0, 1.0, 0.0])
    x = over_hips @ direction + _SPACING_M * np.arange(len(keypoints))[:, None]
    for suffix, colour in (("_l", _LEFT), ("_r", _RIGHT), ("", _MIDDLE)):
        bones = [(a, b) for a, b in _BONES if (b[-2:] if b[-2:] in ("_l", "_r") else "") == suffix]
        ends = np.array([[BODY25.index(a), BODY25.index(b)] for a, b in bones])
        # One line for all figures, broken between bones.
        lines = [np.pad(values[:, ends], ((0, 0), (0, 0), (0, 1)), constant_values=np.nan).ravel() for values in (x, keypoints[..., 2])]
        axis.plot(*lines, color=colour, linewidth=1.3)
    axis.axhline(0.0, color="#999999", linewidth=0.8)
    axis.set_xlim(-0.6, (_FIGURES - 1) * _SPACING_M + 0.6)
    axis.set_ylim(-0.1, max(2.0, float(keypoints[..., 2].max()) + 0.1))
    axis.set_aspect("equal")
    axis.set_axis_off()


def draw_distributions(takes: list[LoadedTake], path: Path) -> None:
    """Height, mass, speed, activation and what physics left unexplained, over all takes, as a PNG.

    Args:
        takes: usable or not; activation and speed are drawn of the usable ones.
        path: where to write. Raises InputError if it cannot be written, MissingDependencyError without matplotlib.
    """
    figure = empty_figure(11.0, 6.5, dpi=110)
    axes = figure.subplots(2, 4).ravel()
    people = {person.name: person for person in PEOPLE}
    seconds = np.array([len(take.activation) / take.fps for take in takes])
    minutes = seconds / 60
    # Names of real people may be those of virtual ones.
    bodies = [(people[take.row["person"]], spent) for take, spent in zip(takes, minutes, strict=True)
              if not take.measured and take.row["person"] in people]  # fmt: skip
    for axis, values, label, weights in (
        (axes[0], [body.height_m for body, _ in bodies], "body height, m", [spent for _, spent in bodies]),
        (axes[1], [body.person.mass_kg for body, _ in bodies], "body mass, kg", [spent for _, spent in bodies]),
        (axes[2], [speed_m_s(take) for take in takes], "mean speed of keypoints, m/s", minutes),
    ):
        if not values:
            axis.set_axis_off()
            continue
        axis.hist(values, bins=20, weights=weights, color=_LEFT)
        axis.set_xlabel(label, fontsize=8)
        axis.set_ylabel("minutes", fontsize=8)
    usable = [take for take in takes if take.row["usable"]] or takes
    axes[3].boxplot(group_values(usable), whis=(1, 99), showfliers=False)
    axes[3].set_xticks(range(1, 5), GROUPS, fontsize=7, rotation=25)
    measured = any(take.measured for take in takes)
    kind = "counts over full scale" if measured else "activation (simulated)"
    axes[3].set_ylabel(f"{kind}; whiskers 1 and 99 %", fontsize=7)
    kept = np.array([bool(take.row["usable"]) for take in takes])
    labels = ("keypoint error, cm", "residual, % of weight", "reserve, % of moments")
    judged = all(take.judged for take in takes)
    for axis, key, label in zip(axes[4:7], QUALITY, labels, strict=True):
        if not judged:
            axis.set_axis_off()
            continue
        shares = 100 * np.array([take.row[key] for take in takes])
        parts, weights = [shares[kept], shares[~kept]], [minutes[kept], minutes[~kept]]
        axis.hist(parts, bins=30, weights=weights, color=[_LEFT, _RIGHT], stacked=True)
        axis.set_xlabel(f"{label}; red: not usable", fontsize=8)
        axis.set_ylabel("minutes", fontsize=8)
    axes[7].hist(seconds, bins=20, color=_LEFT)
    axes[7].set_xlabel("length of a take, s", fontsize=8)
    axes[7].set_ylabel("takes", fontsize=8)
    for axis in axes:
        axis.tick_params(labelsize=7)
    figure.suptitle("Corpus of measured EMG" if measured else "Corpus of simulated activation", fontsize=10)
    save_figure(figure, path)
