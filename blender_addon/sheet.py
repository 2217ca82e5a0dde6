"""A contact sheet: rows of stills with their titles, times and the colours' meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .images import Text, letters, over
from .muscles.colours import srgb_at
from .translate import iface

__all__ = ["INK", "PALE", "PAPER", "Legend", "contact_sheet", "legend_texts"]

INK, PALE = (0.11, 0.12, 0.13), (0.47, 0.49, 0.51)
PAPER = np.array([0.98, 0.98, 0.985], dtype=np.float32)
_GAP, _HEAD, _FOOT, _BAR = 4, 40, 58, 200
# Pixels that the colours and their ends need, and a letter of the line beside them; how small all may become for it [ours].
_SCALE_PX, _LETTER_PX, _LEAST_SHARE = 430, 8, 0.6


@dataclass(frozen=True)
class Legend:
    """What the colours mean: the colour map, what its full colour stands for, a line beside it, and what the marks say."""

    colour_map: str
    top: str
    told: str
    marks: str = ""


def contact_sheet(
    rows: Sequence[tuple[str, Sequence[np.ndarray]]], times_s: Sequence[float], legend: Legend, engine: str
) -> np.ndarray:
    """(H, W, 3) sRGB: each row a title and its stills (H, W, 3 or 4), all of one size, at the times of the columns.

    `engine` is the render engine that writes the letters.
    """
    tall, wide = rows[0][1][0].shape[:2]
    size = (len(times_s) * (wide + _GAP) + _GAP, len(rows) * (tall + _HEAD) + _FOOT)
    sheet = np.broadcast_to(PAPER, (size[1], size[0], 3)).copy()
    texts = []
    for r, (title, stills) in enumerate(rows):
        top = r * (tall + _HEAD)
        texts.append(Text(title, _GAP + 8, top + _HEAD / 2 + 2, 22, INK))
        for c, still in enumerate(stills):
            left = _GAP + c * (wide + _GAP)
            sheet[top + _HEAD : top + _HEAD + tall, left : left + wide] = still[..., :3]
            texts.append(Text(f"{times_s[c]:.1f} s", left + 10, top + _HEAD + tall - 16, 16, PALE))
    texts += legend_texts(sheet, legend, size[1] - _FOOT / 2)
    return over(letters(texts, size, engine), sheet)


def legend_texts(picture: np.ndarray, legend: Legend, y: float) -> list[Text]:
    """Draw the colours (in place) at the left of a picture (H, W, 3) at a height, and return what is to be written beside them.

    In a narrow picture all is smaller; first the line and then the marks' meaning are left out where nobody could read them.
    """
    width = picture.shape[1]
    for told in ("; ".join(filter(None, (legend.told, legend.marks))), legend.marks, ""):
        share = min(1.0, width / (_SCALE_PX + _LETTER_PX * len(told)))
        if share >= _LEAST_SHARE:
            break
    begin, end, half, size = round(96 * share), round((96 + _BAR) * share), round(9 * share), 17 * share
    picture[int(y) - half : int(y) + half, begin:end] = srgb_at(legend.colour_map, np.linspace(0, 1, end - begin))
    flexed = iface("{top} flexed", top=legend.top) if legend.top[0].isdigit() else legend.top
    texts = [
        Text(iface("relaxed 0"), begin - 8 * share, y, size, INK, "RIGHT"), Text(flexed, end + 8 * share, y, size, INK)
    ]  # fmt: skip
    return [*texts, Text(told, width - 14, y, size, PALE, "RIGHT")] if told else texts
