"""What was published about MIA, to stand beside results on the same windows."""

from __future__ import annotations

__all__ = ["PUBLISHED", "PUBLISHED_TEMPORAL"]

# Others' figures: the authors' own model judged anew with dropout off, and the best follow-up (a codebook of motions, 2026).
_AGAIN, _FOLLOW_UP = "official model, dropout off (third party)", "best follow-up, 2026 (third party)"

# Chiquier & Vondrick 2023, tables 1 and 2, mean over the 15 exercises; one misprint corrected.
PUBLISHED: dict[tuple[str, str], dict[str, float]] = {
    ("in", "encoder"): {"Retr.": 15.63, "C-Retr.": 14.86, "Ours": 11.84, "C-Ours": 11.69, _AGAIN: 10.55, _FOLLOW_UP: 10.08},
    ("exercise-out", "encoder"): {"Retr.": 26.81, "C-Retr.": 26.74, "Ours": 20.32, "C-Ours": 20.12, _AGAIN: 19.94, _FOLLOW_UP: 18.54},
    ("person-out", "encoder"): {_AGAIN: 18.47, _FOLLOW_UP: 17.07},
    ("in", "decoder"): {"Retr.": 0.0657, "C-Retr.": 0.0625, "Ours": 0.0514, "C-Ours": 0.0523},
    ("exercise-out", "decoder"): {"Retr.": 0.1100, "C-Retr.": 0.1060, "Ours": 0.0869, "C-Ours": 0.0871},
}
# Table 3, by frames seen.
PUBLISHED_TEMPORAL: dict[str, dict[int, float]] = {
    "C-Retr.": {1: 19.6, 5: 16.3, 10: 14.5, 15: 14.0, 20: 13.5, 25: 13.3, 30: 14.3},
    "C-Ours": {1: 13.3, 5: 11.1, 10: 10.3, 15: 9.6, 20: 9.1, 25: 8.8, 30: 8.8},
}
