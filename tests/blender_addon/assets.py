"""A character in a file of its own, linked into a shot."""

import bpy


def linked(rig, tmp_path):
    """The rig with all that hangs on it in a collection of another file, linked into an empty one."""
    collection = bpy.data.collections.new("Hero")
    bpy.context.scene.collection.children.link(collection)
    for thing in (rig, *rig.children):
        for one in thing.users_collection:
            one.objects.unlink(thing)
        collection.objects.link(thing)
    path = tmp_path / "hero.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(str(path), link=True) as (_, into):
        into.collections = ["Hero"]
    return bpy.data.collections["Hero"]


def overridden(rig, tmp_path):
    """The rig of `linked` as an override, active."""
    override = linked(rig, tmp_path).override_hierarchy_create(bpy.context.scene, bpy.context.view_layer, do_fully_editable=True)
    armature = next(thing for thing in override.all_objects if thing.type == "ARMATURE")
    bpy.context.view_layer.objects.active = armature
    return armature
