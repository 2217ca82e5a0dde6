"""The data card of a corpus: what is in it, how good it is, what its muscles do, and pictures to look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from agonist.corpus.exercises import EXERCISES, MIA_EXERCISES
from agonist.corpus.people import PEOPLE
from agonist.corpus.pictures import draw_distributions, draw_strip
from agonist.corpus.summary import GROUPS, QUALITY, LoadedTake, expectations, group_values, read_takes, speed_m_s
from agonist.io.atomic import atomic_path

__all__ = ["write_card"]

_SIMULATED = """\
# Data card: corpus "{budget}", seed {seed}

**All activation here is simulated.** No sensor was worn: motions are parametric exercises and, where recordings were given,
motion capture on ten virtual bodies; activation is static optimisation on a musculoskeletal model. Nothing here was compared
with real EMG by this program. Hands are empty: no dumbbell, no cable, no resistance but the body itself.
"""
_IMPORTED = """\
# Data card: import of "{dataset}"

**{data}.** {note}
"""
_HEAD = """\
{takes} takes, {minutes:.1f} minutes at {fps:g} frames a second; {usable} takes ({usable_minutes:.1f} minutes) are usable for
training. Checksums: motions {motions}, physics {physics}.

![distributions](distributions.png)
"""


def write_card(folder: Path, out: Path, progress: Callable[[int, int], None] | None = None) -> dict[str, Any]:
    """Write CARD.md, distributions.png and strips/NAME.png, one for each exercise and each mocap clip.

    Args:
        folder: a corpus of `build_corpus` or `import_mia`.
        out: folder to write; files of an older card are replaced.
        progress: called with pictures done and pictures in all.

    Returns:
        the numbers of the card: takes, minutes, usable, exercises, expectations and the names of the pictures. Raises
        FileFormatError for a broken corpus, InputError if `out` cannot be written, MissingDependencyError without matplotlib.
    """
    document, takes = read_takes(folder)
    usable = [take for take in takes if take.row["usable"]]
    # Variations and mixtures are data, but not the exercise as it is written.
    plain = [take for take in usable if not take.row["upper"] and not take.row["variation"]]
    chosen = _choose(takes)
    draw_distributions(takes, out / "distributions.png")
    for done, (name, take) in enumerate(chosen.items(), 1):
        draw_strip(take, out / "strips" / f"{name}.png")
        if progress:
            progress(done, len(chosen))
    # Counts of sensors have no standing at ease beside them.
    checks = [] if any(take.measured for take in takes) else expectations(plain)
    exercises = _exercises(takes)
    minutes = {id(take): len(take.activation) / take.fps / 60 for take in takes}
    if "dataset" in document:
        data = str(document.get("data", "?"))
        title = _IMPORTED.format(dataset=document["dataset"], data=data[:1].upper() + data[1:], note=document.get("note", ""))
    else:
        title = _SIMULATED.format(budget=document.get("budget", "?"), seed=document.get("seed", "?"))
    text = _HEAD.format(
        takes=len(takes), fps=takes[0].fps, usable=len(usable),
        minutes=sum(minutes.values()), usable_minutes=sum(minutes[id(take)] for take in usable),
        motions=document.get("motions_crc32", "none"), physics=document.get("physics_crc32", "none"),
    )  # fmt: skip
    quality = _quality(takes) if all(take.judged for take in takes) else ""
    kind = "Sensor counts over full scale" if any(take.measured for take in takes) else "Simulated activation"
    sections = [title, text, _people(takes), quality, _expected(checks) if checks else "", _table(exercises, kind), _strips(chosen)]
    with atomic_path(out / "CARD.md") as temporary:
        temporary.write_text("\n".join(section for section in sections if section), encoding="utf-8")
    return {
        "takes": len(takes), "usable": len(usable), "minutes": sum(minutes.values()), "exercises": exercises, "expectations": checks,
        "pictures": ["distributions.png", *(f"strips/{name}.png" for name in chosen)],
    }  # fmt: skip


def _choose(takes: list[LoadedTake]) -> dict[str, LoadedTake]:
    """One take for each exercise and clip, as written if there is one, usable if there is one."""
    chosen: dict[str, LoadedTake] = {}
    for take in sorted(takes, key=lambda take: (bool(take.row["variation"]), not take.row["usable"])):
        if not take.row["upper"]:
            chosen.setdefault(take.name, take)
    order = {name: place for place, name in enumerate(EXERCISES)}
    return dict(sorted(chosen.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))


def _people(takes: list[LoadedTake]) -> str:
    minutes: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for take in takes:
        minutes[take.row["person"]][take.row["split"]] += len(take.activation) / take.fps / 60
    spent = {name: [f"{own[split]:.1f}" for split in ("train", "val", "test")] for name, own in minutes.items()}
    if any(take.measured for take in takes):
        # Names of real people may be those of virtual ones.
        table = _markdown(["person", "train min", "val min", "test min"], [[name, *spent[name]] for name in sorted(spent)])
        return f"## People and split\n\n{table}"
    rows = [
        [person.name, person.person.sex, f"{person.height_m:.2f}", f"{person.person.mass_kg:g}", f"{person.person.strength:g}",
         *spent[person.name]]
        for person in PEOPLE if person.name in minutes
    ]  # fmt: skip
    head = ["virtual person", "sex", "height m", "mass kg", "strength", "train min", "val min", "test min"]
    note = "A motion capture clip that is held out is in test on every body.\n"
    return f"## People and split\n\n{_markdown(head, rows)}\n{note}"


def _quality(takes: list[LoadedTake]) -> str:
    rows = []
    labels = ("keypoint error, cm", "residual, % of body weight", "reserve, % of joint moments")
    for key, label in zip(QUALITY, labels, strict=True):
        values = 100 * np.array([take.row[key] for take in takes])
        rows.append([label, *(f"{value:.1f}" for value in (np.median(values), np.percentile(values, 95), values.max()))])
    left_out: dict[str, int] = defaultdict(int)
    for take in takes:
        left_out[take.name] += not take.row["usable"]
    names = ", ".join(f"{name} {count}" for name, count in sorted(left_out.items(), key=lambda item: -item[1]) if count)
    text = (
        "Residual is force at the pelvis that nothing carries, reserve the share of the joint moments that muscles did not carry;\n"
        f"a take too far from what physics can explain is not usable.\nNot usable: {names or 'none'}.\n"
    )
    return f"## Quality of the simulation\n\n{_markdown(['mean of a take', 'median', '95 %', 'most'], rows)}\n{text}"


def _expected(checks: list[dict[str, Any]]) -> str:
    rows = [
        [row["exercise"], row["group"], f"{row['peak']:.2f}", f"{row['standing']:.2f}", row["most"], "yes" if row["loaded"] else "**no**"]
        for row in checks
    ]
    text = (
        "The group that textbooks name first, and its simulated peak (95th percentile) beside that of standing at ease; loaded means\n"
        "0.05 more than standing. `most` is the group that rises most. Only usable takes of exercises as written.\n"
    )
    head = ["exercise", "expected", "peak", "standing", "most", "loaded"]
    return f"## Does an exercise load its muscle?\n\n{text}\n{_markdown(head, rows)}"


def _exercises(takes: list[LoadedTake]) -> list[dict[str, Any]]:
    groups: dict[str, list[LoadedTake]] = defaultdict(list)
    for take in takes:
        if not take.row["upper"]:
            groups[take.name].append(take)
    order = {name: place for place, name in enumerate(EXERCISES)}
    rows = []
    for name in sorted(groups, key=lambda name: (order.get(name, len(order)), name)):
        own = groups[name]
        values = group_values(own)
        rows.append({
            "exercise": name, "takes": len(own), "usable": sum(bool(take.row["usable"]) for take in own),
            "speed_m_s": float(np.mean([speed_m_s(take) for take in own])),
            "residual_share": float(np.mean([take.row["residual_share"] for take in own])) if all(take.judged for take in own) else None,
            "mean": {group: float(value) for group, value in zip(GROUPS, values.mean(axis=0), strict=True)},
            "peak": {group: float(value) for group, value in zip(GROUPS, np.percentile(values, 95, axis=0), strict=True)},
        })  # fmt: skip
    return rows


def _table(exercises: list[dict[str, Any]], kind: str) -> str:
    head = ["exercise", "takes", "usable", "speed m/s", "residual %", *(f"{group} mean / peak" for group in GROUPS)]
    rows = [
        [row["exercise"] + ("" if row["exercise"] not in MIA_EXERCISES else " (MIA)"), str(row["takes"]), str(row["usable"]),
         f"{row['speed_m_s']:.2f}", "–" if row["residual_share"] is None else f"{100 * row['residual_share']:.1f}",
         *(f"{row['mean'][group]:.2f} / {row['peak'][group]:.2f}" for group in GROUPS)]
        for row in exercises
    ]  # fmt: skip
    text = f"{kind} of both sides, mean and 95th percentile over frames; usable or not, mixtures left out.\n"
    return f"## Exercises and clips\n\n{text}\n{_markdown(head, rows)}"


def _strips(chosen: dict[str, LoadedTake]) -> str:
    return "## Strips\n\n" + "\n".join(f"![{name}](strips/{name}.png)" for name in chosen) + "\n"


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
