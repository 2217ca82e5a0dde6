"""Depends: the objects that an armature's place and pose depend on, and the bones that decide where some bones are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

import bpy

__all__ = ["asks_the_scene", "bone_of", "constraints_of", "deciding_bones", "drivers_of", "reached_objects"]

_BONE = re.compile(r'(?:pose\.)?bones\["((?:[^"\\]|\\.)*)"\]')
# Drivers of armature data that have no say in where bones are: what is shown, and how a bendy bone bends between its ends.
_HARMLESS = re.compile(r".*\.(hide|hide_select|is_visible|is_solo|bbone_\w+)", re.DOTALL)


def reached_objects(armature: bpy.types.Object) -> set[bpy.types.Object]:
    """All objects that an object's place and pose depend on, itself included."""
    reached: set[bpy.types.Object] = set()
    _reach(armature, reached)
    return reached


def constraints_of(thing: bpy.types.Object) -> list[bpy.types.Constraint]:
    """An object's own constraints and its bones'."""
    bones = thing.pose.bones if thing.pose is not None else ()
    return [*thing.constraints, *(one for bone in bones for one in bone.constraints)]


def drivers_of(thing: bpy.types.Object) -> Iterator[bpy.types.FCurve]:
    """The drivers of an object and of its data."""
    for owner in (thing, thing.data):
        if owner is not None and owner.animation_data is not None:
            yield from owner.animation_data.drivers


def asks_the_scene(driver: bpy.types.Driver) -> bool:
    """Whether a driver reads the scene, or runs Python, which may read anything."""
    if driver.type == "SCRIPTED" and not driver.is_simple_expression:
        return True
    return any(
        variable.type == "CONTEXT_PROP" or any(target.id_type == "SCENE" for target in variable.targets) for variable in driver.variables
    )


def bone_of(path: str) -> str | None:
    """The bone that a path of an armature or its data begins with, if any."""
    match = _BONE.match(path)
    return None if match is None else bpy.utils.unescape_identifier(match[1])


def deciding_bones(armature: bpy.types.Object, names: Iterable[str]) -> set[str] | None:
    """All bones that decide where some are, those included; None where that cannot be told.

    Those above them, the targets of their constraints, the solvers of their chains, and what drives any of these.
    """
    others = reached_objects(armature) - {armature}
    if any(armature in set(_referred(other)) for other in others) or armature.pose.ik_solver != "LEGACY":
        return None
    drivers = _drivers_by_bone(armature)
    if drivers is None:
        return None
    pose, solvers = armature.pose.bones, _solvers(armature)
    found: set[str] = set()
    # What drives the object itself may have a say in everything.
    waiting = [*names, *drivers.get(None, ())]
    while waiting:
        name = waiting.pop()
        bone = pose.get(name)
        if name in found or bone is None:
            continue
        found.add(name)
        waiting += drivers.get(name, ())
        waiting += solvers.get(name, ())
        if bone.parent is not None:
            waiting.append(bone.parent.name)
        for one in bone.constraints:
            targets = _targets(one, armature)
            # A bendy bone between its ends is where its neighbours bend it to.
            if (getattr(one, "use_bbone_shape", False) or one.type == "ARMATURE") and _any_bends(armature, targets):
                return None
            waiting += targets
    return found


def _reach(thing: bpy.types.Object | None, reached: set[bpy.types.Object]) -> None:
    if thing is None or thing in reached:
        return
    reached.add(thing)
    for other in _referred(thing):
        _reach(other, reached)


def _referred(thing: bpy.types.Object) -> Iterator[bpy.types.Object]:
    """What an object hangs on, is held by or driven by."""
    if thing.parent is not None:
        yield thing.parent
    for one in constraints_of(thing):
        for name in ("target", "pole_target"):
            target = getattr(one, name, None)
            if target is not None:
                yield target
        yield from (row.target for row in getattr(one, "targets", ()) if row.target is not None)
    for curve in drivers_of(thing):
        for target in (target for variable in curve.driver.variables for target in variable.targets):
            if isinstance(target.id, bpy.types.Object):
                yield target.id


def _targets(one: bpy.types.Constraint, armature: bpy.types.Object) -> list[str]:
    """The bones of the armature that a constraint is held by."""
    rows = [(getattr(one, f"{kind}target", None), getattr(one, f"{kind}subtarget", "")) for kind in ("", "pole_")]
    rows += [(row.target, row.subtarget) for row in getattr(one, "targets", ())]
    return [bone for thing, bone in rows if thing == armature and bone]


def _any_bends(armature: bpy.types.Object, names: Collection[str]) -> bool:
    bones = armature.data.bones
    return any(name in bones and bones[name].bbone_segments > 1 for name in names)


def _solvers(armature: bpy.types.Object) -> dict[str, list[str]]:
    """Bone -> the bones whose IK poses it."""
    found: dict[str, list[str]] = {}
    for bone in armature.pose.bones:
        for one in bone.constraints:
            if one.type not in ("IK", "SPLINE_IK"):
                continue
            chain = [bone, *bone.parent_recursive]
            # One more than is counted: where the tip does not take part, the chain begins above it.
            for link in chain[: one.chain_count + 1] if one.chain_count else chain:
                found.setdefault(link.name, []).append(bone.name)
    return found


def _drivers_by_bone(armature: bpy.types.Object) -> dict[str | None, list[str]] | None:
    """Bone, or None for the object -> the bones that what drives it reads; None where bones' own settings are driven."""
    found: dict[str | None, list[str]] = {}
    data = armature.data.animation_data
    if data is not None and (data.action is not None or data.nla_tracks):
        return None
    if data is not None and not all(_HARMLESS.fullmatch(curve.data_path) for curve in data.drivers):
        return None
    for curve in armature.animation_data.drivers if armature.animation_data is not None else ():
        read = found.setdefault(bone_of(curve.data_path), [])
        for target in (target for variable in curve.driver.variables for target in variable.targets):
            if target.id in (armature, armature.data):
                read += [name for name in (target.bone_target, bone_of(target.data_path)) if name]
    return found
