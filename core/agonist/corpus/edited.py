"""Edited motions, simulated: what recordings do not show and what an editor's own encoder has to judge.

An editor learns by what its encoder says of motions that the editor made, and no recording holds such motions. Where the encoder
errs there, the editor learns to please it and not physics. So a model edits takes of a corpus, physics says what muscles do in
what came of it, and the next model learns from both (Ross et al. 2011: data of the states that a learned policy reaches).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from agonist.body.parts import physics_checksum
from agonist.corpus.build import Take, motion_of
from agonist.corpus.files import read_index, take_path
from agonist.corpus.people import PEOPLE
from agonist.corpus.running import run_pieces
from agonist.corpus.simulated import CORPUS_FPS, checksum_of_all, describe_take, simulate_take
from agonist.edit import edit
from agonist.edit_goal import draw_request
from agonist.errors import ContractError, FileFormatError, InputError, WorkError
from agonist.io.atomic import atomic_path
from agonist.model import Model, load_model

__all__ = ["EditedTake", "build_edited", "plan_edited"]

# Seconds of a take that are edited, and the shortest take that is: a window of the encoder and a little more [ours].
SECONDS, SHORTEST_S = 6.0, 4.0
_TAKE = tuple(field.name for field in fields(Take))


@dataclass(frozen=True)
class EditedTake:
    """One take to be edited and simulated.

    Attributes:
        id: unique name, also the file's.
        take: of the corpus.
        first_second: where in the take the edited piece begins.
        asked: muscle -> factor.
    """

    id: str
    take: Take
    first_second: float
    asked: dict[str, float]


def plan_edited(rows: list[dict[str, Any]], names: tuple[str, ...], edits: int, seed: int) -> list[EditedTake]:
    """Which takes are edited and how: drawn from usable ones, never from the test split. Raises InputError if none is long enough.

    `rows` are a corpus's takes, `names` the muscles.
    """
    known = [row for row in rows if row["usable"] and row["split"] != "test" and row["frames"] >= SHORTEST_S * CORPUS_FPS]
    if not known:
        raise InputError(f"No take to edit. Expected usable ones of {SHORTEST_S:g} s or more outside the test split.")
    rng, planned = np.random.default_rng(seed), []
    for number in range(edits):
        row = known[int(rng.integers(len(known)))]
        first = float(rng.uniform(0, max(row["frames"] / CORPUS_FPS - SECONDS, 0)))
        asked = {name: round(float(2.0**value), 3) for name, value in zip(names, draw_request(len(names), rng), strict=True) if value}
        take = Take(**{key: row[key] for key in _TAKE})
        planned.append(EditedTake(f"{number:05d}-{take.id}", take, round(first, 2), asked))
    return planned


def build_edited(
    folder: Path,
    corpus: Path,
    model: Model,
    *,
    edits: int = 2000,
    seed: int = 0,
    data: Path | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, object]:
    """Let a model edit takes of a corpus and simulate what comes of it, with each take's own person: takes/*.npz and corpus.json.

    A folder that holds some of it is gone on with.

    Args:
        folder: where to write.
        corpus: of `build_corpus`; its training and validation takes are edited.
        model: whose editor it is.
        edits: how many.
        seed: of everything random.
        data: the folder of recordings that the corpus was built with.
        jobs: processes on this machine.
        progress: called with takes done and takes in all.

    Returns:
        the content of corpus.json. Raises WorkError if the folder holds something else, FileFormatError for another sort of corpus,
        ContractError for a model without an editor, InputError where recordings are missing.
    """
    base, rows = read_index(corpus, (*_TAKE, "usable", "frames"))
    if "motions_crc32" not in base:
        raise FileFormatError(corpus / "corpus.json", "no corpus of Agonist's own people and exercises", "that of 'agonist corpus build'")
    if data is None and any(row["source"] == "mocap" for row in rows):
        raise InputError(f"{corpus}: holds motion capture. Expected the folder of recordings that it was built with (--data).")
    if not (model.has("encoder") and model.has("editor")):
        raise ContractError(f"{model.folder}: has no editor. Expected a model with encoder and editor.")
    plan = {
        "seed": seed, "budget": f"{edits} edits", "fps": CORPUS_FPS, "muscles": "mia8", "data": "simulated",
        "edited": {"motions_crc32": base["motions_crc32"], "budget": base["budget"], "seed": base["seed"]},
        "by": {"model": model.name, **{f"{part}_sha256": model.contract.files[part][1] for part in ("encoder", "editor")}},
    }  # fmt: skip
    index = folder / "corpus.json"
    takes = plan_edited(rows, model.contract.muscles.names, edits, seed)
    (folder / "takes").mkdir(parents=True, exist_ok=True)
    if index.is_file() and any(read_index(folder)[0].get(key) != value for key, value in plan.items()):
        raise WorkError(f"{folder}: holds another corpus. Expected an empty folder, or edits of the same takes by the same model.")
    work = partial(
        _simulate, seed=base["seed"], data=data.absolute() if data else None, folder=folder.absolute(),
        model=model.folder.absolute(), physics=physics_checksum(),
    )  # fmt: skip
    for done, _ in enumerate(run_pieces(work, takes, jobs), 1):
        if progress:
            progress(done, edits)
    described = [_describe(take, folder) for take in takes]
    document: dict[str, object] = {
        **plan, "motions_crc32": checksum_of_all(described), "physics_crc32": described[0]["physics_crc32"], "takes": described
    }  # fmt: skip
    with atomic_path(index) as temporary:
        temporary.write_text(json.dumps(document, indent=1))
    return document


def _simulate(planned: EditedTake, seed: int, data: Path | None, folder: Path, model: Path, physics: int) -> str:
    motion = motion_of(planned.take, seed, data)
    first = round(planned.first_second * motion.fps)
    piece = motion.slice(first, first + round(SECONDS * motion.fps) + 1)
    result = edit(piece, planned.asked, model=load_model(model))
    person = next(person for person in PEOPLE if person.name == planned.take.person).person
    simulate_take(take_path(folder, planned.id), result.motion, person, physics)
    return planned.id


def _describe(planned: EditedTake, folder: Path) -> dict[str, object]:
    take = planned.take
    return {
        "id": planned.id, "take": take.id, "exercise": take.exercise, "person": take.person, "source": "edited", "split": take.split,
        "upper": take.upper, "variation": take.variation, "first_second": planned.first_second, "asked": planned.asked,
        **describe_take(take_path(folder, planned.id)),
    }  # fmt: skip
