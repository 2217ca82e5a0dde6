"""Preferences: what new rigs begin with, and where to read on."""

from __future__ import annotations

import os

import bpy

from agonist.default_models import DEFAULT_MODEL
from agonist.errors import AgonistError, ModelNotFoundError
from agonist.model import load_model

from .muscles.colours import COLOUR_MAPS

__all__ = ["AgonistPreferences", "begin_with_preferences", "model_place", "preferences", "register", "unregister"]


_CACHE = "AGONIST_CACHE"
# What the environment said before the preference did.
_before: dict[str, str | None] = {}


def _cache_moved(settings: AgonistPreferences, context: bpy.types.Context) -> None:
    # The core reads it where it fetches something.
    if settings.cache_folder:
        _before.setdefault(_CACHE, os.environ.get(_CACHE))
        os.environ[_CACHE] = bpy.path.abspath(settings.cache_folder)
    else:
        _cache_back()


def _cache_back() -> None:
    """The cache folder that there was without the preference."""
    if _CACHE in _before:
        before = _before.pop(_CACHE)
        os.environ.pop(_CACHE, None)
        if before is not None:
            os.environ[_CACHE] = before


class AgonistPreferences(bpy.types.AddonPreferences):
    """Of this user, for every file."""

    bl_idname = __package__

    model: bpy.props.StringProperty(
        name="Model",
        description="The model that new rigs are predicted with: a shipped model's name or a model folder",
        default=DEFAULT_MODEL,
    )
    colour_map: bpy.props.EnumProperty(
        name="Colours", description="What relaxed and flexed muscles look like on new rigs", default="PAPER",
        items=[(name, label, told) for name, (label, told, _) in COLOUR_MAPS.items()],
    )  # fmt: skip
    cache_folder: bpy.props.StringProperty(
        name="Cache Folder", description="Where fetched files are kept; the user's own cache folder if empty", subtype="DIR_PATH",
        update=_cache_moved,
    )  # fmt: skip
    capture_command: bpy.props.StringProperty(
        name="Capture Program", subtype="FILE_PATH",
        description="The agonist program, or a Python that has agonist[capture], for motion from videos; the one found if empty",
    )  # fmt: skip
    docs_link: bpy.props.StringProperty(
        name="Documentation", description="A page that the Help button offers to open, such as your studio's own guide"
    )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        for name in ("model", "colour_map", "cache_folder", "capture_command", "docs_link"):
            layout.prop(self, name)
        layout.operator("agonist.help", icon="HELP")


def preferences() -> AgonistPreferences | None:
    """The user's preferences; None where the add-on runs without being installed."""
    entry = bpy.context.preferences.addons.get(__package__)
    return entry.preferences if entry else None


def begin_with_preferences(armature: bpy.types.Object) -> None:
    """Give a rig the user's model and colours, where it has none of its own yet, or a model that is not there any more."""
    chosen, props = preferences(), armature.agonist
    if chosen is None:
        return
    for name in ("model", "colour_map"):
        is_own = props.is_property_set(name) and not (name == "model" and _is_gone(props.model))
        if not is_own and getattr(props, name) != getattr(chosen, name):
            setattr(props, name, getattr(chosen, name))


def model_place(model: str) -> str:
    """What the core is to open for a rig's model: Blender alone knows where a path beside the .blend leads."""
    return bpy.path.abspath(model) if model.startswith("//") else model


def _is_gone(model: str) -> bool:
    try:
        load_model(model_place(model))
    except ModelNotFoundError:
        return True
    except AgonistError:
        # It is there, and what is wrong with it is told.
        return False
    return False


def register() -> None:
    bpy.utils.register_class(AgonistPreferences)
    chosen = preferences()
    if chosen is not None:
        _cache_moved(chosen, bpy.context)


def unregister() -> None:
    _cache_back()
    bpy.utils.unregister_class(AgonistPreferences)
