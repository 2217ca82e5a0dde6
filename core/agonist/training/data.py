"""A corpus in memory, and random windows of it. The split is the corpus's own, made from names before anything was simulated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.corpus.files import read_index, read_take, take_path
from agonist.corpus.sources import mirror_activation, mirror_keypoints
from agonist.errors import FileFormatError

__all__ = ["CorpusClip", "WindowSampler", "read_corpus"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CorpusClip:
    """One take in memory: keypoints (T, 25, 3) metres and activation (T, M) at the corpus's frame rate."""

    id: str
    exercise: str
    person: str
    source: str
    keypoints: NDArray[np.float32]
    activation: NDArray[np.float32]


def read_corpus(folder: Path, split: str) -> tuple[list[CorpusClip], dict[str, Any]]:
    """The usable takes of a split ("train", "val", "test") and the corpus's description. Raises FileFormatError."""
    document, rows = read_index(folder, ("id", "exercise", "person", "source", "split", "usable"))
    clips = [
        CorpusClip(row["id"], row["exercise"], row["person"], row["source"], *read_take(take_path(folder, row["id"])))
        for row in rows if row["split"] == split and row["usable"]
    ]  # fmt: skip
    if not clips:
        raise FileFormatError(folder / "corpus.json", f"no usable take in the split '{split}'", "at least one; build a larger corpus")
    return clips, document


class WindowSampler:
    """Random windows, mirrored half of the time if `mirrored`; or all windows in order, for measuring.

    `every` keeps one frame in so many (2 brings the corpus's 20 frames a second to the paper's 10). Simulated activation of a mirror image
    is the mirror image of the activation; a sensor that was worn on the left does not read what one on the right would.
    """

    def __init__(self, clips: list[CorpusClip], window: int, every: int = 1, *, mirrored: bool = True) -> None:
        self.window, self.every, self.mirrored = window, every, mirrored
        self.clips = [clip for clip in clips if len(clip.keypoints) >= 4 * every]
        lengths = np.array([max(len(clip.keypoints) // every - window + 1, 1) for clip in self.clips], dtype=float)
        # Long takes hold more that is new, but not in proportion: their windows overlap.
        self.chance = np.sqrt(lengths) / np.sqrt(lengths).sum()
        # Windows that hold all there is once, about.
        self.count = int(np.ceil([len(clip.keypoints) / (every * window) for clip in self.clips]).sum())

    def draw(self, count: int, rng: np.random.Generator, *, jitter: float = 0.0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """keypoints (count, window, 25, 3) and activation (count, window, M).

        With `jitter` each window's body is scaled by a few per cent and every keypoint is displaced by a constant few
        millimetres (metres, standard deviation): rigs and trackers do not agree on where a joint is.
        """
        keypoints, activation = [], []
        for index in rng.choice(len(self.clips), count, p=self.chance):
            clip = self.clips[index]
            offset = int(rng.integers(self.every))
            k, a = clip.keypoints[offset :: self.every], clip.activation[offset :: self.every]
            start = int(rng.integers(max(len(k) - self.window, 0) + 1))
            k, a = (self._cut(values, start) for values in (k, a))
            if rng.random() < 0.5 and self.mirrored:
                k, a = mirror_keypoints(k.astype(float)).astype(np.float32), mirror_activation(a.astype(float)).astype(np.float32)
            if jitter:
                k = k * (1 + 0.04 * rng.standard_normal()) + jitter * rng.standard_normal((1, *k.shape[1:]))
            keypoints.append(k.astype(np.float32))
            activation.append(a.astype(np.float32))
        return np.stack(keypoints), np.stack(activation)

    def _cut(self, values: NDArray[np.float32], start: int) -> NDArray[np.float32]:
        values = values[start : start + self.window]
        missing = self.window - len(values)
        return values if missing <= 0 else np.concatenate([values, np.repeat(values[-1:], missing, axis=0)])

    def all(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Every window, one after the other without overlap.

        A take shorter than a window is held at its end; of a longer one the rest that fills none is left out.
        """
        keypoints, activation = [], []
        for clip in self.clips:
            k, a = clip.keypoints[:: self.every], clip.activation[:: self.every]
            for start in range(0, max(len(k) - self.window, 0) + 1, self.window):
                keypoints.append(self._cut(k, start))
                activation.append(self._cut(a, start))
        return np.stack(keypoints), np.stack(activation)
