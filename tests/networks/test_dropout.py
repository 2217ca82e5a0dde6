"""Dropout as Srivastava et al. (2014) describe it, whatever draws the numbers."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from agonist.networks.dropout import Dropout

pytestmark = pytest.mark.training


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5])
def test_the_given_share_is_dropped_and_the_mean_stays(share):
    torch.manual_seed(0)
    x = torch.ones(400, 1003)
    y = Dropout(share)(x)
    # Five standard deviations of a share counted over 401,200 independent draws.
    assert abs(float((y == 0).float().mean()) - share) < 5 * (share * (1 - share) / x.numel()) ** 0.5
    assert torch.allclose(y[y != 0], torch.tensor(1 / (1 - share)), rtol=1e-4)
    assert abs(float(y.mean()) - 1) < 0.01


def test_numbers_side_by_side_are_dropped_independently():
    # Four of them come from one draw.
    torch.manual_seed(1)
    dropped = (Dropout(0.5)(torch.ones(4, 100_000)) == 0).float().flatten()
    for apart in (1, 2, 3, 4, 5):
        together = float((dropped[apart:] * dropped[:-apart]).mean())
        assert abs(together - 0.25) < 0.005


def test_the_gradient_is_that_of_the_numbers_kept():
    torch.manual_seed(2)
    x = torch.randn(3, 5, 7, requires_grad=True)
    y = Dropout(0.3)(x)
    y.sum().backward()
    assert torch.allclose(x.grad * x, y)


def test_nothing_is_dropped_outside_training_or_with_a_share_of_nothing():
    x = torch.randn(5, 3)
    assert torch.equal(Dropout(0.5).eval()(x), x)
    assert torch.equal(Dropout(0.0)(x), x)


def test_a_seed_draws_the_same_and_the_next_draw_is_another():
    x = torch.ones(7, 11)
    drop = Dropout(0.4)
    torch.manual_seed(3)
    first, second = drop(x), drop(x)
    torch.manual_seed(3)
    assert torch.equal(drop(x), first)
    assert not torch.equal(first, second)


def test_numbers_of_half_precision_stay_so():
    assert Dropout(0.1)(torch.ones(8, 8, dtype=torch.bfloat16)).dtype == torch.bfloat16
