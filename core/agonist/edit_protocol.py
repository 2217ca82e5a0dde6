"""The edit protocol: 8 muscles x 3 factors x clips that no model was trained on; direction, reach, drift, distance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from agonist.corpus.build import TEST_PEOPLE
from agonist.corpus.exercises import perform
from agonist.corpus.people import PEOPLE
from agonist.edit import prepare_edit
from agonist.errors import MotionError
from agonist.model import Model
from agonist.motion import Keypoints, Motion

__all__ = ["SCALES", "evaluate_edits", "held_out_clips", "with_joints"]

SCALES = (0.5, 1.5, 2.0)
# Fixed before any model was trained; the performers are those that the corpus keeps for testing, the seed is no corpus's.
_EXERCISES = ("Squat", "FrontKick", "HookPunch", "SideLunges", "Running", "LegBack", "JumpingJack", "Row", "Walk", "SlowSkater")
_SEED = 20_261_121


def held_out_clips(seconds: float = 5.0) -> dict[str, Motion]:
    """Ten parametric clips by the people kept for testing, with a seed that no corpus uses."""
    heights = {person.name: person.height_m for person in PEOPLE}
    clips = {}
    for index, name in enumerate(_EXERCISES):
        person = TEST_PEOPLE[index % len(TEST_PEOPLE)]
        clips[f"{name} ({person})"] = perform(name, seconds, heights[person], np.random.default_rng(_SEED + index))
    return clips


def with_joints(clips: Mapping[str, Motion | Keypoints]) -> dict[str, Motion]:
    """The clips, all of them motions on a skeleton. Raises MotionError for keypoints, which have no joints to turn."""
    motions = {}
    for label, clip in clips.items():
        if not isinstance(clip, Motion):
            raise MotionError(f"{label}: keypoints without joint rotations. Expected a motion on a skeleton, such as a BVH file.")
        motions[label] = clip
    return motions


def evaluate_edits(
    clips: Mapping[str, Motion | Keypoints], model: Model, *, progress: Callable[[float], None] | None = None
) -> dict[str, Any]:
    """Edit every muscle of every clip by every factor.

    Returns:
        a document with, a muscle: how many clips went the right way and the mean factor reached, at each scale.

    Raises:
        MotionError: a clip is keypoints, which have no joints to turn.
    """
    names = model.contract.muscles.names
    right = {name: {str(scale): 0 for scale in SCALES} for name in names}
    reached: dict[str, dict[str, list[float]]] = {name: {str(scale): [] for scale in SCALES} for name in names}
    drift, distance, slide = [], [], []
    done, total = 0, len(clips) * len(names) * len(SCALES)
    for clip in with_joints(clips).values():
        session = prepare_edit(clip, model=model)
        for name in names:
            for scale in SCALES:
                result = session.edit({name: scale})
                outcome = next(one for one in result.outcomes if one.muscle == name)
                right[name][str(scale)] += int((outcome.reached - 1) * (scale - 1) > 0)
                reached[name][str(scale)].append(outcome.reached)
                drift.append(result.drift)
                distance.append(result.distance_mean_m)
                slide.append(result.foot_slide_m)
                done += 1
                if progress:
                    progress(done / total)
    return {
        "clips": len(clips), "names": list(clips), "model": model.name, "data": "activation predicted by the model itself",
        "muscles": {name: {"right": right[name], "reached": {s: float(np.mean(v)) for s, v in reached[name].items()}} for name in names},
        "right_share": sum(sum(row.values()) for row in right.values()) / total,
        "drift": float(np.mean(drift)), "distance_mean_m": float(np.mean(distance)), "foot_slide_max_m": float(np.max(slide)),
    }  # fmt: skip
