"""Tables of the protocols in the paper's layout: a document of plain values, and that as Markdown.

Everything is said of pooled errors with 95 % intervals from a seeded bootstrap over people and exercises. The paper's own
figures stand beside ours only where the data is the paper's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from agonist import __version__
from agonist.evaluation.bootstrap import crossed_weights, intervals
from agonist.evaluation.cells import Cells
from agonist.evaluation.markdown_tables import marked, plain, table, with_interval
from agonist.evaluation.mia_clips_report import CLIPPED, clips_document, clips_lines
from agonist.evaluation.mia_folds import frame_places, make_folds, share_frames
from agonist.evaluation.mia_results import CALIBRATED, NETWORKS, FoldResult
from agonist.evaluation.mia_windows import MiaWindows
from agonist.evaluation.protocols import BUDGETS
from agonist.evaluation.published import PUBLISHED, PUBLISHED_TEMPORAL
from agonist.keypoint_layouts import BODY25
from agonist.muscles import muscle_set

__all__ = ["PUBLISHED_NOTE", "TITLES", "UNITS", "markdown", "mia_report", "published_name", "said_commits", "said_data"]

DRAWS, BOOTSTRAP_SEED = 1000, 20_231_002
TITLES = {"encoder": "Motion to muscle", "decoder": "Muscle to motion", "decoder-2d": "Muscle to motion in a picture"}
PUBLISHED_NOTE = (
    "Published: Chiquier & Vondrick 2023, or what others measured with their model, trained longer than a small budget allows and with",
    "one name left out at a time. Metres here are of windows turned so that the person faces the camera; the paper's are in the",
    "camera's axes as recorded.",
)
UNITS = {"encoder": "sensor counts", "decoder": "metres", "decoder-2d": "pixels"}


def mia_report(windows: MiaWindows, protocol: str, budget: str, seed: int, results: Sequence[FoldResult]) -> dict[str, Any]:
    """Everything that the tables say, as plain values.

    Args:
        windows: what was evaluated on.
        protocol, budget, seed: of the run.
        results: of `evaluate_mia`.
    """
    spent, corpus, official = BUDGETS[budget], windows.corpus, windows.official
    document: dict[str, Any] = {
        "protocol": protocol, "budget": budget, "seed": seed, "steps": spent.steps, "batch": spent.batch, "version": __version__,
        "learning_rates": list(spent.rates), "data": corpus["data"], "simulated": windows.simulated, "official": official,
        "gains_given": windows.gains_given,
        "corpus": {key: corpus.get(key) for key in ("seed", "budget", "dataset", "motions_crc32", "physics_crc32")},
        "windows": len(windows), "origin": _origin(windows, protocol), "folds": list(dict.fromkeys(one.fold for one in results)),
        "commits": sorted({one.commit for one in results} - {""}),
        "bootstrap": {"draws": DRAWS, "seed": BOOTSTRAP_SEED, "unit": "person and exercise"},
    }  # fmt: skip
    if windows.published:
        document["parts"] = _parts(windows, protocol, budget)
    if any(one.method in CALIBRATED for one in results):
        document["calibration"] = clips_document(windows, make_folds(windows, protocol, groups=spent.groups), results)
    if protocol == "temporal":
        document["temporal"] = _temporal(results)
        published = {name: {str(frames): value for frames, value in row.items()} for name, row in PUBLISHED_TEMPORAL.items()}
        document["published"] = published if official else None
    else:
        for direction in TITLES:
            mine = [one for one in results if one.direction == direction]
            if mine:
                document[direction] = _direction(mine)
        document["published"] = {one: PUBLISHED.get((protocol, one)) for one in TITLES} if official else None
    trained = [one for one in results if one.training]
    document["training"] = [{"method": one.method, "direction": one.direction, "fold": one.fold, **one.training} for one in trained]
    # What is calibrated is a network that was trained once, whether or not that stands in the table too.
    minutes = {(CALIBRATED.get(one.method, one.method), one.direction, one.fold): one.training["minutes"] for one in trained}
    document["training_minutes"] = sum(minutes.values())
    chosen = [one for one in results if one.chosen]
    document["chosen"] = [{"method": one.method, "direction": one.direction, "fold": one.fold, **one.chosen} for one in chosen]
    return document


def _origin(windows: MiaWindows, protocol: str) -> str:
    """Which windows and which folds, in a sentence."""
    if not windows.published:
        mia = windows.corpus.get("dataset") == "mia"
        stitched = ", which were stitched from the authors' windows: no window of the paper" if mia else ""
        return f"Windows: cut from the takes without overlap{stitched}. Folds: made from names and times."
    listed = windows.lists.get("in" if protocol in ("in", "temporal") else protocol)
    said = f"the authors' lists ({len(listed)})" if listed else "the authors' folders train/ and val/ and names, as no lists were imported"
    if not listed and "in" in windows.lists:
        said = "the authors' lists in distribution, and names, as no others were imported"
    return f"Windows: the authors' own, as published, overlapping as they do. Folds: {said}."


def _parts(windows: MiaWindows, protocol: str, budget: str) -> list[dict[str, Any]]:
    """How many windows are in which part of a fold, and how many that are tested share frames with training."""
    places = frame_places(windows)
    return [
        {"fold": one.name, "listed": one.listed, "train": len(one.train), "stop": len(one.val), "test": len(one.test),
         "test_sharing_frames_with_train": int(share_frames(places, one.test, one.train).sum()), "missing": one.missing}
        for one in make_folds(windows, protocol, groups=BUDGETS[budget].groups, lengths=BUDGETS[budget].lengths)
    ]  # fmt: skip


def _by_method(results: Sequence[FoldResult]) -> dict[str, Cells]:
    methods = dict.fromkeys(one.method for one in results)
    return {method: Cells.joined([one.cells for one in results if one.method == method]) for method in methods}


def _direction(results: Sequence[FoldResult]) -> dict[str, Any]:
    cells = _by_method(results)
    one = next(iter(cells.values()))
    weights = crossed_weights(one.names, DRAWS, BOOTSTRAP_SEED)
    direction = results[0].direction
    axes = "xz" if direction == "decoder-2d" else "xyz"
    columns = muscle_set("mia8").names if direction == "encoder" else [f"{point}_{axis}" for point in BODY25.names for axis in axes]
    exercises, people = (sorted({name[k] for name in one.names}) for k in (1, 0))
    table = {name: {method: float(own.only(exercise=name).rmse()) for method, own in cells.items()} for name in exercises}
    drawn = {method: own.rmse(weights) for method, own in cells.items()}
    return {
        "unit": UNITS[direction], "methods": list(cells),
        "exercises": table,
        "mean_of_exercises": {method: float(np.mean([row[method] for row in table.values()])) for method in cells},
        "pooled": {method: _pooled(own, weights) for method, own in cells.items()},
        "people": {name: {method: float(own.only(person=name).rmse()) for method, own in cells.items()} for name in people},
        "columns": {
            name: {method: {"rmse": float(own.rmse_columns()[k]), "r": float(own.r_columns()[k])} for method, own in cells.items()}
            for k, name in enumerate(columns)
        },
        "lower_by": {
            f"{a} than {b}": _lower(cells[a], cells[b], drawn[a], drawn[b])
            for a in cells if a in NETWORKS for b in (*_peers(a), "mia-release", "retrieval") if b in cells and a != b
        },
    }  # fmt: skip


def _peers(method: str) -> tuple[str, ...]:
    """What a calibrated network is better than, or not: itself without a clip, and the same that is told nobody."""
    return (CALIBRATED[method], NETWORKS[method][0]) if method in CALIBRATED else ()


def _pooled(cells: Cells, weights: Any) -> dict[str, Any]:
    values = {"rmse": Cells.rmse, "normalised_rmse": Cells.normalised_rmse, "r": Cells.r}
    return {name: {"value": float(f(cells)), "interval": list(intervals(f(cells, weights)))} for name, f in values.items()}


def _lower(a: Cells, b: Cells, drawn_a: Any, drawn_b: Any) -> dict[str, Any]:
    """By what share RMSE is lower, with the same cells drawn for both."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return {"value": float(1 - a.rmse() / b.rmse()), "interval": list(intervals(1 - drawn_a / drawn_b))}


def _temporal(results: Sequence[FoldResult]) -> dict[str, Any]:
    rows = {}
    for frames in sorted({one.frames for one in results}):
        cells = _by_method([one for one in results if one.frames == frames])
        weights = crossed_weights(next(iter(cells.values())).names, DRAWS, BOOTSTRAP_SEED)
        rows[str(frames)] = {method: _pooled(own, weights) for method, own in cells.items()}
    return {"unit": "sensor counts", "frames": rows}


_GIVEN = (
    "Every method is given each person's sensor gain (counts at full activation), that of the person left out too: of a new",
    "person it is not known in practice.",
)
_HIDDEN = (
    "No method is given a person's sensor gain (counts at full activation), as of real sensors: all counts are over one number.",
)
_LEARNT = "`c-agonist` learns a gain for each person and muscle, and takes their mean for a person left out."


def markdown(document: dict[str, Any]) -> str:
    """The report as Markdown tables; lower is better but for r. The lowest RMSE of a row is bold."""
    rates = ", ".join(f"{rate:g}" for rate in document["learning_rates"])
    lines = [
        f"# Protocol `{document['protocol']}` of Muscles in Action, budget `{document['budget']}`",
        "",
        f"{said_data(document)} {document['windows']} windows",
        f"of 30 frames at 10 a second; Agonist {document['version']}{said_commits(document['commits'])}.",
        document["origin"],
        f"Every network: {document['steps']} optimiser steps of",
        f"{document['batch']} windows, the same in the same order (seed {document['seed']}), its learning rate chosen from {rates}",
        "by the early-stopping windows of the first fold, in trainings of full length; dropout off in the test. `c-`: is told the person.",
        f"Intervals: 95 %, people and exercises drawn anew, each by themselves (Owen 2007), {DRAWS} draws, seed {BOOTSTRAP_SEED}.",
    ]  # fmt: skip
    if document["simulated"]:
        lines += [
            "Counts are activation times an imaginary sensor's counts of each virtual person: nothing here is EMG.",
        ]
    lines += _GIVEN if document["gains_given"] else _HIDDEN
    if not document["gains_given"] and any(one["method"] == "c-agonist" for one in document["training"]):
        lines.append(_LEARNT)
    if "calibration" in document:
        lines += CLIPPED
    if len(document["folds"]) > 1 and document["protocol"] != "temporal":
        lines += ["", f"Left out together: {'; '.join(document['folds'])}."]
    if "parts" in document:
        lines += _parts_lines(document["parts"])
    if "calibration" in document:
        lines += clips_lines(document["calibration"], {direction: (TITLES[direction].lower(), unit) for direction, unit in UNITS.items()})
    if document["published"]:
        lines += ["", *PUBLISHED_NOTE]
    if document["protocol"] == "temporal":
        lines += _temporal_lines(document)
    for direction, title in TITLES.items():
        if direction in document:
            lines += _direction_lines(title, document[direction], (document["published"] or {}).get(direction))
    rows = [[one["method"], one["direction"], one["fold"], str(one["steps"]), f"{one['learning_rate']:g}", f"{one['parameters']:,}",
             f"{one['minutes']:.1f}"] for one in document["training"]]  # fmt: skip
    lines += ["", "## Training", "", *table(["network", "direction", "fold", "steps", "rate", "parameters", "minutes"], rows)]
    machines = "; ".join(dict.fromkeys(one["hardware"] for one in document["training"] if "hardware" in one))
    said = f" ({machines})" if machines else ""
    lines += ["", f"{document['training_minutes']:.0f} minutes of training in all{said}, without learning rates that were not chosen."]
    chosen = dict.fromkeys(one["direction"] for one in document["chosen"])
    for direction in chosen:
        found = [f"{one['strength']:g} ({one['fold']})" for one in document["chosen"] if one["direction"] == direction]
        lines += ["", f"Ridge regression's strength, chosen by early-stopping windows, {direction}: {', '.join(found)}."]
    return "\n".join(lines) + "\n"


def _parts_lines(parts: Sequence[dict[str, Any]]) -> list[str]:
    lines = ["", "## Windows of each fold", "",
             "Early stopping has the end of each person's and exercise's listed training windows; no frame of these is in a test window of",
             "any fold or in a training window. Where the authors' own test windows share frames with training ones, that is counted here;",
             "published figures have it too.", ""]  # fmt: skip
    names = ("listed", "train", "stop", "test", "test_sharing_frames_with_train", "missing")
    header = ["fold", "listed to train", "trained on", "early stopping", "test", "test, sharing frames with training", "listed, not there"]
    return lines + table(header, [[one["fold"], *(f"{one[name]:,}" for name in names)] for one in parts])


def said_data(document: dict[str, Any]) -> str:
    """Whether anything was measured, and which corpus it is if it was made."""
    corpus, kind = document["corpus"], "SIMULATED" if document["simulated"] else "MEASURED"
    made = f" Corpus budget `{corpus['budget']}`, seed {corpus['seed']};" if corpus["seed"] is not None else ""
    return f"**{kind} data** ({document['data']}).{made}"


def said_commits(commits: Sequence[str]) -> str:
    """Commits in brackets, or nothing where nobody knows them."""
    return f" (commit {', '.join(commits)})" if commits else ""


def _direction_lines(title: str, one: dict[str, Any], published: dict[str, float] | None) -> list[str]:
    methods, unit, others = one["methods"], one["unit"], published or {}
    digits = 4 if unit == "metres" else 2
    lines = ["", f"## {title}: RMSE, {unit}", ""]
    rows = [[name, *marked([row[method] for method in methods], digits), *[""] * len(others)] for name, row in one["exercises"].items()]
    rows.append(["mean of exercises", *marked([one["mean_of_exercises"][method] for method in methods], digits),
                 *(f"{value:.{digits}f}" for value in others.values())])  # fmt: skip
    lines += table(["exercise", *methods, *map(published_name, others)], rows)
    lines += ["", f"## {title}: all test windows", ""]
    rows = [[method, *_pooled_cells(one["pooled"][method], digits)] for method in methods]
    lines += table(["method", f"RMSE, {unit}", "normalised RMSE", "r"], rows)
    if one["lower_by"]:
        lines += ["", "RMSE lower by (negative: higher):", ""]
        lines += table(["", "%"], [[name, with_interval(row, 1, 100)] for name, row in one["lower_by"].items()])
    lines += ["", f"## {title}: RMSE a person, {unit}", ""]
    lines += table(["person", *methods], [[k, *marked([row[m] for m in methods], digits)] for k, row in one["people"].items()])
    if unit == "sensor counts":
        lines += ["", f"## {title}: a muscle, RMSE in {unit} (r)", ""]
        rows = []
        for name, row in one["columns"].items():
            errors = marked([row[method]["rmse"] for method in methods], digits)
            rows.append([name, *(f"{text} ({plain(row[m]['r'], 2)})" for text, m in zip(errors, methods, strict=True))])
        lines += table(["muscle", *methods], rows)
    return lines


def _temporal_lines(document: dict[str, Any]) -> list[str]:
    rows, others = document["temporal"]["frames"], document["published"] or {}
    methods = list(dict.fromkeys(method for row in rows.values() for method in row))
    lines = ["", "## Motion to muscle by the frames that are seen: RMSE, sensor counts", ""]
    shown = []
    for frames, row in rows.items():
        values = [row[method]["rmse"]["value"] if method in row else math.nan for method in methods]
        shown.append([frames, *marked(values, 2), *(plain(one.get(frames, math.nan), 2) for one in others.values())])
    lines += table(["frames", *methods, *map(published_name, others)], shown)
    lines += ["", "## All test windows by the frames that are seen", ""]
    told = [[frames, method, *_pooled_cells(own, 2)] for frames, row in rows.items() for method, own in row.items()]
    return lines + table(["frames", "method", "RMSE, sensor counts", "normalised RMSE", "r"], told)


def _pooled_cells(pooled: dict[str, Any], digits: int) -> list[str]:
    """RMSE, normalised RMSE and r of all test windows."""
    return [with_interval(pooled[name], count) for name, count in (("rmse", digits), ("normalised_rmse", 3), ("r", 3))]


def published_name(name: str) -> str:
    """The title of a column of published figures."""
    return f"published: {name}"
