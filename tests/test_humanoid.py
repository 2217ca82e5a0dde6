"""Who is who in a skeleton, and its keypoints."""

from dataclasses import replace

import numpy as np
import pytest

from agonist.errors import MotionError, SkeletonError, UnknownNameError
from agonist.humanoid import (
    CANONICAL_JOINTS,
    HUMANOID,
    body25_from_keypoints,
    body25_from_motion,
    body_height_m,
    map_humanoid,
    scaled_to_height,
)
from agonist.keypoint_layouts import BODY25, LAYOUTS, keypoint_layout
from agonist.motion import Keypoints
from agonist.skeleton import Skeleton
from tests.clips import exercise

CONVENTIONS = {
    "mixamo": (
        "mixamorig:{S}UpLeg",
        "mixamorig:{S}Leg",
        "mixamorig:{S}Foot",
        "mixamorig:{S}Arm",
        "mixamorig:{S}ForeArm",
        "mixamorig:{S}Hand",
        ("Left", "Right"),
    ),
    "unreal": ("thigh_{S}", "calf_{S}", "foot_{S}", "upperarm_{S}", "lowerarm_{S}", "hand_{S}", ("l", "r")),
    "rigify": ("DEF-thigh.{S}", "DEF-shin.{S}", "DEF-foot.{S}", "DEF-upper_arm.{S}", "DEF-forearm.{S}", "DEF-hand.{S}", ("L", "R")),
    "smpl": ("{S}_Hip", "{S}_Knee", "{S}_Ankle", "{S}_Shoulder", "{S}_Elbow", "{S}_Wrist", ("L", "R")),
    "cmu": ("{S}femur", "{S}tibia", "{S}foot", "{S}humerus", "{S}radius", "{S}hand", ("l", "r")),
    "vrm": (
        "J_Bip_{S}_UpperLeg",
        "J_Bip_{S}_LowerLeg",
        "J_Bip_{S}_Foot",
        "J_Bip_{S}_UpperArm",
        "J_Bip_{S}_LowerArm",
        "J_Bip_{S}_Hand",
        ("L", "R"),
    ),
}


def _renamed(convention: str) -> Skeleton:
    *names, sides = CONVENTIONS[convention]
    table = {}
    for side, word in zip("lr", sides, strict=True):
        for part, name in zip(("hip", "knee", "ankle", "shoulder", "elbow", "wrist"), names, strict=True):
            table[f"{part}_{side}"] = name.format(S=word)
    return Skeleton(tuple(table.get(n, f"bone{k}") for k, n in enumerate(HUMANOID.names)), HUMANOID.parents, HUMANOID.offsets)


def test_the_standard_humanoid_knows_itself():
    assert dict(map_humanoid(HUMANOID).joints) == {name: name for name in CANONICAL_JOINTS}
    assert body_height_m(HUMANOID, map_humanoid(HUMANOID)) == pytest.approx(1.75)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_usual_names_are_recognised(convention):
    skeleton = _renamed(convention)
    hmap = map_humanoid(skeleton)
    for part in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist"):
        for side in "lr":
            assert skeleton.index(hmap[f"{part}_{side}"]) == HUMANOID.index(f"{part}_{side}")
    assert skeleton.index(hmap["pelvis"]) == 0


def test_what_is_missing_is_named():
    skeleton = Skeleton(("a", "b"), (-1, 0), np.zeros((2, 3)))
    with pytest.raises(SkeletonError, match=r"hip_l.*joints are: a, b"):
        map_humanoid(skeleton)


def test_given_joints_must_exist():
    with pytest.raises(UnknownNameError, match="no_such_bone"):
        map_humanoid(HUMANOID, {"hip_l": "no_such_bone"})


def test_keypoints_of_the_rest_pose_face_minus_y_with_feet_on_the_floor():
    motion = exercise("Idle").slice(0, 1)
    hips = body25_from_motion(motion).positions[0]
    # Undo the take's own heading.
    left = hips[BODY25.index("hip_l")] - hips[BODY25.index("hip_r")]
    forward = np.array([left[1], -left[0], 0]) / np.linalg.norm(left[:2])
    nose = hips[BODY25.index("nose")] - hips[BODY25.index("neck")]
    toe = hips[BODY25.index("big_toe_l")] - hips[BODY25.index("heel_l")]
    assert nose @ forward > 0.05
    assert toe @ forward > 0.2
    assert abs(hips[BODY25.index("heel_l"), 2]) < 0.02


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_map_to_body25(name):
    layout = keypoint_layout(name)
    points = np.random.default_rng(0).normal(size=(4, len(layout.names), 3))
    result = body25_from_keypoints(Keypoints(points, layout, 30.0))
    for joint in ("hip_l", "wrist_r", "knee_r"):
        np.testing.assert_array_equal(result.positions[:, BODY25.index(joint)], points[:, layout.index(joint)])


def test_bare_markers_are_refused():
    from agonist.io.markers import marker_layout

    with pytest.raises(MotionError, match="shoulder_l"):
        body25_from_keypoints(Keypoints(np.zeros((2, 2, 3)), marker_layout(("A", "B")), 30.0))


def test_a_body_of_any_unit_is_scaled_to_a_height():
    clip = body25_from_motion(exercise("Idle", 1.0))
    in_centimetres = replace(clip, positions=clip.positions * 100)
    np.testing.assert_allclose(scaled_to_height(in_centimetres, 1.75).positions, clip.positions, rtol=1e-9)
    with pytest.raises(MotionError, match="no length"):
        scaled_to_height(replace(clip, positions=clip.positions * 0), 1.75)
