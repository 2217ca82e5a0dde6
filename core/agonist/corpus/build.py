"""Build a corpus: plan takes, split them, simulate them, write them; the same for any number of processes.

The split is made from names before anything is simulated: two people and seven mocap clips are kept for testing, one
person for validation. Mirrored copies are made when the corpus is read, from the simulated take: physics is symmetric.
"""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from agonist.body.parts import physics_checksum
from agonist.corpus.exercises import EXERCISES, MIA_EXERCISES, perform
from agonist.corpus.files import read_index, take_path
from agonist.corpus.mia_layout import write_mia_layout
from agonist.corpus.people import PEOPLE
from agonist.corpus.running import run_pieces
from agonist.corpus.simulated import CORPUS_FPS, checksum_of_all, describe_take, simulate_take
from agonist.corpus.sources import MOCAP_CLIPS, MOCAP_TEST, load_clip, resize, vary
from agonist.errors import InputError, WorkError
from agonist.io.atomic import atomic_path
from agonist.motion import Motion

__all__ = ["LAYOUTS", "Take", "build_corpus", "motion_of", "plan_corpus"]

LAYOUTS = ("agonist", "mia", "both")
TEST_PEOPLE, VALIDATION_PEOPLE = ("Subject8", "Subject9"), ("Subject7",)


@dataclass(frozen=True)
class Take:
    """One take to be simulated.

    Attributes:
        id: unique name, also the file's.
        exercise: name of the exercise, or of the mocap clip's folder and file.
        person: name of the virtual person.
        source: "parametric" or "mocap".
        split: "train", "val" or "test".
        seconds: most of the clip that is used.
        first_second: where in a mocap clip it starts.
        upper: exercise that lends arms and trunk, or "".
        variation: standard deviation of random turns, radians; 0 for the motion as it is.
    """

    id: str
    exercise: str
    person: str
    source: str
    split: str
    seconds: float
    first_second: float = 0.0
    upper: str = ""
    variation: float = 0.0


def _split(person: str, clip: str = "") -> str:
    if clip in MOCAP_TEST or person in TEST_PEOPLE:
        return "test"
    return "val" if person in VALIDATION_PEOPLE else "train"


def plan_corpus(budget: str, seed: int, data: Path | None) -> list[Take]:
    """The takes of a corpus, in a fixed order. `budget` is "tiny" (tests), "small" or "full".

    Raises InputError if none of the recordings is in the folder `data`.
    """
    if data is not None and not any((data / clip).is_file() for clip in MOCAP_CLIPS):
        some = dict.fromkeys(MOCAP_CLIPS[:1] + tuple(clip for clip in MOCAP_CLIPS if "walk." in clip))
        raise InputError(f"{data}: no recording that is known in it. Expected {', '.join(some)} or others beside them.")
    rounds, seconds, mocap_people = {"tiny": (1, 3.0, 1), "small": (2, 8.0, 4), "full": (14, 12.0, 10)}[budget]
    rng = np.random.default_rng(seed)
    names = list(EXERCISES)
    takes = []
    for turn in range(rounds):
        for person in PEOPLE[:: 5 if budget == "tiny" else 1]:
            for name in list(MIA_EXERCISES)[::5] if budget == "tiny" else names:
                # Odd rounds are varied and half of them mix two exercises: lower body of one, upper body of another.
                varied = turn % 2 == 1
                upper = str(rng.choice(names)) if varied and rng.random() < 0.5 else ""
                variation = float(rng.uniform(0.05, 0.22)) if varied else 0.0
                takes.append(Take(f"{turn:02d}-{person.name}-{name}", name, person.name, "parametric", _split(person.name), seconds,
                                  0.0, upper, variation))  # fmt: skip
    for clip in MOCAP_CLIPS if data else ():
        path = Path(data or "") / clip
        if not path.is_file():
            continue
        duration = load_clip(path).duration
        for turn, person in enumerate(PEOPLE[:mocap_people]):
            for piece, first in enumerate(np.arange(0.0, max(duration - 0.5, 0.1), 10.0)):
                variation = float(rng.uniform(0.05, 0.2)) if turn % 2 else 0.0
                if person.name in TEST_PEOPLE and clip not in MOCAP_TEST:
                    # Resized to another body, a clip is still the clip that training knows from other people: no test.
                    continue
                takes.append(Take(f"mocap-{path.stem}-{piece}-{person.name}", clip, person.name, "mocap", _split(person.name, clip),
                                  10.0, float(first), "", variation))  # fmt: skip
    return takes


def motion_of(take: Take, seed: int, data: Path | None) -> Motion:
    """What is simulated for a take; `data` is the folder of recordings."""
    # A take's own randomness hangs on its name only: the same for any order and any number of processes.
    rng = np.random.default_rng([seed, zlib.crc32(take.id.encode())])
    body = next(person for person in PEOPLE if person.name == take.person)
    if take.source == "parametric":
        motion = perform(take.exercise, take.seconds, body.height_m, rng, take.upper or None)
    else:
        motion = resize(load_clip(Path(data or "") / take.exercise), body.height_m)
        first = round(take.first_second * motion.fps)
        motion = motion.slice(first, first + round(take.seconds * motion.fps) + 1).resample(30.0)
    return vary(motion, rng, take.variation) if take.variation else motion


def _simulate(take: Take, seed: int, data: Path | None, folder: Path, physics: int) -> str:
    person = next(person for person in PEOPLE if person.name == take.person).person
    simulate_take(take_path(folder, take.id), motion_of(take, seed, data), person, physics)
    return take.id


def build_corpus(
    folder: Path,
    *,
    budget: str = "small",
    seed: int = 0,
    data: Path | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    layout: str = "agonist",
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, object]:
    """Simulate a corpus into `folder`: takes/*.npz and corpus.json. Takes of the same motion and physics are kept.

    Args:
        folder: where to write.
        budget: "tiny", "small" or "full".
        seed: of everything random.
        data: folder of real recordings (cmu02/, mass_bvh/, deepmimic/); parametric exercises only if None.
        jobs: processes on this machine: a local Dask cluster where Dask is installed, a pool of processes where it is not.
        scheduler: address of a Dask scheduler whose workers do it instead; they need this package and the same folders.
        layout: "agonist"; "both" writes MIADatasetOfficial/ beside it (see `mia_layout`); "mia" leaves nothing but that in a
            folder that held no corpus before.
        progress: called with takes done and takes in all.

    Returns:
        the content of corpus.json. Raises WorkError if the folder holds a corpus of another plan, InputError for a layout
        that does not exist and for a folder without recordings.
    """
    if layout not in LAYOUTS:
        raise InputError(f"Layout '{layout}'. Expected {', '.join(LAYOUTS)}.")
    takes = plan_corpus(budget, seed, data)
    index = folder / "corpus.json"
    known = index.is_file()
    plan = {"seed": seed, "budget": budget, "fps": CORPUS_FPS, "muscles": "mia8", "data": "simulated"}
    (folder / "takes").mkdir(parents=True, exist_ok=True)
    if known:
        former, rows = read_index(folder)
        if any(former.get(key) != value for key, value in plan.items()):
            raise WorkError(f"{folder}: holds a corpus of another seed or budget. Expected an empty folder or the same plan.")
        if data is None and any(row.get("source") == "mocap" for row in rows):
            raise WorkError(
                f"{folder}: holds takes of motion capture. Expected the folder of recordings (--data) again, or an empty folder."
            )
    # Physics is taken once: sources that change during a build are not what it runs. Paths are absolute for workers elsewhere.
    here = data.absolute() if data else None
    work = partial(_simulate, seed=seed, data=here, folder=folder.absolute(), physics=physics_checksum())
    for done, _ in enumerate(run_pieces(work, takes, jobs, scheduler), 1):
        if progress:
            progress(done, len(takes))
    rows = [{**asdict(take), **describe_take(take_path(folder, take.id))} for take in takes]
    document: dict[str, object] = {
        **plan, "motions_crc32": checksum_of_all(rows), "physics_crc32": rows[0]["physics_crc32"], "takes": rows
    }  # fmt: skip
    with atomic_path(index) as temporary:
        temporary.write_text(json.dumps(document, indent=1))
    if layout != "agonist":
        write_mia_layout(folder, document, folder)
    if layout == "mia" and not known:
        shutil.rmtree(folder / "takes")
        index.unlink()
    return document

