"""Edits that ask for more, or may touch less: two muscles at once, some of the frames, one part of the body.

Every muscle of every clip at every scale, in each of `WAYS`, beside the plain edit of one muscle on the same clips. Two encoders judge:
the model's own and one that did not make the edit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.edit import EditResult, prepare_edit
from agonist.edit_goal import reached_log2
from agonist.edit_joints import EDIT_JOINTS
from agonist.edit_protocol import SCALES, with_joints
from agonist.edit_scope import PARTS, all_but
from agonist.humanoid import HumanoidMap
from agonist.model import Model
from agonist.motion import Keypoints, Motion
from agonist.predict import predict

__all__ = ["WAYS", "evaluate_scopes"]

# The other muscle of a limb.
_PARTNERS = {"quadriceps": "hamstrings", "hamstrings": "quadriceps", "latissimus": "biceps", "biceps": "latissimus"}
_LIMBS = {"quadriceps": "legs", "hamstrings": "legs", "latissimus": "arms", "biceps": "arms"}


@dataclass(frozen=True)
class _Request:
    """An edit: factors by muscle, [first, last) frames or all, locked parts."""

    scales: Mapping[str, float]
    frames: tuple[int, int] | None = None
    locked: tuple[str, ...] = ()


def _alone(muscle: str, scale: float, count: int) -> _Request:
    return _Request({muscle: scale})


def _with_partner(muscle: str, scale: float, count: int) -> _Request:
    return _Request({muscle: scale, _partner(muscle): scale})


def _against_partner(muscle: str, scale: float, count: int) -> _Request:
    return _Request({muscle: scale, _partner(muscle): 1 / scale})


def _middle(muscle: str, scale: float, count: int) -> _Request:
    return _Request({muscle: scale}, frames=(count // 4, count - count // 4))


def _own_limbs(muscle: str, scale: float, count: int) -> _Request:
    return _Request({muscle: scale}, locked=all_but((_LIMBS[muscle[:-2]],)))


WAYS: Mapping[str, Callable[[str, float, int], _Request]] = {
    "one muscle": _alone,
    "the limb's other muscle alike": _with_partner,
    "the limb's other muscle the other way": _against_partner,
    "the middle half of the frames": _middle,
    "only its own limbs may move": _own_limbs,
}


def evaluate_scopes(
    clips: Mapping[str, Motion | Keypoints], model: Model, judges: Sequence[Model], *, progress: Callable[[float], None] | None = None
) -> dict[str, Any]:
    """Edit every muscle of mia8 in every clip by every factor of `SCALES`, in all WAYS.

    Args:
        clips: motions on a skeleton.
        model: has an editor, and the muscles of mia8.
        judges: whose encoders predict the result.

    Returns:
        a document; by way: edits, and by judge the share of asked muscles that went the right way, their median miss in log2, and the
        root mean square change of the others (fraction of maximal activation); metres moved, the share out of reach, and the most that
        changed where nothing may (metres of the root, radians of a joint).

    Raises:
        MotionError: a clip is keypoints, which have no joints to turn.
    """
    names = [name for name in model.contract.muscles.names if name[:-2] in _PARTNERS]
    rows: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    done, total = 0, len(clips) * len(WAYS) * len(names) * len(SCALES)
    for clip in with_joints(clips).values():
        session = prepare_edit(clip, model=model)
        originals = {judge.name: predict(clip, model=judge).values for judge in judges}
        for way, request_of in WAYS.items():
            for name in names:
                for scale in SCALES:
                    request = request_of(name, scale, len(clip))
                    result = session.edit(dict(request.scales), request.frames, locked=request.locked)
                    judged = {one.name: _judged(one, result, originals[one.name], request.scales) for one in judges}
                    rows[way].append({
                        "judges": judged, "distance_m": result.distance_mean_m, "untouched": _changed(clip, result, session.hmap),
                        "out_of_reach": np.mean([one.out_of_reach for one in result.outcomes if one.is_asked]),
                    })  # fmt: skip
                    done += 1
                    if progress:
                        progress(done / total)
    return {way: _summary(said) for way, said in rows.items()}


def _partner(muscle: str) -> str:
    return _PARTNERS[muscle[:-2]] + muscle[-2:]


def _judged(judge: Model, result: EditResult, before: NDArray[np.float64], scales: Mapping[str, float]) -> dict[str, Any]:
    """What a judge says of an edit inside its frames: misses (log2) and directions of the asked muscles, drift of the others."""
    inside = slice(*result.frames)
    after, before = predict(result.motion, model=judge).values[inside], before[inside]
    muscles = judge.contract.muscles.names
    reached = reached_log2(before, after)
    asked = {muscles.index(name): np.log2(scale) for name, scale in scales.items()}
    others = [k for k in range(len(muscles)) if k not in asked]
    return {
        "right": [float(reached[k] * wanted > 0) for k, wanted in asked.items()],
        "miss": [abs(reached[k] - wanted) for k, wanted in asked.items()],
        "square": float(((after - before)[:, others] ** 2).mean()),
    }


def _changed(clip: Motion, result: EditResult, hmap: HumanoidMap) -> float:
    """The most that changed where nothing may: outside the frames, and of locked joints; metres or radians."""
    first, last = result.frames
    outside = np.ones(len(clip), dtype=bool)
    outside[first:last] = False
    turned = np.abs(result.motion.rotations_parent_from_joint - clip.rotations_parent_from_joint).max(axis=-1)
    moved = np.abs(result.motion.root_position - clip.root_position).max(axis=-1)
    locked = {joint for part in result.parameters["locked"] for joint in PARTS[part] if joint in EDIT_JOINTS}
    rows = [clip.skeleton.names.index(hmap[joint]) for joint in locked if joint in hmap]
    held = [turned[:, rows].max(initial=0.0), moved.max(initial=0.0) if "pelvis" in locked else 0.0]
    return float(max(turned[outside].max(initial=0.0), moved[outside].max(initial=0.0), *held))


def _summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    judges = {}
    for name in rows[0]["judges"]:
        said = [row["judges"][name] for row in rows]
        judges[name] = {
            "right_share": float(np.mean([one for row in said for one in row["right"]])),
            "miss_log2_median": float(np.median([one for row in said for one in row["miss"]])),
            "drift": float(np.sqrt(np.mean([row["square"] for row in said]))),
        }
    return {
        "edits": len(rows), "judges": judges, "distance_m": float(np.mean([row["distance_m"] for row in rows])),
        "out_of_reach": float(np.mean([row["out_of_reach"] for row in rows])),
        "untouched_max": float(np.max([row["untouched"] for row in rows])),
    }  # fmt: skip
