"""Which bone of an armature is which joint: as the user's table says, or as the bone maps find it."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np

from agonist.bone_map import JOINT_PARENTS, BoneMap, IkControls, RigFit, bone_maps, detect_rig, fit_rig, read_bone_map
from agonist.errors import AgonistError, SkeletonError
from agonist.humanoid import CANONICAL_JOINTS, HumanoidMap, map_humanoid
from agonist.skeleton import Skeleton

from ..translate import rpt
from .frames import bone_names

__all__ = ["BY_NAMES", "detect_bones", "fit_user_map", "humanoid_of", "rig_of", "rig_skeleton", "user_map_folder", "user_maps"]

# What the panel calls a rig that no map fits and whose joints have usual names.
BY_NAMES = "Usual names"
_LIMB_ENDS = {f"{end}_{side}": f"{middle}_{side}" for end, middle in (("wrist", "elbow"), ("ankle", "knee")) for side in "lr"}


def user_map_folder(*, create: bool = False) -> Path:
    """Where the user's own bone maps are kept."""
    package = __package__.rpartition(".")[0]
    try:
        return Path(bpy.utils.extension_path_user(package, path="bone_maps", create=create))
    except ValueError:
        # Run from a clone, the add-on is no extension and has no folder of its own.
        return Path(bpy.utils.user_resource("CONFIG", path="agonist/bone_maps", create=create))


def user_maps() -> tuple[BoneMap, ...]:
    """The user's own maps; a file that cannot be read is left out (loading it by hand says why)."""
    maps = []
    for path in sorted(user_map_folder().glob("*.toml")):
        try:
            maps.append(read_bone_map(path))
        except AgonistError:
            continue
    return tuple(maps)


def _parents(armature: bpy.types.Object) -> dict[str, str]:
    return {bone.name: bone.parent.name if bone.parent else "" for bone in armature.data.bones}


def rig_of(armature: bpy.types.Object) -> RigFit:
    """The table of the armature if it is filled, else what `detect_bones` finds. Raises SkeletonError."""
    props = armature.agonist
    return _from_table(armature) if props.bones else detect_bones(armature)


def detect_bones(armature: bpy.types.Object) -> RigFit:
    """Find the joints by the bone maps, else by usual names and hierarchy.

    IK on the mapped bones themselves is found by its constraints. Raises SkeletonError, which names what is missing.
    """
    # Raises if there is no armature or no bone at all.
    names = bone_names(armature)
    parents = _parents(armature)
    fit = detect_rig(parents, [*user_maps(), *bone_maps()])
    if fit is None:
        fit = _by_names(armature, names, parents)
    return _with_ik(armature, fit)


def fit_user_map(armature: bpy.types.Object, bone_map: BoneMap) -> RigFit:
    """A map on an armature, whether all of it is found or not."""
    return _with_ik(armature, fit_rig(bone_map, _parents(armature)))


def _by_names(armature: bpy.types.Object, names: list[str], parents: dict[str, str]) -> RigFit:
    index = {name: k for k, name in enumerate(names)}
    tree = Skeleton(tuple(names), tuple(index.get(parents[name], -1) for name in names), np.zeros((len(names), 3)))
    try:
        joints = map_humanoid(tree).joints
    except SkeletonError as error:
        raise SkeletonError(f"{_nearest(armature, parents)} {error}") from None
    return RigFit(BY_NAMES, joints, {}, {}, {}, len(joints) / len(CANONICAL_JOINTS), len(joints))


def _nearest(armature: bpy.types.Object, parents: dict[str, str]) -> str:
    """A sentence on the map that comes nearest to a rig which none fits."""
    fit = max((fit_rig(one, parents) for one in (*user_maps(), *bone_maps())), key=lambda fit: fit.score)
    if fit.score < 0.3:
        return rpt("Armature '{name}' fits no bone map; name its bones in the panel Bones.", name=armature.name)
    return rpt(
        "Armature '{name}' is nearest to {bone_map} ({share:.0%}) but lacks {joints}; correct it in the panel Bones.",
        name=armature.name, bone_map=fit.name, share=fit.score, joints=", ".join(fit.missing) or rpt("nothing that is needed"),
    )  # fmt: skip


def _from_table(armature: bpy.types.Object) -> RigFit:
    props, bones = armature.agonist, armature.data.bones
    rows = {row.name: row for row in props.bones}
    unknown = sorted({name for row in rows.values() for name in row.named() if name not in bones})
    if unknown:
        raise SkeletonError(rpt(
            "Armature '{name}' has no bone {bones} any more; choose another one in the panel Bones, or press Detect Bones there.",
            name=armature.name, bones=", ".join(unknown),
        ))  # fmt: skip
    joints = {joint: rows[joint].bone for joint in CANONICAL_JOINTS if joint in rows and rows[joint].bone}
    fit = RigFit(
        props.bone_map, joints,
        {joint: row.deform for joint, row in rows.items() if row.deform and joint in joints},
        {joint: row.control for joint, row in rows.items() if row.control and joint in joints},
        {joint: IkControls(row.target, row.pole, row.swing) for joint, row in rows.items() if row.target},
        props.bone_score, len(joints),
    )  # fmt: skip
    if fit.missing:
        raise SkeletonError(rpt(
            "Not a humanoid: the table of bones of '{name}' names none for {joints}. "
            "Expected a bone for each; choose it in the panel Bones.", name=armature.name, joints=", ".join(fit.missing),
        ))  # fmt: skip
    return fit


def _with_ik(armature: bpy.types.Object, fit: RigFit) -> RigFit:
    """The IK constraints that solve the mapped limbs themselves, towards a bone of the same armature, taken in."""
    ik = dict(fit.ik)
    for end, middle in _LIMB_ENDS.items():
        if end in ik or end not in fit.joints or middle not in fit.joints:
            continue
        bone, stop = armature.pose.bones[fit.joints[end]], fit.joints[middle]
        while bone is not None:
            for one in bone.constraints:
                if one.type == "IK" and one.target == armature and one.subtarget and not one.mute:
                    pole = one.pole_subtarget if one.pole_target == armature else ""
                    ik.setdefault(end, IkControls(one.subtarget, pole))
            bone = None if bone.name == stop else bone.parent
    return RigFit(fit.name, fit.joints, fit.deform, fit.controls, ik, fit.score, fit.matched)


def humanoid_of(rig: RigFit, *, skin: bool = False) -> HumanoidMap:
    """The joints of `rig_skeleton`."""
    return HumanoidMap({name: _bone(rig, name, skin) for name in CANONICAL_JOINTS if name in rig.joints})


def _bone(rig: RigFit, joint: str, skin: bool) -> str:
    return rig.deform.get(joint, rig.joints[joint]) if skin else rig.joints[joint]


def rig_skeleton(armature: bpy.types.Object, rig: RigFit, *, skin: bool = False) -> Skeleton:
    """The mapped bones at rest in the armature's own space, one joint each, on the tree of the standard humanoid.

    With `skin` the joints are named by the bones that the skin follows.
    """
    bones = armature.data.bones
    names: list[str] = []
    parents: list[int] = []
    heads = []
    for joint in (name for name in JOINT_PARENTS if name in rig.joints):
        bone = _bone(rig, joint, skin)
        if bone in names:
            continue
        above = JOINT_PARENTS[joint]
        while above and above not in rig.joints:
            above = JOINT_PARENTS[above]
        names.append(bone)
        parents.append(names.index(_bone(rig, above, skin)) if above else -1)
        heads.append(np.array(bones[rig.joints[joint]].head_local))
    offsets = np.array(heads) - np.where(np.array(parents)[:, None] >= 0, np.array(heads)[parents], 0.0)
    return Skeleton(tuple(names), tuple(parents), offsets)
