"""Colour maps: what a share of the colour range looks like.

"PAPER" is that of "Muscles in Action" (Chiquier & Vondrick, ICCV 2023): yellow (250, 253, 50) relaxed to red (255, 0, 0) flexed,
mixed as light. The others are 17 samples each of maps whose lightness rises evenly: viridis and inferno (Smith & van der Walt
2015, CC0) and cividis, which looks alike to people with and without a colour vision deficiency (Nuñez, Anderton & Renslow 2018).
"""

from __future__ import annotations

import numpy as np

__all__ = ["COLOUR_MAPS", "TENDON", "UNKNOWN", "colours_at", "linear", "srgb_at", "stops"]

# id -> label, description, sRGB colours from relaxed to flexed.
COLOUR_MAPS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "PAPER": ("Yellow to Red", "The colours of the paper Muscles in Action", ("fafd32", "ff0000")),
    "VIRIDIS": (
        "Viridis", "Dark violet to yellow, even steps in lightness",
        (
            "440154", "48186a", "472d7b", "424086", "3b528b", "33638d", "2c728e", "26828e", "21918c",
            "1fa088", "28ae80", "3fbc73", "5ec962", "84d44b", "addc30", "d8e219", "fde725",
        ),
    ),
    "INFERNO": (
        "Inferno", "Black over red to pale yellow, even steps in lightness",
        (
            "000004", "0b0724", "210c4a", "3d0965", "57106e", "71196e", "8a226a", "a32c61", "bc3754",
            "d24644", "e45a31", "f1731d", "f98e09", "fcac11", "f9cb35", "f2ea69", "fcffa4",
        ),
    ),
    "CIVIDIS": (
        "Cividis", "Blue to yellow, the same with and without a colour vision deficiency",
        (
            "00224e", "002e6a", "1a386f", "32436d", "434e6c", "535a6d", "61656f", "6f7073", "7d7c78",
            "8c8878", "9b9476", "aba072", "bcae6c", "cdbb63", "dec958", "f0d846", "fee838",
        ),
    ),
}  # fmt: skip


def linear(srgb: np.ndarray) -> np.ndarray:
    """Colours as a screen shows them, in [0, 1], as light (IEC 61966-2-1)."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def stops(name: str) -> np.ndarray:
    """(N, 3) colours of a map from relaxed to flexed at even steps, as light (linear Rec. 709), which Blender mixes."""
    return linear(np.array([[int(one[k : k + 2], 16) / 255 for k in (0, 2, 4)] for one in COLOUR_MAPS[name][2]]))


def colours_at(name: str, share: np.ndarray) -> np.ndarray:
    """(..., 3) linear colours at shares of the colour range, held at the ends."""
    table = stops(name)
    places = np.linspace(0, 1, len(table))
    return np.stack([np.interp(share, places, table[:, channel]) for channel in range(3)], axis=-1)


def srgb_at(name: str, share: np.ndarray) -> np.ndarray:
    """(..., 3) colours at shares of the colour range as a screen shows them."""
    light = colours_at(name, share)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


TENDON = tuple(linear(np.array([236, 226, 206]) / 255).tolist())
# Of a muscle that the model says nothing about.
UNKNOWN = tuple(linear(np.array([128, 130, 134]) / 255).tolist())
