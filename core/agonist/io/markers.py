"""Markers: optical marker sets to BODY_25, for the names that gait laboratories use.

A marker lies on the skin, a keypoint in the joint. Hip centres follow Bell, Pedersen & Brand (1990): from each ASIS 14 %
of the pelvic width inwards, 19 % backwards and 30 % down. Shoulders are lowered from the acromion by 17 % of the distance
between the two (de Leva 1996, rounded). Knees, ankles, elbows and wrists are the mean of the lateral and the medial marker where
both are there. A lateral marker alone is moved inwards by half the width of a knee or an ankle, across the segment above it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agonist.keypoint_layouts import BODY25, KeypointLayout
from agonist.motion import Keypoints

__all__ = ["marker_layout", "markers_to_body25"]

Array = NDArray[np.float64]

# {S} is L or R. The first name that is there counts; a + b means the mean of both.
_NAMES: dict[str, tuple[str, ...]] = {
    "shoulder": ("{S}.Shoulder", "{S}SHO", "{S}ACR", "{S}SHOULDER", "{S}_Shoulder", "{S}Acromium"),
    "elbow": ("{S}.Elbow.Lateral+{S}.Elbow.Medial", "{S}LEL+{S}MEL", "{S}.Elbow", "{S}ELB", "{S}LEL", "{S}_Elbow"),
    "wrist": ("{S}.Wrist.Lateral+{S}.Wrist.Medial", "{S}WRA+{S}WRB", "{S}.Wrist", "{S}WRI", "{S}WRA", "{S}_Wrist"),
    "asis": ("{S}.ASIS", "{S}ASI", "{S}ASIS"),
    "psis": ("{S}.PSIS", "{S}PSI", "{S}PSIS"),
    "knee": ("{S}.Knee.Lat+{S}.Knee.Med", "{S}LFC+{S}MFC", "{S}KNE+{S}KNM", "{S}.Knee", "{S}KNE", "{S}LFC"),
    "ankle": ("{S}.Ankle.Lat+{S}.Ankle.Med", "{S}LMAL+{S}MMAL", "{S}ANK+{S}MED", "{S}.Ankle", "{S}ANK", "{S}LMAL"),
    "heel": ("{S}.Heel", "{S}HEE", "{S}CAL"),
    "big_toe": ("{S}.Toe", "{S}.Toe.Tip", "{S}TOE"),
    "small_toe": ("{S}.MT5", "{S}MT5", "{S}.Toe.Lat"),
}


# Half the width of an adult's joint and half a marker of 14 mm [ours: knee 10 cm, ankle 7 cm wide].
_INWARDS_M = {"knee": 0.057, "ankle": 0.042}


def marker_layout(names: tuple[str, ...]) -> KeypointLayout:
    """A layout of its own for a set of markers."""
    return KeypointLayout("markers", names, {})


def markers_to_body25(markers: Keypoints) -> Keypoints | None:
    """BODY_25 if the set's names are known, else None. Points that the set does not give are NaN."""
    index = {name.split(":")[-1].upper(): k for k, name in enumerate(markers.layout.names)}

    lateral: list[str] = []

    def find(part: str, side: str) -> Array | None:
        for option in _NAMES[part]:
            wanted = [name.format(S=side.upper()).upper() for name in option.split("+")]
            if all(name in index for name in wanted):
                if len(wanted) == 1 and part in _INWARDS_M:
                    lateral.append(f"{part}_{side}")
                return np.asarray(markers.positions[:, [index[name] for name in wanted]].mean(axis=1))
        return None

    found = {f"{part}_{side}": find(part, side) for part in _NAMES for side in "lr"}
    needed = [f"{part}_{side}" for part in ("shoulder", "elbow", "wrist", "asis", "psis", "knee", "ankle") for side in "lr"]
    if any(found[name] is None for name in needed):
        return None
    at = {name: place for name, place in found.items() if place is not None}
    _hips_and_shoulders(at)
    _move_inwards(at, lateral)
    points = np.full((len(markers), len(BODY25.names), 3), np.nan)
    for name, place in at.items():
        if name in BODY25.names:
            points[:, BODY25.index(name)] = place
    for middle, part in (("neck", "shoulder"), ("mid_hip", "hip")):
        points[:, BODY25.index(middle)] = (at[f"{part}_l"] + at[f"{part}_r"]) / 2
    return Keypoints(points, BODY25, markers.fps, start=markers.start, provenance={**markers.provenance, "from": "markers"})


def _hips_and_shoulders(at: dict[str, Array]) -> None:
    across = at["asis_l"] - at["asis_r"]
    width = np.linalg.norm(across, axis=-1, keepdims=True)
    left = across / width
    back = (at["psis_l"] + at["psis_r"] - at["asis_l"] - at["asis_r"]) / 2
    back = back - np.sum(back * left, axis=-1, keepdims=True) * left
    back = back / np.linalg.norm(back, axis=-1, keepdims=True)
    # Forward is left x up, so up is forward x left, and down is back x left.
    down = np.cross(back, left)
    for side, sign in (("l", 1.0), ("r", -1.0)):
        at[f"hip_{side}"] = at[f"asis_{side}"] + width * (-sign * 0.14 * left + 0.19 * back + 0.30 * down)
    span = np.linalg.norm(at["shoulder_l"] - at["shoulder_r"], axis=-1, keepdims=True)
    trunk = (at["hip_l"] + at["hip_r"] - at["shoulder_l"] - at["shoulder_r"]) / 2
    trunk = trunk / np.linalg.norm(trunk, axis=-1, keepdims=True)
    for side in "lr":
        at[f"shoulder_{side}"] = at[f"shoulder_{side}"] + 0.17 * span * trunk


def _move_inwards(at: dict[str, Array], lateral: list[str]) -> None:
    """Lateral markers of knee and ankle to the joint's middle, perpendicular to thigh or shank."""
    for side, sign in (("l", 1.0), ("r", -1.0)):
        outwards = sign * (at["hip_l"] - at["hip_r"])
        above = at[f"hip_{side}"]
        for part in ("knee", "ankle"):
            name = f"{part}_{side}"
            along = at[name] - above
            above = at[name]
            if name in lateral:
                along = along / np.linalg.norm(along, axis=-1, keepdims=True)
                across = outwards - np.sum(outwards * along, axis=-1, keepdims=True) * along
                at[name] = at[name] - _INWARDS_M[part] * across / np.linalg.norm(across, axis=-1, keepdims=True)
