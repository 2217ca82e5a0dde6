"""What the editor is trained for: through the frozen encoder, the muscle does what was asked, and the body stays a body."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agonist.edit_goal import draw_request
from agonist.edit_joints import EDIT_JOINTS
from agonist.feet import planted
from agonist.keypoint_layouts import BODY25
from agonist.networks.editor import Editor
from agonist.networks.geometry import apply_to_keypoints

__all__ = ["direction_score", "draw_scales", "edit_loss", "plants"]

_FOOT = [[BODY25.index(f"{name}_{side}") for name in ("ankle", "heel", "big_toe")] for side in "lr"]
_SOLES = [BODY25.index(f"{name}_{side}") for name in ("heel", "big_toe", "small_toe") for side in "lr"]
# (joint, near, middle, far keypoint) of the hinges.
_HINGES = [
    (EDIT_JOINTS.index(f"{joint}_{side}"), *(BODY25.index(f"{name}_{side}") for name in chain))
    for joint, chain in (("knee", ("hip", "knee", "ankle")), ("elbow", ("shoulder", "elbow", "wrist")))
    for side in "lr"
]
# How much each joint's turn costs: the trunk and the head carry the character's look [ours].
_COST = torch.tensor([{"pelvis": 2.0, "spine": 2.0, "neck": 6.0, "ankle": 1.5}.get(name.split("_")[0], 1.0) for name in EDIT_JOINTS])

# Activation, root mean square over the others, that counts as much as all of a muscle's own work [ours].
_DRIFT = 0.05


def plants(keypoints: NDArray[np.float32], fps: float) -> Tensor:
    """(B, T, 2) how firmly each foot stands in each window, by the same rule that the edit plants feet with."""
    return torch.tensor(np.stack([planted(window.astype(float), fps) for window in keypoints]), dtype=torch.float32)


def draw_scales(batch: int, frames: int, muscles: int, rng: np.random.Generator) -> Tensor:
    """(B, T, M) log2 of what is asked, of `edit_goal.draw_request`, sometimes only in part of the window."""
    asked = np.zeros((batch, frames, muscles), dtype=np.float32)
    for row in asked:
        row[:] = draw_request(muscles, rng)
        if rng.random() < 0.25:
            first, last = np.sort(rng.uniform(-0.3, 1.3, 2)) * frames
            t = np.arange(frames)
            row *= (np.clip((t - first) / 6, 0, 1) * np.clip((last - t) / 6, 0, 1))[:, None].astype(np.float32)
    return torch.tensor(asked)


def _changes(before: Tensor, after: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
    """Loss of the goal, relative to how much each muscle works, and of the drift, so relative and as activation.

    A share of each muscle's own work keeps the quiet ones quiet; the root mean square of all is what a heatmap shows.
    """
    target = torch.clamp(before * torch.exp2(asked), 0.005, 0.95)
    size = 0.03 + before.mean(dim=1, keepdim=True)
    wanted = (asked != 0).float()
    miss = (after - target) / size
    level = ((after - target) * wanted).sum(1) / (wanted.sum(1) + 1e-6) / size[:, 0]
    goal = (miss.abs() * wanted).sum() / (wanted.sum() + 1e-6) + 2 * level.abs().sum() / ((wanted.sum(1) > 0).sum() + 1e-6)
    strayed = (after - before) * (1 - wanted)
    drift = (strayed / size).abs().mean() + (strayed.square().mean(dim=(1, 2)) + 1e-8).sqrt().mean() / _DRIFT
    return goal, drift


def edit_loss(editor: Editor, keypoints: Tensor, asked: Tensor, plant: Tensor) -> Tensor:
    """Goal, drift of the others, planted feet, floor, hinges, size and smoothness of the turns.

    keypoints (B, T, 25, 3), asked (B, T, M), plant (B, T, 2).
    """
    with torch.no_grad():
        before, _ = editor.encoder(keypoints)
    rotvec, root = editor(keypoints, before, asked)
    moved = apply_to_keypoints(keypoints, rotvec, root)
    after, _ = editor.encoder(moved)
    goal, drift = _changes(before, after, asked)
    strayed = (moved - keypoints).square().sum(-1)  # (B, T, 25)
    slide = sum((strayed[:, :, points].mean(-1) * plant[..., side]).mean() for side, points in enumerate(_FOOT))
    floor = keypoints[:, :, _SOLES, 2].amin(dim=(1, 2))[:, None, None]
    sunk = torch.relu(floor - 0.01 - moved[:, :, _SOLES, 2]).square().mean()
    size = (rotvec.square().sum(-1) * _COST.to(rotvec.device)).mean() + 10 * root.square().sum(-1).mean()
    change = torch.cat([rotvec.flatten(2), 3 * root], dim=-1)
    smooth = (change[:, 1:] - change[:, :-1]).square().mean() + 4 * (change[:, 2:] - 2 * change[:, 1:-1] + change[:, :-2]).square().mean()
    return goal + 0.5 * drift + 120 * slide + 200 * sunk + 0.6 * size + 60 * smooth + 2.0 * _hinge_loss(keypoints, rotvec)


def _hinge_loss(keypoints: Tensor, rotvec: Tensor) -> Tensor:
    """Knees and elbows turn about their own axis and do not bend backwards."""
    total = torch.zeros((), device=keypoints.device)
    for joint, near, middle, far in _HINGES:
        upper, lower = keypoints[:, :, middle] - keypoints[:, :, near], keypoints[:, :, far] - keypoints[:, :, middle]
        axis = torch.linalg.cross(upper, lower)
        sine = axis.norm(dim=-1, keepdim=True)
        axis = axis / (sine + 1e-6)
        bend = torch.atan2(sine[..., 0], (upper * lower).sum(-1))
        about = (rotvec[:, :, joint] * axis).sum(-1)
        # A nearly straight limb shows no axis; what cannot be seen is not punished.
        seen = torch.clamp(sine[..., 0] / 0.02, 0, 1)
        off = (rotvec[:, :, joint] - about[..., None] * axis).square().sum(-1)
        total = total + (off * seen).mean() + 5 * (torch.relu(0.03 - bend - about).square() * seen).mean()
    return total


def direction_score(editor: Editor, keypoints: Tensor, plant: Tensor) -> float:
    """Validation: mean loss over each muscle asked alone for half and for one and a half, on fixed windows."""
    scores = []
    for muscle in range(editor.muscles):
        for value in (-1.0, 0.585):
            asked = torch.zeros(*keypoints.shape[:2], editor.muscles, device=keypoints.device)
            asked[..., muscle] = value
            scores.append(float(edit_loss(editor, keypoints, asked, plant)))
    return float(np.mean(scores))
