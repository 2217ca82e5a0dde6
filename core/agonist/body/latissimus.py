"""Latissimus dorsi with its origins on the lumbar spine and the pelvis, which myo-sim's `myofullbody` leaves out.

There all three of its strips end on the chest, so that the muscle does nothing to the trunk, and two of them work far below
their lengths: at rest LAT1 is 0.26 m long where 0.38 m is its shortest. Here the lower two go on to a spinous process of the
lumbar spine (the thoracolumbar fascia) and to the iliac crest, and all three get the fibre and tendon lengths of Holzbaur,
Murray & Delp (2005), the tendons longer by the way that was added. Their maximal forces stay the model's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["add_trunk_origins", "set_fibre_lengths"]

# Strip -> (body, place in its frame in metres; x forward, y up, z to the right). The lumbar place lies behind the spinous
# process to which the model's own multifidus (MF_m3s) goes, the iliac one where its quadratus lumborum (QL_post_I.1) starts.
_ORIGINS: dict[str, tuple[str, tuple[float, float, float]]] = {
    "LAT2": ("lumbar3", (-0.0450, -0.0065, 0.0080)),
    "LAT3": ("sacrum", (-0.1215, 0.0953, 0.0520)),
}
# Strip -> optimal fibre length and tendon slack length in metres, thoracic, lumbar, iliac (Holzbaur et al. 2005).
_LENGTHS: dict[str, tuple[float, float]] = {"LAT1": (0.2540, 0.1200), "LAT2": (0.2324, 0.1765), "LAT3": (0.2789, 0.1403)}
# What MuJoCo's muscle calls its range, in optimal fibre lengths; any two numbers would say the same.
_RANGE = (0.5, 1.5)


def _name(strip: str, side: str) -> str:
    # Right-arm muscles of the model carry no suffix.
    return strip if side == "r" else f"{strip}_l"


def add_trunk_origins(spec: Any) -> None:
    """Lengthen the paths in an MjSpec of `myofullbody` that is not compiled yet."""
    for strip, (body, (x, y, z)) in _ORIGINS.items():
        for side, right in (("r", 1.0), ("l", -1.0)):
            name = f"{strip}_origin_{side}"
            spec.body(body).add_site(name=name, pos=(x, y, z * right))
            spec.tendon(_tendon(spec, _name(strip, side))).wrap_site(name)


def _tendon(spec: Any, actuator: str) -> str:
    return str(spec.actuator(actuator).target)


def set_fibre_lengths(model: Any) -> None:
    """Fibre and tendon lengths of the compiled model, whose paths are those of `add_trunk_origins`."""
    import mujoco

    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    for strip, (fibre, tendon) in _LENGTHS.items():
        for side in "lr":
            actuator = model.actuator(_name(strip, side)).id
            slack = tendon + _added_length(model, data, strip, side)
            model.actuator_lengthrange[actuator] = [slack + share * fibre for share in _RANGE]
            model.actuator_gainprm[actuator, :2] = model.actuator_biasprm[actuator, :2] = _RANGE


def _added_length(model: Any, data: Any, strip: str, side: str) -> float:
    """Metres from the strip's last place on the chest to its origin, in the neutral pose."""
    if strip not in _ORIGINS:
        return 0.0
    tendon = int(model.actuator(_name(strip, side)).trnid[0])
    last = model.tendon_adr[tendon] + model.tendon_num[tendon] - 1
    places = [np.array(data.site_xpos[int(model.wrap_objid[k])]) for k in (last - 1, last)]
    return float(np.linalg.norm(places[1] - places[0]))
