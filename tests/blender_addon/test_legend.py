"""The legend and the graph stay clear of what Blender draws over the bottom of a view. Places are those of a window of Blender 4.3."""

from types import SimpleNamespace

import pytest

bpy = pytest.importorskip("bpy")

from blender_addon.ui import legend

pytestmark = pytest.mark.blender


def _region(kind, x, y, width, height):
    return SimpleNamespace(type=kind, x=x, y=y, width=width, height=height)


_VIEW = _region("WINDOW", 0, 23, 1300, 850)
_TOOLS = _region("TOOLS", 0, 23, 58, 796)


@pytest.mark.parametrize(
    ("over", "floor"),
    [
        ([], 0),
        ([_region("HUD", 58, 23, 1, 1), _region("ASSET_SHELF", 0, 23, 1, 1), _region("ASSET_SHELF_HEADER", 0, 0, 1, 1)], 0),
        ([_region("HUD", 63, 28, 168, 25)], 30),
        ([_region("HUD", 63, 28, 294, 174)], 179),
        # Not drawn any more.
        ([_region("HUD", 0, 0, 294, 174)], 0),
        ([_region("ASSET_SHELF", 0, 23, 1300, 78), _region("ASSET_SHELF_HEADER", 0, 101, 1300, 25)], 103),
    ],
)
def test_the_floor_of_a_view(over, floor):
    assert legend.view_floor(SimpleNamespace(regions=[_VIEW, _TOOLS, *over]), _VIEW) == floor


def test_legend_and_graph_stand_above_it(character):
    shown = _region("HUD", 63, 28, 168, 25)

    def context(*over):
        preferences = SimpleNamespace(system=SimpleNamespace(ui_scale=1.0))
        return SimpleNamespace(area=SimpleNamespace(regions=[_VIEW, *over]), region=_VIEW, scene=bpy.context.scene, preferences=preferences)

    assert legend.legend_top(context(shown), character) == legend.legend_top(context(), character) + 30
    bpy.context.scene.agonist_legend = False
    assert legend.legend_top(context(shown), character) == legend.legend_top(context(), character) + 30
