"""What the editor promises by its shape, whatever its weights."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agonist.networks.editor import MOST_SHIFT, MOST_TURN, Editor
from agonist.networks.motion_muscle import CONFIGS, AgonistEncoder

pytestmark = pytest.mark.training


@pytest.fixture
def editor():
    torch.manual_seed(0)
    config = CONFIGS["agonist"]
    editor = Editor(config, AgonistEncoder(config)).eval()
    # Untrained turns are almost nothing; make them large.
    torch.nn.init.normal_(editor.head.weight, std=0.5)
    return editor


def _asked(muscle: int, value: float) -> "torch.Tensor":
    asked = torch.zeros(2, 64, 8)
    asked[:, :, muscle] = value
    return asked


def _turns(editor, keypoints, asked):
    return editor(keypoints, editor.encoder(keypoints)[0], asked)


def test_asking_for_nothing_gives_exactly_nothing(editor, keypoints):
    with torch.no_grad():
        rotvec, root = _turns(editor, torch.tensor(keypoints, dtype=torch.float32), torch.zeros(2, 64, 8))
    assert rotvec.shape == (2, 64, 13, 3) and root.shape == (2, 64, 3)
    assert not rotvec.any() and not root.any()


def test_turns_are_bounded_by_what_is_asked(editor, keypoints):
    with torch.no_grad():
        rotvec, root = _turns(editor, torch.tensor(keypoints, dtype=torch.float32), _asked(3, -1.5))
        clipped, _ = _turns(editor, torch.tensor(keypoints, dtype=torch.float32), _asked(3, -50.0))
    assert rotvec.abs().max() <= 1.5 * MOST_TURN * np.sqrt(2) + 1e-5
    assert root.abs().max() <= 1.5 * MOST_SHIFT * np.sqrt(2) + 1e-5
    assert clipped.abs().max() <= 2 * MOST_TURN * np.sqrt(2) + 1e-5


def test_a_small_request_is_a_small_change(editor, keypoints):
    x = torch.tensor(keypoints, dtype=torch.float32)
    with torch.no_grad():
        small, tiny = (_turns(editor, x, _asked(0, value))[0].abs().max().item() for value in (1e-2, 1e-4))
    assert tiny == pytest.approx(small / 100, rel=0.2)


def test_a_turned_character_is_edited_as_before_turned_with_it(editor, keypoints):
    turn = torch.tensor([-1.0, -1.0, 1.0])
    x = torch.tensor(keypoints, dtype=torch.float32)
    with torch.no_grad():
        rotvec, root = _turns(editor, x, _asked(1, 1.0))
        turned_rotvec, turned_root = _turns(editor, x * turn + torch.tensor([1.0, -3.0, 0.0]), _asked(1, 1.0))
    np.testing.assert_allclose(turned_rotvec.numpy(), (rotvec * turn).numpy(), atol=5e-3)
    np.testing.assert_allclose(turned_root.numpy(), (root * turn).numpy(), atol=5e-3)
