"""The surrogate of the body's geometry: its moment arms are its length's derivative, it learns, it survives its file."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("mujoco")
from agonist.errors import FileFormatError, UnknownNameError
from agonist.networks.muscle_geometry import MuscleGeometry
from agonist.training.surrogate import MIA8_PARTS, average_body, fit_surrogate, load_surrogate, sample_postures

pytestmark = pytest.mark.physics

MUSCLES = ("vaslat_l", "bflh_r", "BICshort")


@pytest.fixture(scope="module")
def body():
    return average_body(1.75)


def test_moment_arms_are_minus_the_derivative_of_length():
    torch.manual_seed(0)
    spans = torch.tensor([[1, 0, 1, 1], [0, 1, 1, 0]])
    network = MuscleGeometry(spans, torch.zeros(4), torch.tensor([1.0, 2.0, 0.5, 1.0])).double()
    angles = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    length, arms = network(angles)
    for muscle in range(2):
        (slope,) = torch.autograd.grad(length[:, muscle].sum(), angles, retain_graph=True)
        torch.testing.assert_close(arms[:, muscle], -slope)
    # A joint that a muscle does not span has no moment arm, and moment arms can be learned from.
    assert not arms[:, 0, 1].any()
    arms.square().sum().backward()
    assert network.first.grad.abs().sum() > 0


def test_sampled_moment_arms_are_those_of_finite_differences(body):
    postures = sample_postures(body, MUSCLES, 3, np.random.default_rng(0))
    knee = 1e-4
    import mujoco

    from agonist.body.model import HINGES

    column, data = HINGES.index("knee_angle_l"), mujoco.MjData(body.mj)
    for angles, arms in zip(postures.angles, postures.moment_arms, strict=True):
        lengths = []
        for step in (-knee, knee):
            moved = angles.copy()
            moved[column] += step
            data.qpos[:] = body.qpos(np.array([0.0, 0, 1, 1, 0, 0, 0]), moved)
            mujoco.mj_fwdPosition(body.mj, data)
            lengths.append(data.actuator_length[body.mj.actuator("vaslat_l").id])
        assert -(lengths[1] - lengths[0]) / (2 * knee) == pytest.approx(arms[0, column], abs=2e-4)


def test_a_short_fit_is_already_near_and_survives_its_file(body, tmp_path):
    fitted = fit_surrogate(body, MUSCLES, postures=3000, steps=600, seed=1)
    assert all(error["moment_arm"] < 6.0 and error["length"] < 4.0 for error in fitted.errors.values()), fitted.errors
    fitted.save(tmp_path / "three.safetensors")
    again = load_surrogate(tmp_path / "three.safetensors")
    assert again.muscles == MUSCLES and again.errors == fitted.errors
    angles = torch.zeros(2, len(again.joints))
    with torch.no_grad():
        for ours, theirs in zip(again.network(angles), fitted.network(angles), strict=True):
            torch.testing.assert_close(ours, theirs)


def test_the_parts_of_mia8_are_the_bodys(body):
    assert len(MIA8_PARTS) == 22 and set(MIA8_PARTS) <= set(body.muscle_names)
    with pytest.raises(UnknownNameError, match="wings"):
        sample_postures(body, ["wings"], 1, np.random.default_rng(0))


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_a_file_that_is_none_is_named(tmp_path, content):
    path = tmp_path / "broken.safetensors"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"broken\.safetensors"):
        load_surrogate(path)
