"""A motion simulated and written as a take, and what its file says of the simulation.

A take remembers checksums of the motion that it simulates and of the code that simulated it: when either has changed it is
simulated again, and two corpora of one plan can be told apart.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from agonist.body.person import Person
from agonist.errors import FileFormatError
from agonist.io.atomic import atomic_path
from agonist.motion import Motion
from agonist.predict import standing_keypoints

__all__ = ["CORPUS_FPS", "checksum_of_all", "describe_take", "motion_checksum", "simulate_take"]

CORPUS_FPS = 20.0
# A take this far from what physics can explain teaches nothing; it is written, marked and left out of training [ours].
MAX_ERROR_M, MAX_RESIDUAL, MAX_RESERVE = 0.06, 0.20, 0.30


def simulate_take(path: Path, motion: Motion, person: Person, physics: int) -> None:
    """Simulate a motion by a person and write the take, or leave it if it is there, of the same motion and physics.

    `physics` is `body.parts.physics_checksum`. Raises MissingDependencyError without the `physics` extra.
    """
    from agonist.body import simulate

    checksums = motion_checksum(motion), physics
    if path.is_file() and _stored_checksums(path) == checksums:
        return
    result = simulate(motion, person, output_fps=CORPUS_FPS)
    floor = float(result.parameters["floor_m"])
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(
            stream,
            keypoints=(result.keypoints - np.array([0, 0, floor])).astype(np.float32),
            activation=result.activation.values.astype(np.float32),
            fps=CORPUS_FPS,
            residual_share=result.residual_share.astype(np.float32),
            reserve_share=result.reserve_share.astype(np.float32),
            keypoint_error_m=result.keypoint_error_m.astype(np.float32),
            ground_reaction_n=result.ground_reaction.astype(np.float32),
            motion_crc32=checksums[0],
            physics_crc32=checksums[1],
        )


def motion_checksum(motion: Motion) -> int:
    """CRC-32 of a motion's keypoints to the millimetre; the last bits of a sum may differ between machines."""
    return zlib.crc32(np.round(1000 * standing_keypoints(motion).positions).astype("<i4").tobytes())


def checksum_of_all(rows: list[dict[str, object]]) -> int:
    """CRC-32 of the motions of all takes, by their rows of corpus.json."""
    return zlib.crc32(" ".join(f"{row['id']}:{row['motion_crc32']}" for row in rows).encode())


def _stored_checksums(path: Path) -> tuple[int, int] | None:
    try:
        with np.load(path, allow_pickle=False) as data:
            return int(data["motion_crc32"]), int(data["physics_crc32"])
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        # Torn or of an older version: simulated again.
        return None


def describe_take(path: Path) -> dict[str, object]:
    """Frames, checksums, quality of the simulation, and whether it is `usable`. Raises FileFormatError."""
    try:
        with np.load(path, allow_pickle=False) as data:
            quality = {key: float(data[key].mean()) for key in ("keypoint_error_m", "residual_share", "reserve_share")}
            frames, checksums = len(data["activation"]), {key: int(data[key]) for key in ("motion_crc32", "physics_crc32")}
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise FileFormatError(path, f"{error}", "a take of the corpus; delete it and build again") from error
    usable = (
        quality["keypoint_error_m"] < MAX_ERROR_M and quality["residual_share"] < MAX_RESIDUAL and quality["reserve_share"] < MAX_RESERVE
    )
    return {"frames": frames, **checksums, **quality, "usable": usable}
