"""Bones: the pose of a tree of bones by their own channels, as Blender reckons it where nothing else has a say.

A bone's pose is its parent space times its channels; the parent space is the parent's pose times where the bone rests in it
(Blender 4.5, `BKE_bone_parent_transform_calc_from_matrices`). Matrices are in the armature's space.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from agonist.skeleton import levels

__all__ = ["BoneTree"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BoneTree:
    """Bones at rest.

    Attributes:
        parents: index of each bone's parent, -1 for none; parents before children.
        rest: (B, 4, 4) rest pose.
        slide: (B, 3, 3) what a bone's location moves it by while its parent rests.
        follows: (B,) whether a bone turns with its parent; its head is carried along in any case.
    """

    parents: tuple[int, ...]
    rest: Array
    slide: Array
    follows: NDArray[np.bool_]

    @cached_property
    def _in_parent(self) -> tuple[Array, Array]:
        """(B, 4, 4) rest pose and (B, 3, 3) slide in the parent's axes; a root's as they are."""
        above = np.array([np.eye(4) if parent < 0 else self.rest[parent] for parent in self.parents])
        return np.linalg.inv(above) @ self.rest, np.linalg.inv(above[:, :3, :3]) @ self.slide

    def spaces(self, pose: Array, bones: list[int]) -> tuple[Array, Array]:
        """Parent spaces of some bones.

        Args:
            pose: (T, B, 4, 4) of the whole tree, without scale above bones that do not follow.
            bones: N of them, whose parents' poses are all there is looked at.

        Returns:
            (T, N, 4, 4) the poses that they would have without channels of their own, (T, N, 3, 3) what location moves them by.
        """
        rest, slide = (one[bones] for one in self._in_parent)
        parents = [self.parents[bone] for bone in bones]
        roots = np.array(parents) < 0
        above = np.where(roots[:, None, None], np.eye(4), pose[:, parents])
        space, reach = above @ rest, above[..., :3, :3] @ slide
        stiff = ~self.follows[bones] & ~roots
        space[:, stiff, :3, :3] = self.rest[bones][stiff, :3, :3]
        return space, reach

    def pose(self, basis: Array) -> Array:
        """(T, B, 4, 4) of the bones' channels (T, B, 4, 4) as matrices."""
        pose = np.empty_like(basis)
        groups = [[bone for bone, parent in enumerate(self.parents) if parent < 0], *(bones for bones, _ in levels(self.parents))]
        for bones in groups:
            space, reach = self.spaces(pose, bones)
            own = basis[:, bones]
            place = space[..., :3, 3] + (reach @ own[..., :3, 3:])[..., 0]
            posed = space @ own
            posed[..., :3, 3] = place
            pose[:, bones] = posed
        return pose
