"""The editor's loss wants what it should."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agonist.edit_joints import EDIT_JOINTS
from agonist.humanoid import body25_from_motion
from agonist.networks.editor import Editor
from agonist.networks.motion_muscle import CONFIGS, AgonistEncoder
from agonist.training.editing import direction_score, draw_scales, edit_loss, plants

from .conftest import swaying

pytestmark = pytest.mark.training


@pytest.fixture
def editor():
    torch.manual_seed(0)
    return Editor(CONFIGS["agonist"], AgonistEncoder(CONFIGS["agonist"])).eval()


@pytest.fixture
def keypoints():
    return np.stack([body25_from_motion(swaying(seed, 64)).positions for seed in range(3)]).astype(np.float32)


class _Fixed(torch.nn.Module):
    """An editor that always gives the same turns."""

    def __init__(self, editor, rotvec):
        super().__init__()
        self.encoder, self.rotvec = editor.encoder, rotvec

    def forward(self, keypoints, activation, asked):
        return self.rotvec.expand(len(keypoints), -1, -1, -1), torch.zeros(len(keypoints), 64, 3)


def _turn(joint: str, angle: torch.Tensor) -> torch.Tensor:
    rotvec = torch.zeros(1, 64, len(EDIT_JOINTS), 3)
    rotvec[0, :, EDIT_JOINTS.index(joint), 0] = angle
    return rotvec


def test_scales_are_within_what_the_editor_takes():
    asked = draw_scales(200, 64, 8, np.random.default_rng(0)).numpy()
    assert asked.shape == (200, 64, 8)
    assert np.abs(asked).max() <= 1.5
    touched = (asked != 0).any(axis=1).sum(axis=1)
    assert touched.max() <= 6 and (touched >= 1).mean() > 0.9


def test_some_requests_are_for_a_part_of_the_window():
    asked = draw_scales(200, 64, 8, np.random.default_rng(0)).numpy()
    partial = ((asked != 0).any(axis=2).sum(axis=1) < 64).mean()
    assert 0.05 < partial < 0.5


def test_doing_nothing_when_nothing_is_asked_costs_nothing(editor, keypoints):
    still = _Fixed(editor, torch.zeros(1, 64, len(EDIT_JOINTS), 3))
    with torch.no_grad():
        loss = edit_loss(still, torch.tensor(keypoints), torch.zeros(3, 64, 8), torch.ones(3, 64, 2)).item()
    # The hinge margin is all that may be left: a knee that the clip itself keeps straight.
    assert loss < 0.05


def test_sliding_a_planted_foot_costs_more_than_swinging_it_free(editor, keypoints):
    moved = _Fixed(editor, _turn("hip_l", torch.full((64,), 0.2)))
    x, asked = torch.tensor(keypoints), torch.zeros(3, 64, 8)
    with torch.no_grad():
        planted, free = (edit_loss(moved, x, asked, torch.full((3, 64, 2), weight)).item() for weight in (1.0, 0.0))
    assert planted > free + 0.5


def test_a_jitter_costs_more_than_a_steady_turn(editor, keypoints):
    angle = torch.full((64,), 0.1)
    x, asked, free = torch.tensor(keypoints), torch.zeros(3, 64, 8), torch.zeros(3, 64, 2)
    with torch.no_grad():
        steady, jittering = (
            edit_loss(_Fixed(editor, _turn("shoulder_l", a)), x, asked, free).item() for a in (angle, angle * (-1) ** torch.arange(64))
        )
    assert jittering > steady


def test_gradients_reach_the_editor_and_are_finite(editor, keypoints):
    for parameter in editor.encoder.parameters():
        parameter.requires_grad_(False)
    edit_loss(editor, torch.tensor(keypoints), draw_scales(3, 64, 8, np.random.default_rng(0)), plants(keypoints, 20.0)).backward()
    gradients = [parameter.grad for parameter in editor.parameters() if parameter.requires_grad]
    assert all(gradient is not None and torch.isfinite(gradient).all() for gradient in gradients)
    assert editor.head.weight.grad.abs().max() > 0


def test_validation_is_repeatable(editor, keypoints):
    with torch.no_grad():
        scores = [direction_score(editor, torch.tensor(keypoints), plants(keypoints, 20.0)) for _ in range(2)]
    assert scores[0] == scores[1]
