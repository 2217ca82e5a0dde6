"""Editing without an editor: gradient descent through the encoder, on the joints' turns of one clip, for every request anew.

It minimises what the editor was trained to minimise, so it says what the amortised answer gives away for its speed.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agonist.edit_joints import EDIT_JOINTS
from agonist.errors import MotionError
from agonist.networks.editor import MOST_SHIFT, MOST_TURN, SMOOTH_FRAMES, Editor, smoothing_kernel
from agonist.networks.motion_muscle import AgonistEncoder
from agonist.training.editing import edit_loss, plants
from agonist.windows import window_starts

__all__ = ["descend"]

Array = NDArray[np.float64]


class _Turns(nn.Module):
    """Turns of one clip, one set a request, that stand where an editor would; as smooth as the editor's own."""

    smooth: Tensor

    def __init__(self, encoder: AgonistEncoder, requests: int, frames: int, starts: NDArray[np.int64], window: int) -> None:
        super().__init__()
        self.encoder, self.muscles = encoder, 8
        self.rotvec = nn.Parameter(torch.zeros(requests, frames, len(EDIT_JOINTS), 3))
        self.root = nn.Parameter(torch.zeros(requests, frames, 3))
        self.frames = torch.tensor(starts[:, None] + np.arange(window))  # (W, window)
        self.register_buffer("smooth", smoothing_kernel())

    def turns(self) -> tuple[Tensor, Tensor]:
        """(R, T, 13, 3) radians and (R, T, 3) metres, no larger than the editor's own for a factor of four."""
        rotvec, root = (self._smoothed(torch.tanh(one)) for one in (self.rotvec, self.root))
        return 2 * MOST_TURN * rotvec, 2 * MOST_SHIFT * root

    def _smoothed(self, values: Tensor) -> Tensor:
        # As the editor's own; that one writes its padding out for the export, and its gradient then adds in another order.
        series = values.flatten(2).transpose(1, 2)  # (R, C, T)
        padded = nn.functional.pad(series, (SMOOTH_FRAMES // 2, SMOOTH_FRAMES // 2), mode="replicate").flatten(0, 1)[:, None]
        return nn.functional.conv1d(padded, self.smooth).reshape(series.shape).transpose(1, 2).reshape(values.shape)

    def forward(self, keypoints: Tensor, activation: Tensor, log2_scale: Tensor) -> tuple[Tensor, Tensor]:
        rotvec, root = self.turns()
        return rotvec[:, self.frames].flatten(0, 1), root[:, self.frames].flatten(0, 1)  # (R W, window, ...)


def descend(encoder: AgonistEncoder, keypoints: Array, log2_scales: Array, *, steps: int = 60, rate: float = 0.03) -> tuple[Array, Array]:
    """Turns that make muscles work as asked, by Adam.

    Args:
        encoder: of `encoder_twin`.
        keypoints: (T, 25, 3) metres at the encoder's frame rate; at least one of its windows long.
        log2_scales: (R, M), log2 of the factors of each of R requests; all are worked on at once.
        steps, rate: of Adam.

    Returns:
        rotation vectors (R, T, 13, 3) in world axes and root displacements (R, T, 3) metres, as `Model.edit` gives them.

    Raises:
        MotionError: the clip is shorter than a window.
    """
    window = encoder.config.window
    if len(keypoints) < window:
        raise MotionError(
            f"A clip of {len(keypoints)} frames at {encoder.config.fps:g} a second. Expected at least the encoder's {window}."
        )
    starts, requests = window_starts(len(keypoints), window), len(log2_scales)
    cut = np.stack([keypoints[start : start + window] for start in starts]).astype(np.float32)
    module = _Turns(encoder, requests, len(keypoints), starts, window)
    inputs = torch.tensor(cut).repeat(requests, 1, 1, 1)  # (R W, window, 25, 3)
    plant = plants(cut, encoder.config.fps).repeat(requests, 1, 1)
    asked = torch.tensor(log2_scales, dtype=torch.float32).repeat_interleave(len(starts), dim=0)[:, None].expand(-1, window, -1)
    optimizer = torch.optim.Adam([module.rotvec, module.root], lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        # The loss is a mean over requests; as many times that is each request's own.
        loss = requests * edit_loss(cast(Editor, module), inputs, asked, plant)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.no_grad():
        rotvec, root = module.turns()
    # Who asks for nothing gets the clip as it is; the body's own terms of the loss would tidy it up.
    wanted = (log2_scales != 0).any(axis=1).astype(float)
    return rotvec.numpy() * wanted[:, None, None, None], root.numpy() * wanted[:, None, None]
