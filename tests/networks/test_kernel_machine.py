"""Kernel ridge regression in closed form: against the exact kernel, and what it says far from what it knows."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agonist.networks import kernel_machine
from agonist.networks.kernel_machine import KernelMachine

pytestmark = pytest.mark.training


def _wavy(windows, frames, seed):
    """Features, and answers that hang on them in a curved way and on those of a tenth of a second before."""
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(windows, frames, 2, generator=generator)
    before = torch.cat([features[:, :1], features[:, :-1]], dim=1)
    return features, torch.stack([features[..., 0] ** 2, features[..., 1] * before[..., 0]], dim=-1)


def test_it_learns_what_is_curved_and_what_was_before():
    machine = KernelMachine(10.0, 2, 2)
    machine.learn([_wavy(200, 30, 0)])
    features, answers = _wavy(20, 30, 1)
    error = ((machine(features) - answers) ** 2).mean((0, 1)) / answers.var((0, 1))
    # Of a straight line both are 1.
    assert (error < 0.25).all()
    # A tenth of a second is two frames at 20 frames a second.
    assert KernelMachine(20.0, 2, 2).step == 2 and KernelMachine(4.0, 2, 2).step == 1


def test_many_waves_are_the_exact_kernel(monkeypatch):
    """Against ridge regression with the Gaussian and the linear kernel themselves, solved in the other form (Rahimi and Recht 2007)."""
    monkeypatch.setattr(kernel_machine, "_STEPS", 0)
    machine = KernelMachine(10.0, 3, 1, waves=3000)
    generator = torch.Generator().manual_seed(2)
    features = torch.randn(1, 200, 3, generator=generator)
    answers = torch.sin(features.sum(-1, keepdim=True))
    machine.learn([(features, answers)])

    known = torch.clamp((features[0] - machine.mean) / machine.std, -4, 4).double().numpy()
    asked = 0.7 * torch.randn(1, 15, 3, generator=generator)
    new = torch.clamp((asked[0] - machine.mean) / machine.std, -4, 4).double().numpy()

    def kernel(a, b):
        square = ((a[:, None] - b[None]) ** 2).sum(-1) / 3
        return 9 * np.exp(-square / 2) + 0.01 * a @ b.T

    # The features are centred, so the kernel is too.
    flat, rows = kernel(known, known), kernel(new, known)
    centred = flat - flat.mean(0) - flat.mean(1, keepdims=True) + flat.mean()
    asked_centred = rows - flat.mean(0) - rows.mean(1, keepdims=True) + flat.mean()
    truth = answers[0].double().numpy()
    expected = asked_centred @ np.linalg.solve(centred + 1e-3 * 200 * np.eye(200), truth - truth.mean()) + truth.mean()
    np.testing.assert_allclose(machine(asked)[0].numpy(), expected, atol=0.06)


def test_far_from_what_it_knows_it_goes_back_to_what_is_usual():
    machine = KernelMachine(10.0, 2, 2)
    features, answers = _wavy(200, 30, 3)
    machine.learn([(features, answers)])
    usual = answers.mean((0, 1))
    near, far = (machine(shift + 0.1 * features[:5]) - usual for shift in (0.0, 3.9))
    assert far[:, 8:-8].abs().mean() < near[:, 8:-8].abs().mean() + 0.5
    # What a feature says is limited, so the answer is.
    assert torch.allclose(machine(torch.full((1, 30, 2), 1e3)), machine(torch.full((1, 30, 2), 1e6)), atol=1e-4)


def test_pieces_of_the_data_and_kinds_of_windows_make_no_difference(monkeypatch):
    features, answers = _wavy(12, 30, 4)
    whole, parts = KernelMachine(10.0, 2, 2), KernelMachine(10.0, 2, 2)
    whole.learn([(features, answers)])
    monkeypatch.setattr(kernel_machine, "_FRAMES", 100)
    parts.learn([(features[:5], answers[:5]), (features[5:], answers[5:])])
    np.testing.assert_allclose(parts(features).numpy(), whole(features).numpy(), atol=1e-3)


def test_nothing_of_it_is_learned_by_steps():
    machine = KernelMachine(10.0, 2, 2)
    assert not [one for one in machine.parameters() if one.requires_grad]
    assert sum(one.numel() for one in machine.parameters()) == (1500 + 18) * 2
