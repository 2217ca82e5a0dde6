"""What all operators share: they need an armature, say why they are grey, and report an error of the core without a traceback."""

from __future__ import annotations

import bpy

from agonist.errors import AgonistError

from ..compat import playing_action, strips_playing
from ..preview import finish_all
from ..rig.playing import follows_others
from ..translate import iface

__all__ = ["AnimatedArmatureOperator", "ArmatureOperator", "EditedOperator", "PredictedOperator", "active_armature", "stay_active"]


def active_armature(context: bpy.types.Context) -> bpy.types.Object | None:
    """The active armature, or the one of the character that was clicked: what deforms the active object, or what it hangs on."""
    # Without a window the context has no screen that knows what is active in it.
    thing = context.active_object if hasattr(context, "active_object") else context.view_layer.objects.active
    while thing is not None and thing.type != "ARMATURE":
        # A rider's skin belongs to the rider, though it may hang on the horse.
        thing = next((one.object for one in thing.modifiers if one.type == "ARMATURE" and one.object is not None), thing.parent)
    return thing


def stay_active(context: bpy.types.Context, armature: bpy.types.Object) -> None:
    """Make the armature the active object where a button has taken away the one that was."""
    if context.view_layer.objects.active is None:
        armature.select_set(True)
        context.view_layer.objects.active = armature


class ArmatureOperator:
    """Mix-in: polls for an armature and turns AgonistError into a report and CANCELLED (no undo step is pushed then)."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        why = cls.why_not(context, active_armature(context))
        if why:
            cls.poll_message_set(iface(why))
        return not why

    @classmethod
    def why_not(cls, context: bpy.types.Context, armature: bpy.types.Object | None) -> str:
        """Why the button is grey, as a sentence for the user; empty if it is not."""
        if armature is None:
            return "Select an armature"
        # What is active is in the view layer; an armature that it hangs on need not be.
        if armature != context.view_layer.objects.active and context.view_layer.objects.get(armature.name) != armature:
            return "This armature is in no collection of the view layer; include its collection in the Outliner first"
        if context.mode not in ("OBJECT", "POSE"):
            return "Switch to Object Mode or Pose Mode first"
        if armature.library is not None:
            return "This armature is linked from another file; make a library override first"
        if armature.animation_data is not None and armature.animation_data.use_tweak_mode:
            return "Leave tweak mode in the NLA Editor first (Tab)"
        return cls.lacks(context, armature)

    @classmethod
    def lacks(cls, context: bpy.types.Context, armature: bpy.types.Object) -> str:
        """What has to be done first with an armature that is at hand, as a sentence for the user; empty if nothing."""
        return ""

    def execute(self, context: bpy.types.Context) -> set[str]:
        finish_all()
        try:
            self.work(context, active_armature(context))
        except AgonistError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class AnimatedArmatureOperator(ArmatureOperator):
    """Mix-in: the armature also has an action."""

    @classmethod
    def lacks(cls, context: bpy.types.Context, armature: bpy.types.Object) -> str:
        why = super().lacks(context, armature)
        if why or playing_action(armature) is not None:
            return why
        if strips_playing(armature):
            return "The motion lies on NLA strips; choose an action in the Action Editor, or bake them with Pose > Animation > Bake Action"
        if follows_others(armature):
            return "Constraints to other objects move this armature; bake them first: Pose > Animation > Bake Action, with Visual Keying"
        return "The armature has no action; import a motion or animate it first"


class PredictedOperator(ArmatureOperator):
    """Mix-in: there is a prediction to work on."""

    @classmethod
    def lacks(cls, context: bpy.types.Context, armature: bpy.types.Object) -> str:
        is_predicted = armature.agonist.sliders and armature.agonist.source_action
        return super().lacks(context, armature) or ("" if is_predicted else "Press Predict first")


class EditedOperator(ArmatureOperator):
    """Mix-in: there is a recommended motion."""

    @classmethod
    def lacks(cls, context: bpy.types.Context, armature: bpy.types.Object) -> str:
        return super().lacks(context, armature) or ("" if armature.agonist.recommended_action else "Move a slider first")
