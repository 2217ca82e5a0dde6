"""A fresh, empty file before every test; the extension registered once."""

import pytest

bpy = pytest.importorskip("bpy")


@pytest.fixture(scope="session", autouse=True)
def extension():
    import blender_addon

    blender_addon.register()
    yield
    blender_addon.unregister()


@pytest.fixture(autouse=True)
def empty_file(extension):
    bpy.ops.wm.read_factory_settings(use_empty=True)


@pytest.fixture
def squat(tmp_path):
    """A squat of 61 frames as a BVH file."""
    from agonist.io import bvh
    from tests.clips import exercise

    path = tmp_path / "squat.bvh"
    bvh.write(path, exercise("Squat", 2.0, seed=4))
    return path


@pytest.fixture
def rig():
    """A rig that plays a squat of 31 frames, active."""
    from tests.blender_addon import rigs
    from tests.clips import exercise

    armature = rigs.quaternion(exercise("Squat", 1.0, seed=4))
    bpy.context.view_layer.objects.active = armature
    return armature


@pytest.fixture
def character(rig):
    """The rig with a body and the muscles of mia8, predicted."""
    from blender_addon import verbs

    verbs.build_muscles(rig)
    verbs.predict_armature(rig)
    bpy.context.view_layer.update()
    return rig
