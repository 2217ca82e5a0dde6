"""Sets of muscles over the model's own: names, weights, and nothing lost."""

import numpy as np
import pytest

from agonist.body.muscle_map import choose_muscles, gather
from agonist.errors import UnknownNameError
from agonist.muscles import MUSCLE_SETS, muscle_set

MODEL = (
    "IL_L1_r", "IL_L1_l", "LTpT_T1_r", "LTpT_T1_l", "LTpL_L1_r", "LTpL_L1_l", "MF_m1s_r", "MF_m1s_l", "DELT2", "DELT2_l", "LAT1", "LAT2",
    "LAT3", "LAT1_l", "LAT2_l", "LAT3_l", "BIClong", "BICshort", "BIClong_l", "BICshort_l", "TRIlong", "TRIlat", "TRImed", "TRIlong_l",
    "TRIlat_l", "TRImed_l", "rect_abd_r", "rect_abd_l", *(f"EO{k}_{side}" for k in range(1, 7) for side in "rl"),
    *(f"{name}{side}" for side in ("", "_l") for name in ("PECM1", "PECM2", "PECM3", "DELT1", "DELT3", "BRD", "INFSP")),
    *(f"{name}_{side}" for side in "rl" for name in ("recfem", "vasint", "vaslat", "vasmed", "bflh", "bfsh", "tibant", "gasmed", "soleus",
                                                   "glmax1", "glmax2", "glmax3", "glmed1", "glmed2", "glmed3", "perlong",
                                                   "semiten", "gaslat")),
)  # fmt: skip
FORCE = np.linspace(100, 900, len(MODEL))


@pytest.mark.parametrize("name", [*MUSCLE_SETS, "body"])
def test_every_muscle_of_a_set_is_a_mean_of_the_models_own(name):
    chosen = choose_muscles(name, MODEL)
    weights = gather(chosen, MODEL, FORCE)
    assert weights.shape == (len(MODEL), len(chosen))
    np.testing.assert_allclose(weights.sum(axis=0), 1.0)
    for column, muscle in enumerate(chosen.muscles):
        parts = [MODEL[k] for k in np.flatnonzero(weights[:, column])]
        assert all(part.endswith("_l") == (muscle.side == "l") for part in parts), (muscle.name, parts)


def test_stronger_parts_count_more():
    weights = gather(muscle_set("mia8"), MODEL, FORCE)[:, 0]
    parts = [MODEL.index(f"{name}_l") for name in ("recfem", "vasint", "vaslat", "vasmed")]
    np.testing.assert_allclose(weights[parts], FORCE[parts] / FORCE[parts].sum())


def test_names_may_come_from_any_set_or_from_the_model():
    assert choose_muscles(["soleus_r", "biceps"], MODEL).names == ("soleus_r", "biceps_l", "biceps_r")
    assert choose_muscles(["LAT2_r", "hamstrings_left"], MODEL).names == ("LAT2_r", "hamstrings_l")
    with pytest.raises(UnknownNameError, match="wings"):
        choose_muscles(["wings"], MODEL)
    with pytest.raises(UnknownNameError, match="surface24"):
        choose_muscles("everything", MODEL)
