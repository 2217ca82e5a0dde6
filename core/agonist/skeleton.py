"""Skeleton: names, parents and rest offsets.

Every Skeleton is written in the same way whatever it came from: at rest each joint's axes are the world's axes
(the convention of BVH), so a joint's rotation is how far it has turned from the rest pose. Axes and units are those
of the house: metres, Z up, the character faces -Y, its left is +X.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from agonist import rotations
from agonist.errors import SkeletonError, UnknownNameError

__all__ = ["Skeleton", "levels"]

Array = NDArray[np.float64]


def levels(parents: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """Joints that have a parent, by their depth in the tree, each level with the parents of its joints.

    A level is computed at once, which for clips of usual length is several times faster than joint by joint.
    """
    depth: list[int] = []
    for parent in parents:
        depth.append(0 if parent < 0 else depth[parent] + 1)
    found = []
    for level in range(1, max(depth, default=0) + 1):
        joints = [joint for joint, own in enumerate(depth) if own == level]
        found.append((joints, [parents[joint] for joint in joints]))
    return found


@dataclass(frozen=True, eq=False)
class Skeleton:
    """A tree of joints.

    Attributes:
        names: J unique joint names, parents before children.
        parents: index of each joint's parent, -1 for the one root at index 0.
        offsets: (J, 3) metres, rest position of each joint relative to its parent (the root: to the origin).
        end_sites: leaf tips by joint name, (3,) metres relative to that joint at rest; drawing and bone length only.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: Array
    end_sites: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        offsets = np.array(self.offsets, dtype=float)
        offsets.setflags(write=False)
        object.__setattr__(self, "offsets", offsets)
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "parents", tuple(int(parent) for parent in self.parents))
        count = len(self.names)
        if count == 0:
            raise SkeletonError("A skeleton needs at least one joint, found none.")
        if len(set(self.names)) != count:
            repeated = sorted({name for name in self.names if self.names.count(name) > 1})
            raise SkeletonError(f"Joint names must be unique, found more than one of: {', '.join(repeated)}.")
        if len(self.parents) != count or offsets.shape != (count, 3):
            raise SkeletonError(
                f"A skeleton of {count} joints needs {count} parents and offsets ({count}, 3), "
                f"found {len(self.parents)} and {offsets.shape}."
            )
        if not np.isfinite(offsets).all():
            raise SkeletonError("Rest offsets must be finite numbers, found NaN or infinity.")
        if self.parents[0] != -1 or any(not 0 <= parent < child for child, parent in enumerate(self.parents) if child):
            raise SkeletonError("Joint 0 must be the only root (parent -1) and parents must come before children.")

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.names)}

    @cached_property
    def _levels(self) -> list[tuple[list[int], list[int]]]:
        return levels(self.parents)

    def index(self, name: str) -> int:
        """Index of a joint. Raises UnknownNameError."""
        try:
            return self._index[name]
        except KeyError:
            raise UnknownNameError("joint", name, self.names) from None

    def children(self, joint: int) -> tuple[int, ...]:
        """Indices of a joint's children."""
        return tuple(child for child, parent in enumerate(self.parents) if parent == joint)

    @cached_property
    def rest_positions(self) -> Array:
        """(J, 3) metres: where the joints are at rest, the root at its own offset."""
        positions = np.array(self.offsets)
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                positions[joint] += positions[parent]
        return positions

    def forward(self, rotations_parent_from_joint: Array, local_positions: Array) -> tuple[Array, Array]:
        """Forward kinematics.

        Args:
            rotations_parent_from_joint: (T, J, 4) quaternions.
            local_positions: (T, J, 3) metres, each joint in its parent's frame (the root in the world).

        Returns:
            world positions (T, J, 3) metres and world rotations (T, J, 4).
        """
        positions, world = np.array(local_positions), np.array(rotations_parent_from_joint)
        for joints, parents in self._levels:
            world[:, joints] = rotations.multiply(world[:, parents], world[:, joints])
        # All offsets turn at once, then add up.
        positions[:, 1:] = rotations.rotate(world[:, list(self.parents[1:])], local_positions[:, 1:])
        for joints, parents in self._levels:
            positions[:, joints] += positions[:, parents]
        return positions, world
