"""One small rig for every bone map: its family's own names and hierarchy, a rest pose, axes and rotation modes of its own, and
fingers, twist bones and a face with keys of their own."""

import bpy
import numpy as np
from mathutils import Vector

from agonist import rotations
from agonist.bone_map import JOINT_PARENTS, bone_maps
from agonist.humanoid import HUMANOID
from agonist.motion import Motion
from agonist.skeleton import Skeleton
from blender_addon.compat import assign_action
from blender_addon.rig.build import key_motion
from blender_addon.rig.keys import key_rotation

MODES = ("QUATERNION", "XYZ", "ZXY", "AXIS_ANGLE", "YZX")

# What hangs between and below the mapped bones, "{s}" on either side: bone, the bone above, and the mapped bone that it carries.
_UNREAL = [
    ("root", "", "pelvis"), ("spine_02", "spine_01", "spine_03"), ("upperarm_twist_01_{s}", "upperarm_{s}", ""),
    ("lowerarm_twist_01_{s}", "lowerarm_{s}", ""), ("thigh_twist_01_{s}", "thigh_{s}", ""), ("index_01_{s}", "hand_{s}", ""),
    ("index_02_{s}", "index_01_{s}", ""), ("thumb_01_{s}", "hand_{s}", ""), ("jaw", "head", ""),
]  # fmt: skip
_UNREAL_5 = [
    *((f"spine_0{k + 1}", f"spine_0{k}", "") for k in (1, 2, 3)), ("spine_05_above", "", ""), ("neck_02", "neck_01", "head"),
    ("index_metacarpal_{s}", "hand_{s}", ""), ("index_01_{s}", "index_metacarpal_{s}", ""), ("thumb_01_{s}", "hand_{s}", ""),
    ("upperarm_twist_01_{s}", "upperarm_{s}", ""), ("calf_twist_01_{s}", "calf_{s}", ""), ("root", "", "pelvis"),
]  # fmt: skip
EXTRAS = {
    "Mixamo": [
        ("Spine1", "Spine", "Spine2"), ("{s}HandIndex1", "{s}Hand", ""), ("{s}HandIndex2", "{s}HandIndex1", ""), ("Jaw", "Head", ""),
    ],
    "Rigify meta-rig": [
        ("spine.002", "spine.001", "spine.003"), ("spine.005", "spine.004", "spine.006"), ("pelvis.{s}", "spine", ""),
        ("heel.02.{s}", "foot.{s}", ""), ("f_index.01.{s}", "hand.{s}", ""), ("jaw", "spine.006", ""),
    ],
    "UE4 Mannequin": _UNREAL,
    "UE5 Mannequin": [*(one for one in _UNREAL_5 if one[0] != "spine_05_above"), ("spine_04_only", "", "")],
    "MetaHuman": [
        *(one for one in _UNREAL_5 if one[0] != "spine_05_above"), ("thigh_correctiveRoot_{s}", "thigh_{s}", ""),
        ("upperarm_correctiveRoot_{s}", "upperarm_{s}", ""), ("calf_correctiveRoot_{s}", "calf_{s}", ""),
        ("calf_kneeBack_{s}", "calf_correctiveRoot_{s}", ""), ("spine_04_latissimus_{s}", "spine_05", ""),
        ("clavicle_pec_{s}", "spine_05", ""), ("FACIAL_C_Jaw", "head", ""),
        ("bigtoe_01_{s}", "ball_{s}", ""), ("littletoe_01_{s}", "ball_{s}", ""),
    ],
    "CMU (ASF)": [
        ("{s}hipjoint", "root", "{s}femur"), ("upperback", "lowerback", "thorax"), ("upperneck", "lowerneck", "head"),
        ("{s}wrist", "{s}radius", "{s}hand"), ("{s}fingers", "{s}hand", ""),
    ],
    "CMU (BVH)": [
        ("LHipJoint", "Hips", "LeftUpLeg"), ("RHipJoint", "Hips", "RightUpLeg"), ("Spine", "LowerBack", "Spine1"),
        ("Neck1", "Neck", "Head"), ("{s}FingerBase", "{s}Hand", ""),
    ],
    "SMPL": [("Spine2", "Spine1", "Spine3"), ("{s}_Hand", "{s}_Wrist", "")],
    "SMPL-X": [("spine2", "spine1", "spine3"), ("{s}_index1", "{s}_wrist", ""), ("{s}_index2", "{s}_index1", ""), ("jaw", "head", "")],
    "Daz Genesis 3, 8": [
        ("pelvis", "hip", "{s}ThighBend"), ("abdomenUpper", "abdomenLower", ""), ("chestLower", "abdomenUpper", "chestUpper"),
        ("{s}ThighTwist", "{s}ThighBend", "{s}Shin"), ("{s}ShldrTwist", "{s}ShldrBend", "{s}ForearmBend"),
        ("{s}ForearmTwist", "{s}ForearmBend", "{s}Hand"), ("neckUpper", "neckLower", "head"), ("{s}Index1", "{s}Hand", ""),
        ("{s}Metatarsals", "{s}Foot", "{s}Toe"), ("lowerJaw", "head", ""),
    ],
    "Daz Genesis 9": [
        ("pelvis", "hip", "{s}_thigh"), ("spine2", "spine1", ""), ("spine3", "spine2", "spine4"), ("neck2", "neck1", "head"),
        ("{s}_thightwist1", "{s}_thigh", ""), ("{s}_upperarmtwist1", "{s}_upperarm", ""), ("{s}_index1", "{s}_hand", ""),
        ("{s}_metatarsal", "{s}_foot", ""), ("lowerjaw", "head", ""),
    ],
    "MPFB, MakeHuman": [
        ("spine04", "spine05", ""), ("spine03", "spine04", ""), ("spine02", "spine03", "spine01"), ("pelvis.{s}", "root", "upperleg01.{s}"),
        ("shoulder01.{s}", "clavicle.{s}", "upperarm01.{s}"), ("upperarm02.{s}", "upperarm01.{s}", "lowerarm01.{s}"),
        ("lowerarm02.{s}", "lowerarm01.{s}", "wrist.{s}"), ("upperleg02.{s}", "upperleg01.{s}", "lowerleg01.{s}"),
        ("lowerleg02.{s}", "lowerleg01.{s}", "foot.{s}"), ("finger2-1.{s}", "wrist.{s}", ""), ("jaw", "head", ""),
    ],
    "VRM (VRoid)": [
        ("Root", "", "J_Bip_C_Hips"), ("J_Bip_C_Chest", "J_Bip_C_Spine", "J_Bip_C_UpperChest"),
        ("J_Bip_{s}_Index1", "J_Bip_{s}_Hand", ""), ("J_Adj_{s}_FaceEye", "J_Bip_C_Head", ""),
    ],
    "VRM (add-on)": [("chest", "spine", "upper_chest"), ("index_proximal.{s}", "hand.{s}", ""), ("eye.{s}", "head", "")],
    "Auto-Rig Pro (exported)": [
        ("root", "", "root.x"), ("spine_02.x", "spine_01.x", "spine_06.x"), ("thigh_twist.{s}", "thigh_stretch.{s}", ""),
        ("arm_twist.{s}", "arm_stretch.{s}", ""), ("c_index1_base.{s}", "hand.{s}", ""), ("index1.{s}", "c_index1_base.{s}", ""),
        ("c_jawbone.x", "head.x", ""),
    ],
    "Auto-Rig Pro (exported, twist)": [
        ("thigh_stretch.{s}", "thigh_twist.{s}", "leg_stretch.{s}"), ("leg_twist.{s}", "leg_stretch.{s}", "foot.{s}"),
        ("arm_stretch.{s}", "c_arm_twist_offset.{s}", "forearm_stretch.{s}"), ("forearm_twist.{s}", "forearm_stretch.{s}", "hand.{s}"),
        ("c_index1_base.{s}", "hand.{s}", ""),
    ],
    "3ds Max Biped": [
        ("Spine1", "Spine", "Spine4"), ("{s} Finger0", "{s} Hand", ""), ("{s} Finger01", "{s} Finger0", ""), ("HeadNub", "Head", ""),
    ],
    "Character Creator": [
        ("BoneRoot", "", "Hip"), ("Pelvis", "Hip", "{s}_Thigh"), ("Spine01", "Waist", "Spine02"), ("NeckTwist02", "NeckTwist01", "Head"),
        ("{s}_ThighTwist01", "{s}_Thigh", ""), ("{s}_ElbowShareBone", "{s}_Forearm", ""), ("{s}_Index1", "{s}_Hand", ""),
        ("FacialBone", "Head", ""),
    ],
    "MotionBuilder (HumanIK)": [
        ("Spine3", "Spine", "Spine9"), ("{s}InHandIndex", "{s}Hand", ""), ("{s}HandIndex1", "{s}InHandIndex", ""),
    ],
    "MikuMikuDance": [
        ("全ての親", "", "腰"), ("下半身", "腰", "{s}足"), ("上半身2", "上半身", "上半身3"),
        ("{s}人指１", "{s}手首", ""), ("{s}目", "頭", ""),
    ],
}  # fmt: skip
_SIDES = {
    "Mixamo": ("Left", "Right"), "CMU (BVH)": ("Left", "Right"), "SMPL-X": ("left", "right"), "SMPL": ("L", "R"),
    "3ds Max Biped": ("L", "R"), "Character Creator": ("L", "R"), "MotionBuilder (HumanIK)": ("Left", "Right"),
    "MikuMikuDance": ("左", "右"),
    "Rigify meta-rig": ("L", "R"), "MPFB, MakeHuman": ("L", "R"), "VRM (VRoid)": ("L", "R"), "VRM (add-on)": ("L", "R"),
}  # fmt: skip
_PREFIXES = {
    "Mixamo": "mixamorig:", "SMPL": "m_avg_", "3ds Max Biped": "Bip001 ", "Character Creator": "CC_Base_",
    "MotionBuilder (HumanIK)": "Character1_",
}  # fmt: skip


def _extras(family: str) -> list[tuple[str, str, str]]:
    sides = _SIDES.get(family, ("l", "r"))
    rows = []
    for one in EXTRAS[family]:
        if one[0].endswith(("_above", "_only")):
            continue
        for side in sides if any("{s}" in part for part in one) else sides[:1]:
            rows.append(tuple(part.replace("{s}", side) for part in one))
    return list(dict.fromkeys(rows))


def build(family: str, motion: Motion, *, bones: int = 0) -> bpy.types.Object:
    """A rig of a family, animated by a motion of the standard humanoid; every bone, mapped or not, has keys.

    Where it has fewer than `bones`, further ones hang on its head.

    The rest pose (between T and A), axes and rotation modes are the family's own, the same at every call.
    """
    seed = sorted(EXTRAS).index(family)
    rng = np.random.default_rng(seed)
    prefix = _PREFIXES.get(family, "")
    names = {joint: prefix + options[0] for joint, options in next(m for m in bone_maps() if m.name == family).joints.items()}
    posed = _in_rest_pose(motion, names, arms_down=np.radians(50 * (seed % 3) / 2))
    heads = {names[joint]: posed.skeleton.rest_positions[k] for k, joint in enumerate(JOINT_PARENTS)}
    above = {names[joint]: names[parent] if parent else "" for joint, parent in JOINT_PARENTS.items()}
    for bone, parent, carries in _extras(family):
        bone, parent, carries = (prefix + one if one else "" for one in (bone, parent, carries))
        above[bone] = parent
        heads.setdefault(bone, heads.get(parent, np.zeros(3)) + rng.normal(size=3) * 0.02)
        if carries:
            # Between two joints it lies halfway; on the first side only, "pelvis" carries both.
            heads[bone] = (heads[parent] + heads[carries]) / 2 if parent else np.zeros(3)
            above[carries] = bone
    if family == "UE5 Mannequin" or family == "MetaHuman":
        above["spine_05"] = "spine_04"
    for k in range(bones - len(heads)):
        above[f"hair.{k}"], heads[f"hair.{k}"] = names["head"], heads[names["head"]] + rng.normal(size=3) * 0.05
    armature = _armature(family, heads, above, rng)
    action = bpy.data.actions.new(family)
    assign_action(armature, action)
    mapped = [names[joint] for joint in JOINT_PARENTS]
    key_motion(armature, action, posed, mapped, 1)
    frames = np.arange(1, len(motion) + 1, dtype=np.float32)
    for k, bone in enumerate(sorted(set(above) - set(mapped) - {f"{prefix}root", f"{prefix}Root"})):
        swing = 0.15 * np.sin(0.1 * frames + k)[:, None] * rng.normal(size=3)
        key_rotation(armature, action, armature.pose.bones[bone], frames, rotations.from_rotvec(swing))
    return armature


def _in_rest_pose(motion: Motion, names: dict[str, str], arms_down: float) -> Motion:
    """The motion on a skeleton that rests with its arms lower and its elbows and knees a little bent."""
    order = [HUMANOID.index(joint) for joint in JOINT_PARENTS]
    rest = np.tile([1.0, 0, 0, 0], (1, len(HUMANOID), 1))
    for side, sign in (("l", 1.0), ("r", -1.0)):
        bent = ("shoulder", "y", sign * arms_down), ("elbow", "z", -sign * arms_down / 4), ("knee", "x", -arms_down / 8)
        for joint, axis, angle in bent:
            rest[0, HUMANOID.index(f"{joint}_{side}")] = rotations.from_axis_angle(axis, np.array(angle))
    places, turned = HUMANOID.forward(rest, np.array(motion.skeleton.offsets)[None])
    world = rotations.multiply(motion.rotations_world_from_joint, rotations.conjugate(turned))
    index = list(JOINT_PARENTS)
    parents = tuple(index.index(above) if above else -1 for above in JOINT_PARENTS.values())
    local = np.empty((len(motion), len(index), 4))
    offsets = np.empty((len(index), 3))
    for k, (joint, parent) in enumerate(zip(order, parents, strict=True)):
        up = order[parent]
        local[:, k] = world[:, joint] if parent < 0 else rotations.multiply(rotations.conjugate(world[:, up]), world[:, joint])
        offsets[k] = places[0, joint] - (places[0, up] if parent >= 0 else 0)
    skeleton = Skeleton(tuple(names[joint] for joint in index), parents, offsets)
    return Motion(skeleton, local, motion.root_position, motion.fps)


def _armature(name: str, heads: dict[str, np.ndarray], above: dict[str, str], rng: np.random.Generator) -> bpy.types.Object:
    data = bpy.data.armatures.new(name)
    armature = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for bone, head in heads.items():
        made = data.edit_bones.new(bone)
        made.head = Vector(head)
        # Bones point where they like: no axis tells what a bone is.
        made.tail = Vector(head + 0.06 * _direction(rng))
        made.roll = float(rng.uniform(-3, 3))
    for bone, parent in above.items():
        if parent:
            data.edit_bones[bone].parent = data.edit_bones[parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in armature.pose.bones:
        bone.rotation_mode = MODES[int(rng.integers(len(MODES)))]
    return armature


def _direction(rng: np.random.Generator) -> np.ndarray:
    way = rng.normal(size=3)
    return way / np.linalg.norm(way)
