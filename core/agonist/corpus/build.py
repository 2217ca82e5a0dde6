"""Build a corpus: plan takes, split them, simulate them, write them; the same for any number of processes.

The split is made from names before anything is simulated: two people and seven mocap clips are kept for testing, one
person for validation. Mirrored copies are made when the corpus is read, from the simulated take: physics is symmetric.
A take remembers checksums of the motion that it simulates and of the code that simulated it: when either has changed it is
simulated again, and two corpora of one seed can be told apart.
"""

from __future__ import annotations

import json
import logging
import shutil
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from agonist.body.parts import physics_checksum
from agonist.corpus.exercises import EXERCISES, MIA_EXERCISES, perform
from agonist.corpus.files import read_index, take_path
from agonist.corpus.mia_layout import write_mia_layout
from agonist.corpus.people import PEOPLE
from agonist.corpus.sources import MOCAP_CLIPS, MOCAP_TEST, load_clip, resize, vary
from agonist.errors import FileFormatError, InputError, MissingDependencyError, WorkError
from agonist.io.atomic import atomic_path
from agonist.motion import Motion
from agonist.predict import standing_keypoints
from agonist.threads import one_thread_each

__all__ = ["CORPUS_FPS", "LAYOUTS", "Take", "build_corpus", "motion_checksum", "plan_corpus"]

CORPUS_FPS = 20.0
LAYOUTS = ("agonist", "mia", "both")
TEST_PEOPLE, VALIDATION_PEOPLE = ("Subject8", "Subject9"), ("Subject7",)
# A take this far from what physics can explain teaches nothing; it is written, marked and left out of training [ours].
MAX_ERROR_M, MAX_RESIDUAL, MAX_RESERVE = 0.06, 0.20, 0.30


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


def _motion(take: Take, seed: int, data: Path | None) -> Motion:
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
    from agonist.body import simulate

    path = take_path(folder, take.id)
    motion = _motion(take, seed, data)
    checksums = motion_checksum(motion), physics
    if path.is_file() and _stored_checksums(path) == checksums:
        return take.id
    person = next(person for person in PEOPLE if person.name == take.person).person
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
    return take.id


def motion_checksum(motion: Motion) -> int:
    """CRC-32 of a motion's keypoints to the millimetre; the last bits of a sum may differ between machines."""
    return zlib.crc32(np.round(1000 * standing_keypoints(motion).positions).astype("<i4").tobytes())


def _stored_checksums(path: Path) -> tuple[int, int] | None:
    try:
        with np.load(path, allow_pickle=False) as data:
            return int(data["motion_crc32"]), int(data["physics_crc32"])
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        # Torn or of an older version: simulated again.
        return None


def _run(takes: list[Take], seed: int, data: Path | None, folder: Path, jobs: int) -> Iterator[str]:
    if jobs == 1:
        # Taken once: sources that change during a build are not what it runs.
        physics = physics_checksum()
        for take in takes:
            yield _simulate(take, seed, data, folder, physics)
        return
    one_thread_each()
    try:
        from distributed import LocalCluster
    except ImportError:
        yield from _run_in_processes(takes, seed, data, folder, jobs)
        return
    # A worker that dies is started again and its take with it. Memory has no limit: a take needs what it needs.
    cluster = LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=jobs, threads_per_worker=1, processes=True, memory_limit=0, dashboard_address=None, silence_logs=logging.ERROR
    )
    with cluster:
        yield from _run_on_dask(takes, seed, data, folder, cluster.scheduler_address)


def _run_in_processes(takes: list[Take], seed: int, data: Path | None, folder: Path, jobs: int) -> Iterator[str]:
    physics = physics_checksum()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(_simulate, take, seed, data, folder, physics) for take in takes]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _run_on_dask(takes: list[Take], seed: int, data: Path | None, folder: Path, scheduler: str) -> Iterator[str]:
    try:
        from distributed import Client
        from distributed import as_completed as finished
    except ImportError as error:
        raise MissingDependencyError("distributed", "dask", "Building a corpus on a Dask cluster") from error
    physics = physics_checksum()
    try:
        client = Client(scheduler, timeout="10s")  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise WorkError(f"No Dask scheduler answers at '{scheduler}' ({error}). Expected an address such as tcp://host:8786.") from error
    with client:
        # Workers write the takes themselves, so the folders have to be the same for all of them.
        here = data.absolute() if data else None
        futures = [client.submit(_simulate, take, seed, here, folder.absolute(), physics, pure=False) for take in takes]
        for future in finished(futures):  # type: ignore[no-untyped-call]
            yield future.result()


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
    running = _run_on_dask(takes, seed, data, folder, scheduler) if scheduler else _run(takes, seed, data, folder, jobs)
    for done, _ in enumerate(running, 1):
        if progress:
            progress(done, len(takes))
    rows = [_describe(take, folder) for take in takes]
    total = zlib.crc32(" ".join(f"{row['id']}:{row['motion_crc32']}" for row in rows).encode())
    document: dict[str, object] = {**plan, "motions_crc32": total, "physics_crc32": rows[0]["physics_crc32"], "takes": rows}
    with atomic_path(index) as temporary:
        temporary.write_text(json.dumps(document, indent=1))
    if layout != "agonist":
        write_mia_layout(folder, document, folder)
    if layout == "mia" and not known:
        shutil.rmtree(folder / "takes")
        index.unlink()
    return document


def _describe(take: Take, folder: Path) -> dict[str, object]:
    path = take_path(folder, take.id)
    try:
        with np.load(path, allow_pickle=False) as data:
            quality = {key: float(data[key].mean()) for key in ("keypoint_error_m", "residual_share", "reserve_share")}
            frames, checksums = len(data["activation"]), {key: int(data[key]) for key in ("motion_crc32", "physics_crc32")}
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise FileFormatError(path, f"{error}", "a take of the corpus; delete it and build again") from error
    usable = (
        quality["keypoint_error_m"] < MAX_ERROR_M and quality["residual_share"] < MAX_RESIDUAL and quality["reserve_share"] < MAX_RESERVE
    )
    return {**asdict(take), "frames": frames, **checksums, **quality, "usable": usable}
