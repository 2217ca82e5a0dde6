"""Blender in another language, with new data named in it: what is drawn and rendered is the same."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import images, studio, verbs
from blender_addon.muscles import heatmap, mannequin, skin

pytestmark = pytest.mark.blender


class _Through:
    """Blender's own, but for what is given."""

    def __init__(self, real, **given):
        self.__dict__.update(given, _real=real)

    def __getattr__(self, name):
        return getattr(self._real, name)

    def __iter__(self):
        return iter(self._real)


def _abroad(kind):
    """A collection of bpy.data whose new blocks have nodes with names of no language."""
    real = getattr(bpy.data, kind)

    def new(name):
        made = real.new(name)
        made.use_nodes = True
        for number, node in enumerate(made.node_tree.nodes):
            node.name = f"Knoten {number}"
        return made

    return _Through(real, new=new)


@pytest.fixture(autouse=True)
def translated(monkeypatch):
    """The bpy wheel has no languages, so new nodes are named as Blender with some would name them."""
    abroad = _Through(bpy, data=_Through(bpy.data, materials=_abroad("materials"), worlds=_abroad("worlds")))
    for module in (heatmap, images, mannequin, skin, studio):
        monkeypatch.setattr(module, "bpy", abroad)


def _fed(material):
    """Kinds of the nodes that a material's surface comes from."""
    tree = material.node_tree
    kinds, queue = set(), [tree.get_output_node("ALL")]
    while queue:
        node = queue.pop()
        kinds.add(node.bl_idname)
        queue += [link.from_node for socket in node.inputs for link in socket.links]
    return kinds


def test_muscles_and_mannequin_are_made_and_coloured(rig):
    verbs.build_muscles(rig)
    verbs.predict_armature(rig)
    muscle = heatmap.muscle_objects(rig)["biceps_l"].material_slots[0].material
    assert {"ShaderNodeBsdfPrincipled", "ShaderNodeValToRGB", "ShaderNodeAttribute"} <= _fed(muscle)
    assert len([node for node in muscle.node_tree.nodes if node.bl_idname == "ShaderNodeBsdfPrincipled"]) == 1
    body = bpy.data.materials["Agonist Mannequin"]
    (shader,) = [node for node in body.node_tree.nodes if node.bl_idname == "ShaderNodeBsdfPrincipled"]
    assert shader.inputs["Roughness"].default_value == pytest.approx(0.55)


def test_bare_skin_glows(rig):
    verbs.build_muscles(rig)
    body = mannequin.mannequin_of(rig)
    body.data.materials.clear()
    verbs.glow(rig, [body])
    assert {"ShaderNodeMixShader", "ShaderNodeBsdfPrincipled"} <= _fed(body.material_slots[0].material)


def test_a_studio_is_lit_and_letters_are_written():
    scene = bpy.data.scenes.new("studio")
    positions = np.array([[[0.1, 0.0, 1.0], [-0.1, 0.0, 1.0], [0.0, 0.0, 1.7]]] * 9)
    studio.set_studio(scene, positions, (0, 1), ["biceps_l"], 30.0, 0.0)
    assert "ShaderNodeBsdfDiffuse" in _fed(scene.objects["Floor"].data.materials[0])
    (background,) = [node for node in scene.world.node_tree.nodes if node.bl_idname == "ShaderNodeBackground"]
    assert background.inputs["Strength"].default_value == pytest.approx(0.30) and background.outputs[0].links
    assert _fed(images._ink((1.0, 0.0, 0.0))) == {"ShaderNodeOutputMaterial", "ShaderNodeEmission"}
