"""Rigs that are posed by controls: Blender's own Rigify, and small ones with an IK and an FK chain on every limb."""

import addon_utils
import bpy
import numpy as np
from mathutils import Euler, Vector

from agonist.humanoid import HUMANOID
from blender_addon.compat import assign_action, ensure_fcurve
from blender_addon.curve_keys import write_keys

FRAMES = 25


def rigify() -> bpy.types.Object:
    """The human that Blender's own Rigify generates."""
    addon_utils.enable("rigify", default_set=True)
    from rigify.metarigs import human

    bpy.ops.object.armature_add()
    meta = bpy.context.active_object
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in list(meta.data.edit_bones):
        meta.data.edit_bones.remove(bone)
    human.create(meta)
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.ops.pose.rigify_generate()
    rig = bpy.context.active_object
    bpy.data.objects.remove(meta)
    return rig


Triples = dict[str, tuple[float, float, float]]


def animate(armature: bpy.types.Object, swings: Triples, moves: Triples) -> None:
    """Keys on every second frame: each bone swings to a rotation (XYZ, radians), or moves to a place, and back."""
    action = bpy.data.actions.new("take")
    assign_action(armature, action)
    frames = np.arange(1, FRAMES + 1, 2, dtype=np.float32)
    wave = np.sin(np.pi * (frames - 1) / (FRAMES - 1)) ** 2
    for name, turn in swings.items():
        bone = armature.pose.bones[name]
        values = [bone.rotation_quaternion.copy() for _ in frames]
        for k, share in enumerate(wave):
            values[k] = Euler([share * angle for angle in turn]).to_quaternion()
        if bone.rotation_mode == "QUATERNION":
            rows, path = np.array([tuple(value) for value in values]), "rotation_quaternion"
        else:
            rows, path = np.array([tuple(value.to_euler(bone.rotation_mode)) for value in values]), "rotation_euler"
        for index in range(rows.shape[1]):
            write_keys(ensure_fcurve(armature, action, f'pose.bones["{name}"].{path}', index), frames, rows[:, index])
    for name, place in moves.items():
        for index in range(3):
            write_keys(ensure_fcurve(armature, action, f'pose.bones["{name}"].location', index), frames, wave * place[index])


RIGIFY_SWINGS: Triples = {
    "torso": (0.1, 0.05, 0.1), "spine_fk.002": (0.15, 0, 0.1), "neck": (0.1, 0.1, 0), "head": (-0.1, 0.2, 0),
    "upper_arm_fk.L": (0.3, 0.2, 0.9), "forearm_fk.L": (0.9, 0, 0), "upper_arm_fk.R": (0.3, 0.2, -0.9), "forearm_fk.R": (0.9, 0, 0),
    "thigh_fk.L": (-0.7, 0, 0), "shin_fk.L": (1.1, 0, 0), "foot_fk.L": (-0.4, 0, 0), "thigh_fk.R": (-0.6, 0, 0),
    "shin_fk.R": (1.0, 0, 0), "foot_fk.R": (-0.4, 0, 0), "thigh_ik.L": (0, 0.3, 0),
    "f_index.01_master.L": (0.5, 0, 0), "f_index.01.L": (0.3, 0, 0), "jaw_master": (0.2, 0, 0), "upper_arm_tweak.L.001": (0, 0.2, 0),
}  # fmt: skip
RIGIFY_MOVES: Triples = {"torso": (0, 0, -0.25), "foot_ik.R": (0, 0, 0.05), "hand_ik.L": (-0.15, 0.1, 0.25), "hand_ik.R": (0.15, 0.15, 0.2)}
# The animator's own bones that no joint is mapped to.
RIGIFY_OTHERS = ("f_index.01_master.L", "f_index.01.L", "jaw_master", "upper_arm_tweak.L.001")


def posed_rigify(ik: bool) -> bpy.types.Object:
    """Rigify's human crouching and reaching, its limbs solved by IK or not."""
    armature = rigify()
    for limb in ("thigh", "upper_arm"):
        for side in "LR":
            armature.pose.bones[f"{limb}_parent.{side}"]["IK_FK"] = 0.0 if ik else 1.0
    animate(armature, RIGIFY_SWINGS, RIGIFY_MOVES)
    return armature


LIMBS = (
    ("arm", ("arm", "forearm", "hand"), "c_arms_pole"),
    ("leg", ("thigh", "leg", "foot"), "c_leg_pole"),
)


def auto_rig_pro(ik: float) -> bpy.types.Object:
    """A rig with Auto-Rig Pro's names and a mechanism like its own, as far as names tell: each limb's bones copy an FK and an IK chain."""
    at = {joint: Vector(HUMANOID.rest_positions[HUMANOID.index(joint)]) for joint in HUMANOID.names}
    data = bpy.data.armatures.new("arp")
    armature = bpy.data.objects.new("arp", data)
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")

    def bone(name: str, head: Vector, parent: str = "", tail: Vector | None = None) -> None:
        made = data.edit_bones.new(name)
        made.head, made.tail = head, head + Vector((0, -0.02, 0.1)) if tail is None else tail
        made.parent = data.edit_bones[parent] if parent else None

    for name, parent in (("c_pos", ""), ("c_traj", "c_pos")):
        bone(name, Vector(), parent)
    above = "c_traj"
    trunk = (("c_root_master.x", "root.x", "pelvis"), ("c_spine_01.x", "spine_01.x", "spine"), ("c_spine_02.x", "spine_02.x", "chest"),
             ("c_neck.x", "neck.x", "neck"), ("c_head.x", "head.x", "head"))  # fmt: skip
    for control, name, joint in trunk:
        bone(control, at[joint], above)
        bone(name, at[joint], control)
        above = control
    for side in "lr":
        for k, (_, parts, pole) in enumerate(LIMBS):
            joints = [f"{joint}_{side}" for joint in (("hip", "knee", "ankle") if k else ("shoulder", "elbow", "wrist"))]
            places = [at[joint] for joint in joints]
            # A knee and an elbow that know which way to bend.
            places[1] = places[1] + Vector((0, -0.02 if k else 0.02, 0))
            ends = [*places[1:], places[2] + Vector((0, -0.12, -0.02))]
            root = "c_root_master.x" if k else f"shoulder.{side}"
            if not k:
                bone(f"c_shoulder.{side}", at[f"clavicle_{side}"], "c_spine_02.x")
                bone(f"shoulder.{side}", at[f"clavicle_{side}"], f"c_shoulder.{side}")
            bone(f"c_{parts[2]}_ik.{side}", places[2], "c_traj", ends[2])
            bone(f"{pole}.{side}", places[1] + Vector((0, -0.5 if k else 0.5, 0)), "c_traj")
            for chain, form in (("fk", "c_{}_fk.{}"), ("ik", "{}_ik.{}"), ("", "{}.{}")):
                parent = root
                for part, head, tail in zip(parts, places, ends, strict=True):
                    if chain != "ik" or part != parts[2]:
                        bone(form.format(part, side), head, parent, tail)
                    parent = form.format(part, side)
            for part, head, tail in zip(parts[:2], places, ends, strict=False):
                bone(f"{part}_stretch.{side}", head, f"{part}.{side}", tail)
        bone(f"c_toes_fk.{side}", at[f"toe_{side}"], f"foot.{side}")
        bone(f"toes_01.{side}", at[f"toe_{side}"], f"c_toes_fk.{side}")
        bone(f"c_index1.{side}", at[f"wrist_{side}"], f"hand.{side}")
    bpy.ops.object.mode_set(mode="OBJECT")
    for side in "lr":
        for _, parts, pole in LIMBS:
            solver = armature.pose.bones[f"{parts[1]}_ik.{side}"].constraints.new("IK")
            solver.target, solver.subtarget, solver.chain_count = armature, f"c_{parts[2]}_ik.{side}", 2
            solver.pole_target, solver.pole_subtarget = armature, f"{pole}.{side}"
            for part in parts:
                copies = armature.pose.bones[f"{part}.{side}"].constraints
                for chain, share in ((f"c_{part}_ik" if part == parts[2] else f"{part}_ik", 1.0), (f"c_{part}_fk", 1.0 - ik)):
                    one = copies.new("COPY_ROTATION" if part == parts[2] else "COPY_TRANSFORMS")
                    one.target, one.subtarget, one.influence = armature, f"{chain}.{side}", share
    for pose in armature.pose.bones:
        pose.rotation_mode = "XYZ" if pose.name.startswith("c_") else "QUATERNION"
    # Bent a little at every frame, in IK and FK alike.
    swings = {f"c_thigh_fk.{s}": (-0.8, 0, 0.1) for s in "lr"} | {f"c_leg_fk.{s}": (1.2, 0, 0) for s in "lr"}
    swings |= {f"c_forearm_fk.{s}": (0.3, 0.2, 0.4) for s in "lr"} | {f"c_index1.{s}": (0.4, 0, 0) for s in "lr"}
    animate(armature, swings | {"c_spine_01.x": (0.2, 0.1, 0.1)}, {"c_root_master.x": (0, -0.3, 0), "c_hand_ik.l": (-0.1, 0.1, -0.1)})
    return armature


def add_leg_ik(armature: bpy.types.Object, pole: bool) -> None:
    """IK on the legs of a UE4 rig: targets that follow the feet's keyed path, feet that copy their rotation."""
    action = armature.animation_data.action
    first, last = (round(value) for value in action.frame_range)
    path = {side: [] for side in "lr"}
    for frame in range(first, last + 1):
        bpy.context.scene.frame_set(frame)
        for side in "lr":
            path[side].append(armature.pose.bones[f"foot_{side}"].matrix.copy())
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for side in "lr":
        foot = armature.data.edit_bones[f"foot_{side}"]
        # IK solves for the tails of its bones.
        for name, end in (("thigh", f"calf_{side}"), ("calf", f"foot_{side}")):
            armature.data.edit_bones[f"{name}_{side}"].tail = armature.data.edit_bones[end].head
        knee = armature.data.edit_bones[f"calf_{side}"].head
        for name, head in ((f"ik_{side}", foot.head), (f"pole_{side}", knee + Vector((0, -0.6, 0)))):
            made = armature.data.edit_bones.new(name)
            made.head, made.tail = head, head + Vector((0, 0.05, 0.05))
    bpy.ops.object.mode_set(mode="OBJECT")
    frames = np.arange(first, last + 1, dtype=np.float32)
    for side in "lr":
        rest = armature.data.bones[f"ik_{side}"].matrix_local
        start = armature.data.bones[f"foot_{side}"].matrix_local
        channels = [rest.inverted() @ (matrix @ start.inverted()) @ rest for matrix in path[side]]
        for index in range(3):
            curve = ensure_fcurve(armature, action, f'pose.bones["ik_{side}"].location', index)
            write_keys(curve, frames, np.array([matrix.translation[index] for matrix in channels]))
        solver = armature.pose.bones[f"calf_{side}"].constraints.new("IK")
        solver.target, solver.subtarget, solver.chain_count = armature, f"ik_{side}", 2
        if pole:
            solver.pole_target, solver.pole_subtarget = armature, f"pole_{side}"
