"""The skeleton that a file gets: all bones, or those alone that deform, each on the nearest other that it follows."""

from __future__ import annotations

from collections.abc import Mapping

import bpy

__all__ = ["all_bones", "deforming_bones", "hangs_on"]


def all_bones(armature: bpy.types.Object) -> dict[str, str]:
    """Bone -> its parent, empty for none; parents first."""
    return _in_order({bone.name: bone.parent.name if bone.parent else "" for bone in armature.data.bones})


def deforming_bones(armature: bpy.types.Object, skin_of: Mapping[str, str]) -> dict[str, str]:
    """Deforming bone -> the nearest deforming bone that it follows, empty for none; parents first.

    Bones of a mechanism often hang the deforming ones on bones that deform nothing; there the deforming bone that goes with such a
    bone stands for it: as `skin_of` says, or as Rigify names them. A root above everything stays if the deforming bones hang on it
    without a mechanism between, as in game rigs, or would fall apart without it. All bones are kept where none deforms.
    """
    bones = armature.data.bones
    kept = {bone.name for bone in bones if bone.use_deform}
    if not kept:
        return all_bones(armature)
    carriers = {above for name in kept for above in bones[name].parent_recursive} - {bones[name] for name in kept}
    if all(bone.parent is None for bone in carriers):
        return _parents(armature, kept | {bone.name for bone in carriers}, skin_of)
    parents = _parents(armature, kept, skin_of)
    tops = [name for name, parent in parents.items() if not parent]
    if len(tops) == 1:
        return parents
    return _parents(armature, kept | {([bones[top], *bones[top].parent_recursive])[-1].name for top in tops}, skin_of)


def _parents(armature: bpy.types.Object, kept: set[str], skin_of: Mapping[str, str]) -> dict[str, str]:
    """Kept bone -> the nearest kept bone that it hangs on, itself or by what goes with it."""
    bones, parents = armature.data.bones, {}
    for bone in bones:
        if bone.name not in kept:
            continue
        above = (_stand_in(one.name, kept, skin_of) for one in bone.parent_recursive)
        parents[bone.name] = next((name for name in above if name and not hangs_on(name, bone.name, parents)), "")
    return _in_order(parents)


def _stand_in(bone: str, kept: set[str], skin_of: Mapping[str, str]) -> str:
    """The kept bone that goes with a bone; empty if none does."""
    names = (bone, skin_of.get(bone, ""), bone.replace("ORG-", "DEF-", 1) if bone.startswith("ORG-") else "")
    return next((name for name in names if name in kept), "")


def hangs_on(bone: str, other: str, parents: Mapping[str, str]) -> bool:
    """Whether a bone is another or hangs on it, as far as `parents` are known."""
    while bone:
        if bone == other:
            return True
        bone = parents.get(bone, "")
    return False


def _in_order(parents: Mapping[str, str]) -> dict[str, str]:
    """The same, parents first, a level at a time."""
    level, ordered = [name for name, parent in parents.items() if not parent], {}
    children: dict[str, list[str]] = {}
    for name, parent in parents.items():
        children.setdefault(parent, []).append(name)
    while level:
        ordered.update((name, parents[name]) for name in level)
        level = [child for name in level for child in children.get(name, ())]
    return ordered
