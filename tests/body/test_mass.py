"""Mass after de Leva (1996), J Biomech 29, table 4: shares, centres of mass and radii of gyration of the body that is simulated."""

import numpy as np
import pytest

pytest.importorskip("mujoco")
from agonist.body.mass import MASS_SHARES
from agonist.body.model import scaled_body, segment_scales
from agonist.body.person import Person
from agonist.predict import standing_keypoints
from tests.clips import exercise

pytestmark = pytest.mark.physics

# Percent of body mass, as printed; limbs of one side.
PRINTED = {
    "female": {"head": 6.68, "trunk": 42.57, "upper_arm": 2.55, "forearm": 1.38, "hand": 0.56, "thigh": 14.78, "shank": 4.81, "foot": 1.29},
    "male": {"head": 6.94, "trunk": 43.46, "upper_arm": 2.71, "forearm": 1.62, "hand": 0.61, "thigh": 14.16, "shank": 4.33, "foot": 1.37},
}
TOPS = {"upper_arm": "humerus_r", "forearm": "ulna_r", "hand": "lunate_r", "thigh": "femur_r", "shank": "tibia_r", "foot": "talus_r"}
CHAIN = {"upper_arm": "forearm", "forearm": "hand", "thigh": "shank", "shank": "foot"}


@pytest.fixture(scope="module")
def scales():
    return segment_scales(standing_keypoints(exercise("Idle", 1.0)).positions)


@pytest.mark.parametrize("sex", ["female", "male"])
@pytest.mark.parametrize("mass_kg", [48.0, 95.0])
def test_segments_weigh_what_de_leva_printed(scales, sex, mass_kg):
    model = scaled_body(scales, Person(mass_kg=mass_kg, sex=sex)).mj
    below = {name: float(model.body(top).subtreemass[0]) for name, top in TOPS.items()}
    percent = {name: 100 * (below[name] - below.get(CHAIN.get(name), 0.0)) / mass_kg for name in TOPS}
    # Radius and the bones of the hand hang on the ulna, one after the other; talus and toes on the shank.
    for name, share in percent.items():
        assert share == pytest.approx(PRINTED[sex][name], abs=0.02 if name != "hand" else 0.05), name
    head = sum(model.body(name).mass[0] for name in ("neck", "head"))
    assert 100 * head / mass_kg == pytest.approx(PRINTED[sex]["head"], abs=0.02)
    assert float(model.body_mass.sum()) == pytest.approx(mass_kg, rel=1e-9)


@pytest.mark.parametrize("sex", ["female", "male"])
def test_the_shares_of_a_body_make_one_body(sex):
    trunk = sum(share for name, share in MASS_SHARES[sex].items() if name.endswith("trunk"))
    assert 100 * trunk == pytest.approx(PRINTED[sex]["trunk"], abs=0.005)
    single = MASS_SHARES[sex]["head"] + trunk
    assert single + 2 * sum(MASS_SHARES[sex][name] for name in TOPS) == pytest.approx(1.0, abs=2e-4)


def test_the_thigh_of_a_woman_balances_higher_than_a_mans(scales):
    """36.12 % and 40.95 % of the way from the hip to the knee; gyration about the hip's flexion axis 0.364 and 0.329 of it."""
    for sex, centre, radius in (("female", 0.3612, 0.364), ("male", 0.4095, 0.329)):
        model = scaled_body(scales, Person(sex=sex)).mj
        thigh, length = model.body("femur_l"), float(np.linalg.norm(model.body("tibia_l").pos))
        assert np.linalg.norm(thigh.ipos) / length == pytest.approx(centre, rel=1e-6)
        assert np.sqrt(thigh.inertia[2] / thigh.mass[0]) / length == pytest.approx(radius, rel=1e-6)


def test_longer_legs_have_more_inertia_but_no_more_mass(scales):
    short = scaled_body(scales, Person()).mj.body("tibia_r")
    long = scaled_body({**scales, "shank": 1.2 * scales["shank"]}, Person()).mj.body("tibia_r")
    assert long.mass[0] == pytest.approx(short.mass[0])
    np.testing.assert_allclose(long.inertia, 1.44 * short.inertia, rtol=1e-6)
