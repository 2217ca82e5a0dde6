"""Activation curves that an animator draws: F-curves of custom properties on a helper object, in the Graph Editor.

The helper is an Empty on the armature with an action of its own, so the source action is never touched, and undo, save and
reload keep what was drawn. For each muscle it has three curves: the one to draw, the same as it was before (locked), and, after
an edit, what was reached (locked). What counts is the drawn curve against the one before, so that a curve that was left alone
asks nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace

import bpy
import numpy as np

from agonist.activation import Activation
from agonist.edit_goal import scales_of_curves
from agonist.errors import MotionError, UnknownNameError
from agonist.keyframes import key_frames

from .beside import link_beside
from .compat import assign_action, ensure_fcurve, fcurves_of, playing_action, remove_fcurve
from .curve_keys import write_keys
from .rig.keys import curve_values
from .translate import rpt

__all__ = [
    "clear_curves", "curves_object", "draw_curves", "drawn_muscles", "drawn_scales", "drawn_stamp", "is_redrawn", "write_reached"
]  # fmt: skip

_KEY = "agonist_curves"
# What the drawn curves were when the recommended motion was made from them.
_MADE_FROM = "agonist_made_from"
# A drawn curve starts with keys that are this near to the prediction: few enough to grab, as a share of the peak, and at least.
_NEAR, _NEAREST = 0.04, 0.01
_BEFORE, _REACHED = " before", " reached"
_COLOURS = {"": (1.0, 0.45, 0.1), _BEFORE: (0.55, 0.55, 0.55), _REACHED: (0.25, 0.65, 1.0)}


def curves_object(armature: bpy.types.Object) -> bpy.types.Object | None:
    """The helper that holds the curves drawn for the source action, if there is one."""
    source = armature.agonist.source_action
    return next((child for child in armature.children if source is not None and child.get(_KEY) == source), None)


def _labels(armature: bpy.types.Object) -> dict[str, str]:
    return {slider.name: slider.label for slider in armature.agonist.sliders}


def _path(label: str) -> str:
    return f'["{bpy.utils.escape_identifier(label)}"]'


def _curves(helper: bpy.types.Object) -> dict[str, bpy.types.FCurve]:
    """Property path -> curve."""
    action = playing_action(helper)
    return {curve.data_path: curve for curve in fcurves_of(helper, action)} if action else {}


def drawn_muscles(armature: bpy.types.Object) -> list[str]:
    """Muscles that have a curve to draw, in the order of the sliders."""
    helper = curves_object(armature)
    if helper is None:
        return []
    curves = _curves(helper)
    return [name for name, label in _labels(armature).items() if _path(label) in curves and _path(label + _BEFORE) in curves]


def draw_curves(armature: bpy.types.Object, original: Activation, first_frame: int, muscles: Sequence[str]) -> bpy.types.Object:
    """Give muscles a curve to draw; those that have one keep it.

    Args:
        armature: whose muscles they are.
        original: as predicted, one row a scene frame.
        first_frame: scene frame of its first row.
        muscles: names of sliders. Raises UnknownNameError, MotionError before a prediction.
    """
    labels = _labels(armature)
    for name in muscles:
        if name not in labels:
            raise UnknownNameError("muscle", name, labels)
    if armature.agonist.source_action is None:
        raise MotionError(rpt("There is no activation to draw yet; press Predict first."))
    helper = curves_object(armature) or _new_helper(armature)
    action = _action_of(helper)
    is_older = is_redrawn(armature)
    drawn = drawn_muscles(armature)
    for name in muscles:
        if name not in drawn:
            values = original.column(name)
            keys = key_frames(values, max(_NEAR * values.max(), _NEAREST))
            for suffix in ("", _BEFORE):
                curve = _new_curve(helper, action, labels[name], suffix)
                write_keys(curve, first_frame + keys, values[keys])
                for point in curve.keyframe_points:
                    point.interpolation, point.handle_left_type, point.handle_right_type = "BEZIER", "AUTO_CLAMPED", "AUTO_CLAMPED"
                curve.update()
    if not is_older:
        # New curves ask nothing.
        helper[_MADE_FROM] = drawn_stamp(armature)
    return helper


def _new_helper(armature: bpy.types.Object) -> bpy.types.Object:
    source = armature.agonist.source_action
    helper = bpy.data.objects.new(f"{armature.name} activation", None)
    helper.empty_display_size, helper.hide_render = 0.05, True
    helper.parent = armature
    helper[_KEY] = source
    link_beside(helper, armature)
    return helper


def _action_of(helper: bpy.types.Object) -> bpy.types.Action:
    if helper.animation_data is None or helper.animation_data.action is None:
        assign_action(helper, bpy.data.actions.new(f"{helper[_KEY].name} | activation curves"))
    return helper.animation_data.action


def _new_curve(helper: bpy.types.Object, action: bpy.types.Action, label: str, suffix: str) -> bpy.types.FCurve:
    name = label + suffix
    if name not in helper:
        helper[name] = 0.0
        told = {"": "draw it as it shall be", _BEFORE: "as predicted", _REACHED: "what the edit reached"}[suffix]
        helper.id_properties_ui(name).update(min=0.0, max=1.0, description=f"Share of maximal activation: {told}")
    curve = ensure_fcurve(helper, action, _path(name), group=label)
    curve.lock = bool(suffix)
    curve.color_mode, curve.color = "CUSTOM", _COLOURS[suffix]
    return curve


def drawn_scales(armature: bpy.types.Object, original: Activation, first_frame: int) -> dict[str, np.ndarray]:
    """Muscle -> (T,) factors that its drawn curve asks for; a muted curve and one that was left alone ask nothing."""
    muscles = drawn_muscles(armature)
    if not muscles:
        return {}
    curves, labels = _curves(curves_object(armature)), _labels(armature)
    frames = np.arange(first_frame, first_frame + len(original))
    before, wanted = np.array(original.values), np.array(original.values)
    for name in muscles:
        drawn, column = curves[_path(labels[name])], original.muscles.index(name)
        if not drawn.mute:
            for values, curve in ((wanted, drawn), (before, curves[_path(labels[name] + _BEFORE)])):
                values[:, column] = np.clip(curve_values(curve, frames), 0.0, 1.0)
    scales: dict[str, np.ndarray] = scales_of_curves(replace(original, values=before), replace(original, values=wanted))
    return scales


def write_reached(armature: bpy.types.Object, reached: Activation, first_frame: int) -> None:
    """Show what an edit reached beside the drawn curves."""
    muscles = drawn_muscles(armature)
    if not muscles:
        return
    helper, labels = curves_object(armature), _labels(armature)
    action = _action_of(helper)
    frames = np.arange(first_frame, first_frame + len(reached))
    for name in muscles:
        write_keys(_new_curve(helper, action, labels[name], _REACHED), frames, reached.column(name))
    helper[_MADE_FROM] = drawn_stamp(armature)


def drawn_stamp(armature: bpy.types.Object) -> str:
    """A digest of the drawn curves; empty where none is drawn."""
    muscles = drawn_muscles(armature)
    if not muscles:
        return ""
    curves, labels, digest = _curves(curves_object(armature)), _labels(armature), hashlib.sha256()
    for name in muscles:
        curve = curves[_path(labels[name])]
        digest.update(f"{name} {curve.mute} {curve.extrapolation}".encode())
        for part in ("co", "handle_left", "handle_right"):
            values = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
            curve.keyframe_points.foreach_get(part, values)
            digest.update(values.tobytes())
        digest.update(" ".join(point.interpolation for point in curve.keyframe_points).encode())
    return digest.hexdigest()


def is_redrawn(armature: bpy.types.Object) -> bool:
    """Whether the curves are others than those that the motion was made from."""
    helper = curves_object(armature)
    return helper is not None and drawn_stamp(armature) != helper.get(_MADE_FROM, "")


def clear_curves(armature: bpy.types.Object, muscles: Collection[str] | None = None) -> None:
    """Take away the drawn curves of some muscles, or of all; with the last one the helper goes too."""
    helper = curves_object(armature)
    if helper is None:
        return
    action, labels, is_older = _action_of(helper), _labels(armature), is_redrawn(armature)
    for name in drawn_muscles(armature):
        if muscles is None or name in muscles:
            for suffix in _COLOURS:
                curve = _curves(helper).get(_path(labels[name] + suffix))
                if curve is not None:
                    remove_fcurve(helper, action, curve)
                helper.pop(labels[name] + suffix, None)
    if drawn_muscles(armature):
        if not is_older:
            helper[_MADE_FROM] = drawn_stamp(armature)
    else:
        bpy.data.objects.remove(helper)
        if action.users == 0:
            bpy.data.actions.remove(action)
