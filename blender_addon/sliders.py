"""The sliders: one a muscle, and one a group that moves both sides."""

from __future__ import annotations

import bpy

from .live import changed, is_quiet, quiet

__all__ = ["AgonistGroup", "AgonistSlider"]

_RANGE = {"default": 1.0, "min": 0.0, "max": 3.0, "soft_min": 0.0, "soft_max": 3.0, "step": 5, "precision": 2}


def _moved(slider: AgonistSlider, context: bpy.types.Context) -> None:
    """A slider moved: its other side follows if linked, and the motion is made again."""
    if is_quiet():
        return
    props = slider.id_data.agonist
    # The graph follows what is being moved.
    props.active_muscle = slider.group if props.link_sides else slider.name
    if props.link_sides:
        with quiet():
            for other in props.sides(slider.group):
                other.scale = slider.scale
    changed(slider, context)


class AgonistSlider(bpy.types.PropertyGroup):
    """One muscle: what is asked, what was reached."""

    label: bpy.props.StringProperty(name="Label", description="What the panel calls it")
    scale: bpy.props.FloatProperty(
        name="Scale", update=_moved, **_RANGE,
        description="How much this muscle should work: 1 as it does, 2 twice as much; less than a quarter is asked as a quarter",
    )  # fmt: skip
    reached: bpy.props.FloatProperty(
        name="Reached", description="Mean activation after the edit over before, by re-prediction", default=1.0
    )
    before: bpy.props.FloatProperty(name="Before", description="Mean activation before the edit, inside the frame range")
    out_of_reach: bpy.props.BoolProperty(
        name="Out of Reach", description="Less than half of the change that was asked for was reached", default=False
    )

    @property
    def group(self) -> str:
        """The muscle without its side."""
        return self.name[:-2]

    def reset(self) -> None:
        """As it was before anything was asked."""
        self.scale, self.reached, self.out_of_reach = 1.0, 1.0, False


def _get_scale(group: AgonistGroup) -> float:
    sides = group.sides
    return sum(slider.scale for slider in sides) / len(sides) if sides else 1.0


def _set_scale(group: AgonistGroup, scale: float) -> None:
    with quiet():
        for slider in group.sides:
            slider.scale = scale
    group.id_data.agonist.active_muscle = group.name


class AgonistGroup(bpy.types.PropertyGroup):
    """A muscle on both sides. It keeps nothing of its own: its slider shows and sets those of its sides."""

    label: bpy.props.StringProperty(name="Label", description="What the panel calls it")
    scale: bpy.props.FloatProperty(
        name="Scale", description="How much this muscle should work on both sides; where they differ, the mean is shown",
        get=_get_scale, set=_set_scale, update=changed, **_RANGE,
    )  # fmt: skip

    @property
    def sides(self) -> list[AgonistSlider]:
        """The sliders of its sides."""
        return self.id_data.agonist.sides(self.name)

    @property
    def reached(self) -> float:
        """Mean activation of both sides after the edit over before."""
        sides = self.sides
        before = sum(slider.before for slider in sides)
        return sum(slider.reached * slider.before for slider in sides) / before if before > 0 else 1.0

    @property
    def out_of_reach(self) -> bool:
        """Whether a side is out of reach."""
        return any(slider.out_of_reach for slider in self.sides)
