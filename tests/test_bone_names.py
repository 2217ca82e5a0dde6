"""Bone maps against the names of real rigs. `bone_names` has them as public sources tell them, and what each bone is: not from our maps."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from agonist.bone_map import JOINT_PARENTS, NEEDED_JOINTS, IkControls, RigFit, bone_maps, detect_rig, fit_rig
from agonist.humanoid import map_humanoid
from agonist.skeleton import Skeleton

FOLDER = Path(__file__).parent / "bone_names"
RIGS = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.toml"))}


def sided(table, sides):
    """{"hip": "thigh_{s}"} to {"hip_l": "thigh_l", "hip_r": "thigh_r"}."""
    rows = {}
    for joint, bone in table.items():
        if joint in JOINT_PARENTS:
            rows[joint] = bone
        else:
            rows |= {f"{joint}_{ours}": bone.replace("{s}", theirs) for ours, theirs in zip("lr", sides, strict=True)}
    return rows


def check(fit, rig, name=lambda bone: bone):
    """What was found is the source's family, with its own bone at every joint."""
    assert fit is not None and fit.name == rig["family"]
    for title in ("joints", "deform", "controls"):
        expected = {joint: name(bone) for joint, bone in sided(rig.get(title, {}), rig["sides"]).items()}
        assert dict(getattr(fit, title)) == expected, title
    for end, bones in rig.get("ik", {}).items():
        for ours, theirs in zip("lr", rig["sides"], strict=True):
            assert fit.ik[f"{end}_{ours}"] == IkControls(*(name(bone.replace("{s}", theirs)) for bone in bones))
    assert len(fit.ik) == 2 * len(rig.get("ik", {}))


def recognised(bones):
    """The map that fits, or, under an empty name, what usual names and the hierarchy tell."""
    if fit := detect_rig(bones):
        return fit
    order = sorted(bones, key=lambda bone: depth(bones, bone))
    parents = tuple(order.index(bones[bone]) if bones[bone] else -1 for bone in order)
    return RigFit("", map_humanoid(Skeleton(tuple(order), parents, np.zeros((len(order), 3)))).joints, {}, {}, {}, 0.0, 0)


def depth(bones, bone):
    return 1 + depth(bones, bones[bone]) if bones[bone] else 0


def renamed(bones, name):
    changed = {name(bone): above and name(above) for bone, above in bones.items()}
    assert len(changed) == len(bones)
    return changed


def test_every_family_has_a_source():
    # Those without a family are known by usual names.
    assert {rig["family"] for rig in RIGS.values()} == {one.name for one in bone_maps()} | {""}
    assert all(rig["source"] for rig in RIGS.values())


@pytest.mark.parametrize("key", RIGS)
def test_what_is_written_of_a_source_is_whole(key):
    rig = RIGS[key]
    joints = set(sided(rig["joints"], rig["sides"]))
    assert joints == set(JOINT_PARENTS) - set(sided(dict.fromkeys(rig.get("without", []), ""), rig["sides"]))
    assert joints >= {"pelvis", *NEEDED_JOINTS} and set(sided(rig["joints"], rig["sides"]).values()) <= set(rig["bones"])
    assert {above for above in rig["bones"].values() if above} <= set(rig["bones"])


@pytest.mark.parametrize("key", RIGS)
def test_a_real_rig_is_found_with_its_own_bones(key):
    check(recognised(RIGS[key]["bones"]), RIGS[key])


def suffixed(bone):
    """github.com/Diffeomorphic/import_daz rig_utils.py, getSuffixName: "lThighBend" to "thighBend.L", "l_thigh" to "thigh.L"."""
    found = re.match(r"([lr])(?:_|(?=[A-Z]))(.)(.*)", bone)
    return f"{found[2].lower()}{found[3]}.{found[1].upper()}" if found else bone


def symmetrised(bone):
    """github.com/saturday06/VRM-Addon-for-Blender vroid_mapping.py: "J_Bip_L_Foot" to "Foot_L", "J_Bip_C_Hips" to "Hips"."""
    bare = re.sub(r"^J_(Adj|Bip|Opt|Sec)_([CLR]_)?", "", bone)
    side = re.match(r"J_[A-Z][a-z]+_([LR])_", bone)
    return f"{bare}_{side[1]}" if side else bare


def converted(delimiter):
    """MMD Tools' utils.py, convertNameToLR: "左腕" to "腕.L"."""
    return lambda bone: re.sub("^(.*)([左右])(.*)$", lambda m: f"{m[1]}{m[3]}{delimiter}{'L' if m[2] == '左' else 'R'}", bone)


def instead(old, new):
    return lambda bone: bone.replace(old, new)


def behind(prefix):
    return lambda bone: prefix + bone


# Names of the same rigs that differ without meaning it, as sources show them: rig, what becomes of a name, where it is seen.
RENAMED = [
    ("mixamo", instead("mixamorig:", "mixamorig1:"), "a second character from Mixamo in one scene"),
    ("mixamo", instead("mixamorig:", "mixamorig12:"), "the same, further on"),
    ("mixamo", instead("mixamorig:", "mixamorig"), "github.com/Bazouz660/Projet-Hub-Godot scene/player/model/skeleton.gd"),
    ("mixamo", instead("mixamorig:", "mixamorig_"), "public retargeting tools list it beside the colon"),
    ("mixamo", instead("mixamorig:", ""), "github.com/Alerion/blender_mixamo_rig addons/mixamo_rig/definitions/naming.py"),
    ("mixamo", instead("mixamorig:", "Armature|mixamorig:"), "node paths of FBX exporters, as public readers of them cut them off"),
    ("mixamo_mpfb", instead("mixamorig:", "Hero:"), "a namespace of Maya"),
    ("ue5_mannequin", behind("Manny:"), "public Maya scenes that reference Manny"),
    ("metahuman", behind("DHIbody:"), "Epic's Maya scenes of a body"),
    ("smpl_fbx", instead("m_avg_", "f_avg_"), "the female body"),
    ("smpl_fbx", instead("m_avg_", ""), "github.com/edoardocompagnucci/HSyn9DHPE src/utils/skeleton.py"),
    ("cmu_bvh", str.lower, "github.com/Diffeomorphic/retarget-bvh source_rigs/mb.json has all names in lower case"),
    ("mpfb", instead(".", "_"), "public Blender scripts for MakeHuman characters (upperarm01_L)"),
    ("mpfb_no_toes", instead(".", "_"), "the same"),
    ("daz_genesis_3", suffixed, "the importer's command Change Prefix To Suffix"),
    ("daz_genesis_8", suffixed, "the same"),
    ("daz_genesis_9", suffixed, "the same"),
    ("vroid", symmetrised, "the VRM add-on's command Symmetrize VRoid Bone Names"),
    ("mmd", converted("."), "MMD Tools' import in Blender"),
    ("mmd", converted("_"), "the same, with its underscore option"),
    ("biped", instead("Bip001", "Bip01"), "github.com/saturday06/VRM-Addon-for-Blender microsoft_rocketbox_mapping.py"),
    ("biped", instead("Bip001", "Bip02"), "the same"),
    ("biped", instead(" ", "_"), "public animation tools list both"),
    ("character_creator", instead("CC_Base_", ""), "github.com/soupday/cc_blender_tools rigify_mapping_data.py: iClone's export"),
    ("character_creator", instead("CC_Base_BoneRoot", "RL_BoneRoot"), "the same: ActorCore"),
    ("perception_neuron", behind("Character1_"), "public Maya scenes of characters from MotionBuilder"),
    ("perception_neuron", behind("PunkBot_Rigged:Character1_"), "the same, with Maya's namespace"),
    ("rigify", instead("toe_fk.", "toe."), "github.com/soupday/cc_blender_tools rigify_mapping_data.py: before Blender 3.1"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "name", "seen"), RENAMED, ids=[f"{key}-{k}" for k, (key, *_) in enumerate(RENAMED)])
def test_a_real_rig_is_found_by_the_other_names_that_it_goes_by(key, name, seen):
    rig = RIGS[key]
    check(recognised(renamed(rig["bones"], name)), rig, name)


@pytest.mark.parametrize("key", ["ue4_mannequin", "ue5_mannequin"])
def test_unreals_own_root_bone_changes_nothing(key):
    # Blender's FBX importer makes the object of it; glTF and others leave it a bone.
    bones = RIGS[key]["bones"]
    check(detect_rig({"root": ""} | {bone: above or "root" for bone, above in bones.items()}), RIGS[key])


def test_the_simple_manny_without_corrective_bones_is_found():
    corrective = re.compile(r"correctiveRoot|kneeBack|twistCor|_pec_|latissimus|clavicle_out|thigh_out|lowerarm_out|upperarm_out")
    bones = {bone: above for bone, above in RIGS["ue5_mannequin"]["bones"].items() if not corrective.search(bone)}
    check(detect_rig(bones), RIGS["ue5_mannequin"])


def test_an_upper_chest_goes_before_the_chest_in_vrm():
    # The VRM add-on's own armature ends at the chest; its mapping and the VRM specification know an upper chest above it.
    rig = RIGS["vrm_addon"]
    moved = dict.fromkeys(("neck", "shoulder.L", "shoulder.R"), "upper_chest")
    fit = detect_rig(rig["bones"] | {"upper_chest": "chest"} | moved)
    check(fit, rig | {"joints": rig["joints"] | {"chest": "upper_chest"}})


def test_auto_rig_pros_trunk_may_have_more_bones():
    # github.com/boyleo/daz2arp gives chestUpper, which collars and neck hang on, the name spine_04.x.
    rig = RIGS["auto_rig_pro"]
    bones = rig["bones"] | {"c_spine_03.x": "c_spine_02.x", "c_spine_04.x": "c_spine_03.x"}
    bones |= {"spine_03.x": "c_spine_03.x", "spine_04.x": "c_spine_04.x"} | dict.fromkeys(
        ("c_neck.x", "c_shoulder.l", "c_shoulder.r"), "c_spine_04.x"
    )
    chest = {title: rig[title] | {"chest": bone} for title, bone in (("joints", "spine_04.x"), ("controls", "c_spine_04.x"))}
    check(detect_rig(bones), rig | chest)


@pytest.mark.parametrize("number", [".001", ".012"])
@pytest.mark.parametrize("key", RIGS)
def test_a_rig_whose_every_bone_was_numbered_is_found(key, number):
    # A second character of the same names, joined with the first and parted again, or as some importers bring it.
    def name(bone):
        return bone and bone + number

    check(recognised(renamed(RIGS[key]["bones"], name)), RIGS[key], name)


def test_numbers_that_only_some_bones_have_mean_something():
    # Rigify's spine.001 is no copy of a spine that is not there.
    bones = {bone: "" if above == "spine" else above for bone, above in RIGS["rigify_metarig"]["bones"].items() if bone != "spine"}
    assert fit_rig(next(one for one in bone_maps() if one.name == "Rigify meta-rig"), bones).joints.get("pelvis") is None


@pytest.mark.parametrize("key", RIGS)
def test_a_rig_whose_bones_were_numbered_one_by_one_is_found(key):
    # Sketchfab's glTF files: _rootJoint > mixamorig:Hips_01 > mixamorig:Spine_02 (public sources search for both).
    numbers = {bone: f"{bone}_{k + 1:02}" for k, bone in enumerate(RIGS[key]["bones"])}
    bones = {numbers[bone]: numbers.get(above, "_rootJoint") for bone, above in RIGS[key]["bones"].items()} | {"_rootJoint": ""}
    check(recognised(bones), RIGS[key], lambda bone: numbers.get(bone, ""))


@pytest.mark.parametrize(("missing", "pelvis"), [({"腰"}, "グルーブ"), ({"腰", "グルーブ"}, "センター")])
def test_legs_and_trunk_of_mmd_may_hang_on_the_groove_or_the_centre(missing, pelvis):
    rig = RIGS["mmd"]
    bones = {bone: pelvis if above in missing else above for bone, above in rig["bones"].items() if bone not in missing}
    check(recognised(bones), rig | {"joints": rig["joints"] | {"pelvis": pelvis}})


def test_twist_bones_beside_the_limbs_of_auto_rig_pro_are_no_limbs():
    rig = RIGS["auto_rig_pro_exported"]
    twist = {f"{part}_twist.{side}": f"{part}_stretch.{side}" for part in ("thigh", "leg", "arm", "forearm") for side in "lr"}
    check(recognised(rig["bones"] | twist), rig)
