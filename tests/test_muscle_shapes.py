"""Muscle shapes: closed, of positive volume, mirrored, weighted, on people of any size."""

import numpy as np
import pytest

from agonist.body.geometry import muscle_mesh, signed_volume
from agonist.errors import UnknownNameError
from agonist.humanoid import humanoid_skeleton, map_humanoid
from agonist.muscles import MUSCLE_SETS, muscle_set, stand_in

NAMES = sorted({name for one in MUSCLE_SETS.values() for name in one.names})
# Litres of a man of 1.75 m by magnetic resonance imaging are 0.1 to 2 for these muscles (Handsfield 2014, Holzbaur 2007);
# drawn bellies need to be no more than near that.
SMALLEST_L, LARGEST_L = 0.02, 3.0


@pytest.mark.parametrize("height_m", [0.5, 1.75])
@pytest.mark.parametrize("name", NAMES)
def test_a_shape_is_a_closed_weighted_surface_of_believable_volume(name, height_m):
    skeleton = humanoid_skeleton(height_m)
    shape = muscle_mesh(skeleton, map_humanoid(skeleton), name)
    edges = [edge for face in shape.faces for edge in zip(face, [*face[1:], face[0]], strict=True)]
    assert len(set(edges)) == len(edges) and {(b, a) for a, b in edges} == set(edges)
    litres = 1000 * signed_volume(shape.vertices, shape.faces) * (1.75 / height_m) ** 3
    assert SMALLEST_L < litres < LARGEST_L
    np.testing.assert_allclose(sum(shape.weights.values()), 1.0, atol=1e-9)
    assert set(shape.weights) <= set(skeleton.names) and 0 <= shape.tendon.min() <= shape.tendon.max() <= 1


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("_l")])
def test_the_right_side_mirrors_the_left(name):
    skeleton = humanoid_skeleton()
    left, right = (muscle_mesh(skeleton, map_humanoid(skeleton), name[:-1] + side) for side in "lr")
    mirrored = left.vertices * [-1, 1, 1]
    gap = np.linalg.norm(mirrored[:, None] - right.vertices[None, ::1], axis=2).min(axis=1)
    assert gap.max() < 5e-3


def test_what_stands_for_a_muscle_that_a_model_does_not_know():
    mia8, surface24 = muscle_set("mia8"), muscle_set("surface24")
    assert stand_in("biceps_l", mia8) == ("biceps_l", False)
    assert stand_in("biceps_femoris_r", mia8) == ("hamstrings_r", False)
    assert stand_in("vastus_lateralis_l", mia8) == ("quadriceps_l", True)
    assert stand_in("soleus_l", mia8) == (None, True)
    assert stand_in("quadriceps_l", surface24) == ("vastus_lateralis_l", True)
    assert stand_in("vastus_medialis_r", mia8) == ("quadriceps_r", True)
    assert stand_in("semitendinosus_l", mia8) == ("hamstrings_l", True)
    assert stand_in("gastrocnemius_lateralis_r", surface24) == ("gastrocnemius_medialis_r", True)
    assert stand_in("pectoralis_major_l", surface24) == (None, True)


def test_a_muscle_that_is_not_drawn_is_named():
    skeleton = humanoid_skeleton()
    with pytest.raises(UnknownNameError, match="soleus_l"):
        muscle_mesh(skeleton, map_humanoid(skeleton), "popliteus_l")
