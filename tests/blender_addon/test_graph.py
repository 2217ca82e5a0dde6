"""The activation graph over the 3D view: what it draws, without a graphics card."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import session, verbs
from blender_addon.muscles.colours import srgb_at
from blender_addon.ui.graph import GraphRow, graph_rows, graph_shapes

pytestmark = pytest.mark.blender


def test_the_graph_shows_the_muscle_that_was_moved_as_predicted_and_as_it_is_now(rig):
    verbs.build_muscles(rig)
    assert graph_rows(rig, "CHOSEN") == []
    verbs.predict_armature(rig)
    rig.agonist.sliders["hamstrings_r"].scale = 1.7
    (row,) = graph_rows(rig, "CHOSEN")
    original = session.live_edit(rig).session.original
    assert row.label == rig.agonist.sliders["hamstrings_r"].label
    np.testing.assert_allclose(row.values["ORIGINAL"], original.column("hamstrings_r"), atol=1e-6)
    assert row.frames[0] == 1 and len(row.frames) == len(original)
    assert row.values["RECOMMENDED"].mean() > 1.05 * row.values["ORIGINAL"].mean()
    assert row.at("ORIGINAL", 3) == pytest.approx(original.column("hamstrings_r")[2], abs=1e-6)
    rig.agonist.groups["biceps"].scale = 1.2
    assert [one.label for one in graph_rows(rig, "CHOSEN")] == [one.label for one in rig.agonist.sides("biceps")]
    assert len(graph_rows(rig, "ALL")) == 8 and graph_rows(rig, "NONE") == []


def test_a_glowing_skin_has_a_graph_without_any_muscle(rig):
    verbs.build_muscles(rig)
    skin = next(child for child in rig.children if "agonist_mannequin" in child)
    for child in list(rig.children):
        if child != skin:
            bpy.data.objects.remove(child)
    verbs.predict_armature(rig)
    assert graph_rows(rig, "ALL") == []
    verbs.glow(rig, [skin])
    bpy.context.view_layer.update()
    row = graph_rows(rig, "ALL")[0]
    np.testing.assert_allclose(row.values["ORIGINAL"], session.live_edit(rig).session.original.column("quadriceps_l"), atol=1e-6)


def test_muscles_that_borrow_a_value_show_it(rig):
    verbs.build_muscles(rig, muscles="surface24")
    verbs.predict_armature(rig)
    original = session.live_edit(rig).session.original
    rows = graph_rows(rig, "ALL")
    assert [row.label for row in rows] == [slider.label for slider in rig.agonist.sliders]
    for row, name in zip(rows, rig.agonist.sliders.keys(), strict=True):
        np.testing.assert_allclose(row.values["ORIGINAL"], original.column(name), atol=1e-6)


def test_the_curve_is_filled_in_the_colours_of_the_heatmap_and_the_other_motion_is_a_line():
    frames = np.arange(1.0, 12.0)
    row = GraphRow("x", frames, {"ORIGINAL": np.linspace(0, 0.5, 11), "RECOMMENDED": np.full(11, 0.25)})
    triangles, colours, lines, _ = graph_shapes([row], "ORIGINAL", 6.0, "VIRIDIS", 0.5, (10.0, 20.0, 100.0, 40.0, 3.0))
    # The back, then ten steps of two triangles.
    assert triangles.shape == (6 + 60, 2) and colours.shape == (66, 4)
    filled = triangles[6:]
    assert filled[:, 0].min() == 10 and filled[:, 0].max() == 110 and filled[:, 1].min() == 20 and filled[:, 1].max() == 60
    top = filled[:, 1].argmax()
    np.testing.assert_allclose(colours[6 + top, :3], srgb_at("VIRIDIS", np.array(1.0)), atol=1e-6)
    # The other motion lies level at half the height; the current frame stands in the middle.
    np.testing.assert_allclose(lines[:-2, 1], 40)
    np.testing.assert_allclose(lines[-2:], [[60, 20], [60, 60]])
    outside = graph_shapes([row], "ORIGINAL", 99.0, "VIRIDIS", 0.5, (10.0, 20.0, 100.0, 40.0, 3.0))[2]
    assert len(outside) == len(lines) - 2


def test_rows_lie_below_one_another_and_long_clips_stay_cheap():
    frames = np.arange(1.0, 5001.0)
    rows = [GraphRow(str(k), frames, {"ORIGINAL": np.full(5000, 0.1 * k)}) for k in range(3)]
    triangles, _, lines, inks = graph_shapes(rows, "RECOMMENDED", 1.0, "PAPER", 0.2, (0.0, 0.0, 100.0, 10.0, 2.0))
    assert len(lines) < 3 * 2 * 140 and len(lines) == len(inks)
    assert sorted({float(y) for y in triangles[:, 1]}) == [0, 10, 12, 22, 24, 34]
    # The first muscle is the uppermost row.
    assert lines[-4, 1] == pytest.approx(24.0)
