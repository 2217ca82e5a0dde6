"""Joints by what people call them: sides, words that say nothing, and numbers."""

import numpy as np
import pytest

from agonist.errors import SkeletonError
from agonist.humanoid import HUMANOID, map_humanoid
from agonist.skeleton import Skeleton

ARM, LEG = ("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle")

# How rigs that no map knows number their limbs: both sides, then the bones of an arm and of a leg, as github.com/Rokoko/
# rokoko-studio-live-blender core/auto_detect_lists/bones.py lists them or as Blender numbers a chain that was extruded.
NUMBERED = {
    "arm_1_l": (("l", "r"), ("arm_1_{s}", "arm_2_{s}", "hand_{s}"), ("leg_1_{s}", "leg_2_{s}", "foot_{s}")),
    "L_Arm_01": (("L", "R"), ("{s}_Arm_01", "{s}_Arm_02", "{s}_Wrist"), ("{s}_Leg_01", "{s}_Leg_02", "{s}_Foot_01")),
    "L_ARM1": (("L", "R"), ("{s}_ARM1", "{s}_ARM2", "{s}_Hand"), ("{s}_LEG1", "{s}_LEG2", "{s}_FOOT1")),
    "larm1": (("l", "r"), ("{s}arm1", "{s}arm2", "{s}hand"), ("{s}leg1", "{s}leg2", "{s}foot")),
    "ArmL1": (("L", "R"), ("Arm{s}1", "Arm{s}2", "Hand{s}"), ("Leg{s}1", "Leg{s}2", "Foot{s}")),
    "LeftArm2": (("Left", "Right"), ("{s}Arm", "{s}Arm2", "{s}Hand"), ("{s}Leg", "{s}Leg2", "{s}Foot")),
    "Arm.L.001": (("L", "R"), ("Arm.{s}", "Arm.{s}.001", "Arm.{s}.002"), ("Leg.{s}", "Leg.{s}.001", "Leg.{s}.002")),
    "arm.001.L": (("L", "R"), ("arm.{s}", "arm.001.{s}", "hand.{s}"), ("leg.{s}", "leg.001.{s}", "foot.{s}")),
    "Bip01 L Arm1": (
        ("L", "R"), ("Bip01 {s} Arm1", "Bip01 {s} Arm2", "Bip01 {s} Hand"), ("Bip01 {s} Leg1", "Bip01 {s} Leg2", "Bip01 {s} Foot"),
    ),
    "L_arm_01_jnt": (
        ("L", "R"), ("{s}_arm_01_jnt", "{s}_arm_02_jnt", "{s}_arm_03_jnt"), ("{s}_leg_01_jnt", "{s}_leg_02_jnt", "{s}_leg_03_jnt"),
    ),
    "Thigh01": (("L", "R"), ("Upperarm01_{s}", "Lowerarm01_{s}", "Hand01_{s}"), ("Thigh01_{s}", "Shin01_{s}", "Foot01_{s}")),
}  # fmt: skip


def rig(sides, arm, leg, **others):
    """The standard humanoid under those names, its other bones called nothing that means anything."""
    names = {}
    for ours, theirs in zip("lr", sides, strict=True):
        limbs = dict(zip(ARM + LEG, arm + leg, strict=True)) | others
        names |= {f"{joint}_{ours}": name.format(s=theirs) for joint, name in limbs.items()}
    return Skeleton(tuple(names.get(n, f"part{chr(97 + k)}") for k, n in enumerate(HUMANOID.names)), HUMANOID.parents, HUMANOID.offsets)


def found(skeleton):
    """Canonical joint -> the canonical joint whose bone was taken for it, of the limbs."""
    joints = map_humanoid(skeleton).joints
    return {name: HUMANOID.names[skeleton.index(bone)] for name, bone in joints.items() if name[-2:] in ("_l", "_r")}


def limbs(*more):
    return {f"{joint}_{side}": f"{joint}_{side}" for side in "lr" for joint in (*ARM, *LEG, *more)}


@pytest.mark.parametrize("scheme", NUMBERED)
def test_limbs_that_are_numbered_are_read_as_chains(scheme):
    assert found(rig(*NUMBERED[scheme])) == limbs()


@pytest.mark.parametrize("scheme", NUMBERED)
@pytest.mark.parametrize("number", [".001", "_2"])
def test_a_number_that_all_bones_share_changes_nothing(scheme, number):
    skeleton = rig(*NUMBERED[scheme])
    assert found(Skeleton(tuple(name + number for name in skeleton.names), skeleton.parents, skeleton.offsets)) == limbs()


@pytest.mark.parametrize("scheme", NUMBERED)
def test_bones_that_are_numbered_one_by_one_are_the_same(scheme):
    skeleton = rig(*NUMBERED[scheme])
    assert found(Skeleton(tuple(f"{name}_{k:02}" for k, name in enumerate(skeleton.names)), skeleton.parents, skeleton.offsets)) == limbs()


def test_a_collar_may_be_the_first_of_its_chain():
    arm, leg = ("{s}_Arm_01", "{s}_Arm_02", "{s}_Arm_03"), ("{s}_Leg_00", "{s}_Leg_01", "{s}_Leg_02")
    assert found(rig(("L", "R"), arm, leg, clavicle="{s}_Arm_00", toe="{s}_Leg_03")) == limbs("clavicle", "toe")


def test_a_collar_of_its_own_name_is_no_part_of_a_chain():
    arm, leg = ("{s}_Arm_00", "{s}_Arm_01", "{s}_Arm_02"), ("{s}_Leg_00", "{s}_Leg_01", "{s}_Leg_02")
    assert found(rig(("L", "R"), arm, leg, clavicle="{s}_Shoulder")) == limbs("clavicle")


def test_a_name_goes_before_a_number():
    # A helper at the elbow that carries nothing, and palms that are numbered below the wrist.
    arm, leg = ("{s}_arm", "{s}_forearm", "{s}_wrist"), ("{s}_thigh", "{s}_shin", "{s}_foot")
    skeleton = rig(("L", "R"), arm, leg)
    extra = ("L_hand_01", "R_hand_01", "L_elbow", "R_elbow")
    above = ("L_wrist", "R_wrist", "L_arm", "R_arm")
    grown = Skeleton(
        skeleton.names + extra,
        skeleton.parents + tuple(skeleton.index(name) for name in above),
        np.concatenate([skeleton.offsets, np.zeros((4, 3))]),
    )
    joints = map_humanoid(grown).joints
    assert joints["wrist_l"] == "L_wrist" and joints["elbow_r"] == "R_forearm"


def test_one_bone_for_a_whole_arm_is_none():
    with pytest.raises(SkeletonError, match="elbow_l"):
        map_humanoid(rig(("L", "R"), ("{s}_arm1", "{s}_partx", "{s}_party"), ("{s}_leg1", "{s}_leg2", "{s}_foot")))
