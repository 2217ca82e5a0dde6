"""What the panels say, drawn without a window."""

from types import SimpleNamespace

import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import verbs
from blender_addon.ui.panel import AGONIST_PT_main
from blender_addon.ui.results_panel import AGONIST_PT_results

pytestmark = pytest.mark.blender


class _Layout:
    """Writes down what is said and drawn on it, and on what it holds."""

    def __init__(self, said):
        self.said = said

    def __getattr__(self, name):
        def drawn(*args, text="", **settings):
            self.said.append(text or (args[-1] if name in ("operator", "prop") else ""))
            return _Layout(self.said)

        return drawn


def _said(panel):
    bpy.context.view_layer.update()
    shading = SimpleNamespace(type="SOLID", color_type="OBJECT")
    context = SimpleNamespace(
        active_object=bpy.context.view_layer.objects.active, view_layer=bpy.context.view_layer, scene=bpy.context.scene,
        region=SimpleNamespace(width=4000), preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)),
        space_data=SimpleNamespace(shading=shading),
    )  # fmt: skip
    said = []
    panel.draw(SimpleNamespace(layout=_Layout(said)), context)
    return "\n".join(said)


def test_a_prediction_that_nothing_shows_says_how_to_see_it(rig):
    assert "Predicted" not in _said(AGONIST_PT_main)
    verbs.predict_armature(rig)
    assert "add muscles" in _said(AGONIST_PT_main)
    verbs.build_muscles(rig)
    assert "add muscles" not in _said(AGONIST_PT_main) and "Rebuild Muscles" in _said(AGONIST_PT_main)


def test_a_result_that_was_changed_by_hand_is_named_beside_the_one_that_took_its_place(character):
    character.agonist.sliders["quadriceps_r"].scale = 1.5
    assert "by hand" not in _said(AGONIST_PT_results)
    character.pose.bones["knee_l"].keyframe_insert("location", frame=10)
    for scale in (1.6, 1.7):
        character.agonist.sliders["quadriceps_r"].scale = scale
        assert "'rig (quadriceps_r x1.5)' was changed by hand and is kept beside it" in _said(AGONIST_PT_results)
    bpy.data.actions.remove(bpy.data.actions["rig (quadriceps_r x1.5)"])
    assert "by hand" not in _said(AGONIST_PT_results)
