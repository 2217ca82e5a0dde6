"""Editing without an editor: gradient descent through the encoder, on the joints' turns of one clip, for every request anew.

It minimises what the editor was trained to minimise, so it says what the amortised answer gives away for its speed.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from agonist.edit_joints import EDIT_JOINTS
from agonist.errors import ContractError, MotionError
from agonist.networks.editor import MOST_SHIFT, MOST_TURN, Editor
from agonist.networks.geometry import FEATURES_WITH_MOMENTS
from agonist.networks.motion_muscle import AgonistEncoder, network_config
from agonist.training.editing import edit_loss, plants
from agonist.windows import window_starts

__all__ = ["descend", "encoder_from_onnx"]

Array = NDArray[np.float64]

# The editor averages its turns over as many frames.
SMOOTH_FRAMES = 7


def encoder_from_onnx(path: Path, config: str = "agonist") -> AgonistEncoder:
    """The torch module that an exported encoder was. Raises ContractError if the file holds another network.

    The exporter writes the weights of linear layers transposed and without a name; the bias that is added to their product
    still has its own.
    """
    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # protobuf's errors of a damaged file share no base class
        raise ContractError(f"{path}: {str(error)[:80]}. Expected an ONNX encoder.") from error
    arrays = {one.name: np.array(numpy_helper.to_array(one)) for one in graph.initializer}
    products = {node.output[0]: node.input[1] for node in graph.node if node.op_type == "MatMul" and node.input[1] in arrays}
    for node in graph.node:
        product = [name for name in node.input if name in products]
        bias = [name for name in node.input if name in arrays and name.endswith(".bias")]
        if node.op_type == "Add" and product and bias:
            arrays[bias[0].removesuffix("bias") + "weight"] = arrays[products[product[0]]].T
    # Encoders of before were not given moments either.
    moments = arrays.get("mean", np.zeros(0)).size == FEATURES_WITH_MOMENTS
    encoder = AgonistEncoder(replace(network_config(config), moments=moments))
    known = encoder.state_dict()
    # Encoders of before took every point for seen.
    arrays = {name: np.zeros(value.shape, np.float32) for name, value in known.items() if name.startswith("unseen.")} | arrays
    try:
        encoder.load_state_dict({name: torch.tensor(arrays[name]) for name in known})
    except (KeyError, RuntimeError) as error:
        raise ContractError(f"{path}: {str(error)[:80]}. Expected an encoder of the configuration '{config}'.") from error
    return encoder.eval().requires_grad_(False)


class _Turns(nn.Module):
    """Turns of one clip, one set a request, that stand where an editor would; as smooth as the editor's own."""

    smooth: Tensor

    def __init__(self, encoder: AgonistEncoder, requests: int, frames: int, starts: NDArray[np.int64], window: int) -> None:
        super().__init__()
        self.encoder, self.muscles = encoder, 8
        self.rotvec = nn.Parameter(torch.zeros(requests, frames, len(EDIT_JOINTS), 3))
        self.root = nn.Parameter(torch.zeros(requests, frames, 3))
        self.frames = torch.tensor(starts[:, None] + np.arange(window))  # (W, window)
        kernel = torch.hann_window(SMOOTH_FRAMES + 2, periodic=False)[1:-1]
        self.register_buffer("smooth", (kernel / kernel.sum())[None, None])

    def turns(self) -> tuple[Tensor, Tensor]:
        """(R, T, 13, 3) radians and (R, T, 3) metres, no larger than the editor's own for a factor of four."""
        rotvec, root = (self._smoothed(torch.tanh(one)) for one in (self.rotvec, self.root))
        return 2 * MOST_TURN * rotvec, 2 * MOST_SHIFT * root

    def _smoothed(self, values: Tensor) -> Tensor:
        series = values.flatten(2).transpose(1, 2)  # (R, C, T)
        padded = nn.functional.pad(series, (SMOOTH_FRAMES // 2, SMOOTH_FRAMES // 2), mode="replicate").flatten(0, 1)[:, None]
        return nn.functional.conv1d(padded, self.smooth).reshape(series.shape).transpose(1, 2).reshape(values.shape)

    def forward(self, keypoints: Tensor, activation: Tensor, log2_scale: Tensor) -> tuple[Tensor, Tensor]:
        rotvec, root = self.turns()
        return rotvec[:, self.frames].flatten(0, 1), root[:, self.frames].flatten(0, 1)  # (R W, window, ...)


def descend(encoder: AgonistEncoder, keypoints: Array, log2_scales: Array, *, steps: int = 60, rate: float = 0.03) -> tuple[Array, Array]:
    """Turns that make muscles work as asked, by Adam.

    Args:
        encoder: of `encoder_from_onnx`.
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
