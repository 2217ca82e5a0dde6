"""Named keypoint layouts and how each one maps onto BODY_25, the layout the models are trained on.

Sources of the orders: OpenPose BODY_25 (Cao et al. 2019), COCO-17 (Lin et al. 2014), Halpe-26 (Fang et al. 2022),
BlazePose-33 (Bazarevsky et al. 2020), SMPL-24 (Loper et al. 2015).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from agonist.errors import UnknownNameError

__all__ = ["BODY25", "LAYOUTS", "KeypointLayout", "derived_layout", "keypoint_layout"]


@dataclass(frozen=True)
class KeypointLayout:
    """An ordered set of keypoint names.

    Attributes:
        name: the layout's own name.
        names: K keypoint names in order.
        body25: for each BODY_25 name, the keypoints of this layout whose mean stands for it; missing where it has none.
    """

    name: str
    names: tuple[str, ...]
    body25: dict[str, tuple[str, ...]]

    def index(self, name: str) -> int:
        """Index of a keypoint. Raises UnknownNameError."""
        if name not in self.names:
            raise UnknownNameError(f"keypoint of layout {self.name}", name, self.names)
        return self.names.index(name)

    @cached_property
    def mirrored(self) -> list[int]:
        """For each keypoint the index of the same one of the other side, or its own in the middle."""
        other = {"_l": "_r", "_r": "_l"}
        return [self.names.index(name[:-2] + other.get(name[-2:], name[-2:])) for name in self.names]

    def __hash__(self) -> int:
        return hash((self.name, self.names))


_BODY25_NAMES = (
    "nose", "neck",
    "shoulder_r", "elbow_r", "wrist_r", "shoulder_l", "elbow_l", "wrist_l",
    "mid_hip", "hip_r", "knee_r", "ankle_r", "hip_l", "knee_l", "ankle_l",
    "eye_r", "eye_l", "ear_r", "ear_l",
    "big_toe_l", "small_toe_l", "heel_l", "big_toe_r", "small_toe_r", "heel_r",
)  # fmt: skip

_FACE_AND_LIMBS = (
    "nose", "eye_l", "eye_r", "ear_l", "ear_r", "shoulder_l", "shoulder_r", "elbow_l", "elbow_r",
    "wrist_l", "wrist_r", "hip_l", "hip_r", "knee_l", "knee_r", "ankle_l", "ankle_r",
)  # fmt: skip

_BLAZEPOSE = (
    "nose", "eye_inner_l", "eye_l", "eye_outer_l", "eye_inner_r", "eye_r", "eye_outer_r", "ear_l", "ear_r",
    "mouth_l", "mouth_r", "shoulder_l", "shoulder_r", "elbow_l", "elbow_r", "wrist_l", "wrist_r",
    "pinky_l", "pinky_r", "index_l", "index_r", "thumb_l", "thumb_r", "hip_l", "hip_r", "knee_l", "knee_r",
    "ankle_l", "ankle_r", "heel_l", "heel_r", "foot_index_l", "foot_index_r",
)  # fmt: skip

_HALPE26 = (
    *_FACE_AND_LIMBS, "head", "neck", "mid_hip",
    "big_toe_l", "big_toe_r", "small_toe_l", "small_toe_r", "heel_l", "heel_r",
)  # fmt: skip

_SMPL24 = (
    "pelvis", "hip_l", "hip_r", "spine1", "knee_l", "knee_r", "spine2", "ankle_l", "ankle_r", "spine3",
    "foot_l", "foot_r", "neck", "collar_l", "collar_r", "head", "shoulder_l", "shoulder_r", "elbow_l", "elbow_r",
    "wrist_l", "wrist_r", "hand_l", "hand_r",
)  # fmt: skip

_MIDS = {"neck": ("shoulder_l", "shoulder_r"), "mid_hip": ("hip_l", "hip_r")}


def _layout(name: str, names: tuple[str, ...], extra: Mapping[str, tuple[str, ...]]) -> KeypointLayout:
    same = {target: (target,) for target in _BODY25_NAMES if target in names}
    return KeypointLayout(name, names, {**same, **extra})


BODY25 = _layout("body25", _BODY25_NAMES, {})

LAYOUTS: dict[str, KeypointLayout] = {
    layout.name: layout
    for layout in (
        BODY25,
        _layout("coco17", _FACE_AND_LIMBS, _MIDS),
        _layout("halpe26", _HALPE26, _MIDS),
        _layout(
            "blazepose33",
            _BLAZEPOSE,
            {**_MIDS, **{f"{toe}_{side}": (f"foot_index_{side}",) for toe in ("big_toe", "small_toe") for side in "lr"}},
        ),
        _layout(
            "smpl24",
            _SMPL24,
            {**_MIDS, **{f"{toe}_{side}": (f"foot_{side}",) for toe in ("big_toe", "small_toe") for side in "lr"}},
        ),
    )
}


def derived_layout(name: str, names: tuple[str, ...]) -> KeypointLayout:
    """A layout of any of our names. What BODY_25 has besides is taken from its neighbours: the neck from the shoulders, the
    middle of the hips, and toes from the one toe that is there.
    """
    toes = ("big_toe", "foot_index", "small_toe")
    extra: dict[str, tuple[str, ...]] = {}
    for middle, parts in _MIDS.items():
        if middle not in names and set(parts) <= set(names):
            extra[middle] = parts
    for side in "lr":
        there = [f"{toe}_{side}" for toe in toes if f"{toe}_{side}" in names]
        for toe in (f"{one}_{side}" for one in ("big_toe", "small_toe")):
            if there and toe not in names:
                extra[toe] = (there[0],)
    return _layout(name, names, extra)


def keypoint_layout(name: str) -> KeypointLayout:
    """The layout of that name. Raises UnknownNameError."""
    if name not in LAYOUTS:
        raise UnknownNameError("keypoint layout", name, LAYOUTS)
    return LAYOUTS[name]
