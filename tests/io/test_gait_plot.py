"""The picture of a walk: drawn from what `simulate --details` wrote, or a clear line."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from agonist.errors import FileFormatError
from agonist.io import gait_plot, mot_sto
from agonist.io.mot_sto import OpenSimTable


@pytest.fixture
def details(tmp_path):
    """Tables of a walk by formula, strides of 1 s."""
    times = np.arange(0, 6, 0.02)
    columns = {"ground_reaction.mot": [], "angles.mot": [], "torques.sto": [], "activation.sto": []}
    for side, phase in (("l", 0.0), ("r", 0.5)):
        cycle = (times - phase) % 1
        columns["ground_reaction.mot"].append((f"ground_force_{side}_vy", np.where(cycle < 0.6, 800 * np.sin(np.pi * cycle / 0.6), 0)))
        for joint in ("hip_flexion", "knee_angle", "ankle_angle"):
            columns["angles.mot"].append((f"{joint}_{side}", 20 * np.cos(2 * np.pi * cycle)))
            columns["torques.sto"].append((f"{joint}_{side}_moment", 40 * np.sin(2 * np.pi * cycle)))
        for muscle in ("glmax1", "recfem", "vaslat", "bflh", "tibant", "gasmed", "soleus"):
            columns["activation.sto"].append((f"{muscle}_{side}", 0.2 + 0.1 * np.sin(2 * np.pi * cycle)))
    for name, pairs in columns.items():
        mot_sto.write(tmp_path / name, OpenSimTable(name, times, tuple(k for k, _ in pairs), np.stack([v for _, v in pairs], axis=1)))
    return tmp_path


@pytest.mark.parametrize("suffix", gait_plot.SUFFIXES)
def test_strides_are_counted_and_drawn(details, tmp_path, suffix):
    path = tmp_path / f"gait{suffix}"
    assert gait_plot.write(path, gait_plot.read_details(details), "a walk") == {"l": 5, "r": 5}
    assert path.stat().st_size > 10_000


def test_a_missing_table_is_named(details):
    (details / "torques.sto").unlink()
    with pytest.raises(FileFormatError, match=r"no torques\.sto. Expected a folder of 'agonist simulate --details'"):
        gait_plot.read_details(details)


def test_an_unknown_suffix_is_refused(details, tmp_path):
    with pytest.raises(FileFormatError, match=r"ending in '\.gif'"):
        gait_plot.write(tmp_path / "gait.gif", gait_plot.read_details(details))
