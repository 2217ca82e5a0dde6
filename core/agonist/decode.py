"""Decode: muscle activation to the motion of a body that it may come from, at the activation's own frame rate.

Activation says nothing of where somebody is or which way they look, so the answer has neither: keypoints about the middle of the
hips, facing -Y on average. By default it is the one with the least expected error, a mean of the motions that the decoder holds
possible, and so the motion of none of them; each of them can be had as well.
"""

from __future__ import annotations

import numpy as np

from agonist.activation import Activation
from agonist.default_models import DEFAULT_DECODER
from agonist.errors import ContractError, InputError, MotionError
from agonist.keypoint_layouts import BODY25
from agonist.model import Model, load_model
from agonist.motion import Keypoints, interpolate
from agonist.predict import model_times

__all__ = ["PLACE", "decode"]

PLACE = "about the middle of the hips at every frame, facing -Y on average; no place in the room"


def decode(activation: Activation, model: Model | None = None, *, likeliest: int | None = None) -> Keypoints:
    """A body's motion out of activation.

    Args:
        activation: has every muscle of the model, by name, in any order; others are ignored.
        model: a model with a decoder; the shipped one if None.
        likeliest: which of the motions that it may come from, 1 the likeliest; their mean if None.

    Returns:
        BODY_25 in metres, Z up, the middle of the hips near zero and facing -Y on average over each of the model's windows; frames,
        frame rate and start as the activation's. `provenance` says what made it and that it has no place in the room.

    Raises:
        MotionError: a muscle of the model is missing. InputError: the decoder does not know so many motions.
        ContractError: the model has no decoder, one of two dimensions, or does not fit its contract.
    """
    model = model or load_model(DEFAULT_DECODER)
    if model.contract.dimensions != 3:
        raise ContractError(f"{model.folder}: its decoder answers in {model.contract.dimensions} dimensions. Expected 3.")
    wanted, known = model.contract.muscles.names, activation.muscles.names
    missing = [name for name in wanted if name not in known]
    if missing:
        raise MotionError(f"Activation of {', '.join(known)}: no {', '.join(missing)}. Expected {', '.join(wanted)}.")
    values = np.stack([activation.column(name) for name in wanted], axis=1)
    fps = model.contract.fps
    times = model_times(len(activation), activation.fps, fps)
    asked = interpolate(values, activation.fps, times)
    if likeliest is None:
        positions, answer = model.decode(asked), "mean"
    else:
        motions, probabilities = model.decode_hypotheses(asked)
        if not 1 <= likeliest <= len(motions):
            raise InputError(
                f"Likeliest {likeliest}: {model.name} knows {len(motions)} motions for one activation. Expected 1 to {len(motions)}."
            )
        positions = motions[likeliest - 1]
        answer = f"motion {likeliest} of {len(motions)}, probability {probabilities[likeliest - 1]:.2f}"
    return Keypoints(
        interpolate(positions, fps, np.arange(len(activation)) / activation.fps),
        BODY25,
        activation.fps,
        start=activation.start,
        provenance={
            "format": "decoded activation", "model": model.name, "model_version": model.contract.raw.get("version"), "model_fps": fps,
            "activation": activation.reference, "place": PLACE, "answer": answer,
        },
    )  # fmt: skip
