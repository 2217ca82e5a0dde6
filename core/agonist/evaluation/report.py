"""Tables of the protocols in the paper's layout: a document of plain values, and that as Markdown or CSV.

Everything is said of pooled errors with 95 % intervals from a seeded bootstrap over people and exercises. The paper's own
figures stand beside ours only where the data is the paper's.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from agonist import __version__
from agonist.evaluation.cells import Cells, intervals, resampling_weights
from agonist.evaluation.mia_windows import MiaWindows
from agonist.evaluation.protocols import BUDGETS, NETWORKS, FoldResult
from agonist.keypoint_layouts import BODY25
from agonist.muscles import muscle_set

__all__ = ["PUBLISHED", "TITLES", "csv_text", "markdown", "mia_report", "table"]

DRAWS, BOOTSTRAP_SEED = 1000, 20_231_002
# Chiquier & Vondrick 2023, tables 1 and 2, mean over the 15 exercises, and table 3, by frames seen.
PUBLISHED: dict[tuple[str, str], dict[str, float]] = {
    ("in", "encoder"): {"Retr.": 15.63, "C-Retr.": 14.86, "Ours": 11.84, "C-Ours": 11.69},
    ("exercise-out", "encoder"): {"Retr.": 26.81, "C-Retr.": 26.74, "Ours": 20.32, "C-Ours": 20.12},
    ("in", "decoder"): {"Retr.": 0.0657, "C-Retr.": 0.0625, "Ours": 0.0514, "C-Ours": 0.0523},
    ("exercise-out", "decoder"): {"Retr.": 0.1100, "C-Retr.": 0.1060, "Ours": 0.0869, "C-Ours": 0.0871},
}
PUBLISHED_TEMPORAL: dict[str, dict[int, float]] = {
    "C-Ours": {1: 13.3, 5: 11.1, 10: 10.3, 15: 9.6, 20: 9.1, 25: 8.8, 30: 8.8},
    "C-Retr.": {1: 19.6, 5: 16.3, 10: 14.5, 15: 14.0, 20: 13.5, 25: 13.3, 30: 14.3},
}
TITLES = {"encoder": "Motion to muscle", "decoder": "Muscle to motion", "decoder-2d": "Muscle to motion in a picture"}
_UNITS = {"encoder": "sensor counts", "decoder": "metres", "decoder-2d": "pixels"}


def mia_report(windows: MiaWindows, protocol: str, budget: str, seed: int, results: Sequence[FoldResult]) -> dict[str, Any]:
    """Everything that the tables say, as plain values.

    Args:
        windows: what was evaluated on.
        protocol, budget, seed: of the run.
        results: of `evaluate_mia`.
    """
    spent, corpus = BUDGETS[budget], windows.corpus
    official = bool(corpus.get("official", False))
    document: dict[str, Any] = {
        "protocol": protocol, "budget": budget, "seed": seed, "steps": spent.steps, "batch": spent.batch, "version": __version__,
        "learning_rates": list(spent.rates), "data": corpus["data"], "simulated": windows.simulated, "official": official,
        "corpus": {key: corpus.get(key) for key in ("seed", "budget", "dataset", "motions_crc32", "physics_crc32")},
        "windows": len(windows), "folds": list(dict.fromkeys(one.fold for one in results)),
        "commits": sorted({one.commit for one in results} - {""}),
        "bootstrap": {"draws": DRAWS, "seed": BOOTSTRAP_SEED, "unit": "person and exercise"},
    }  # fmt: skip
    if protocol == "temporal":
        document["temporal"] = _temporal(results)
        document["published"] = PUBLISHED_TEMPORAL if official else None
    else:
        for direction in TITLES:
            mine = [one for one in results if one.direction == direction]
            if mine:
                document[direction] = _direction(mine)
        document["published"] = {one: PUBLISHED.get((protocol, one)) for one in TITLES} if official else None
    trained = [one for one in results if one.training]
    document["training"] = [{"method": one.method, "direction": one.direction, "fold": one.fold, **one.training} for one in trained]
    return document


def _by_method(results: Sequence[FoldResult]) -> dict[str, Cells]:
    methods = dict.fromkeys(one.method for one in results)
    return {method: Cells.joined([one.cells for one in results if one.method == method]) for method in methods}


def _direction(results: Sequence[FoldResult]) -> dict[str, Any]:
    cells = _by_method(results)
    one = next(iter(cells.values()))
    weights = resampling_weights(len(one.names), DRAWS, BOOTSTRAP_SEED)
    direction = results[0].direction
    axes = "xz" if direction == "decoder-2d" else "xyz"
    columns = muscle_set("mia8").names if direction == "encoder" else [f"{point}_{axis}" for point in BODY25.names for axis in axes]
    exercises, people = (sorted({name[k] for name in one.names}) for k in (1, 0))
    table = {name: {method: float(own.only(exercise=name).rmse()) for method, own in cells.items()} for name in exercises}
    drawn = {method: own.rmse(weights) for method, own in cells.items()}
    return {
        "unit": _UNITS[direction], "methods": list(cells),
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
            for a in cells if a in NETWORKS for b in ("mia-release", "retrieval") if b in cells and a != b
        },
    }  # fmt: skip


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
        weights = resampling_weights(len(next(iter(cells.values())).names), DRAWS, BOOTSTRAP_SEED)
        rows[str(frames)] = {method: _pooled(own, weights) for method, own in cells.items()}
    return {"unit": "sensor counts", "frames": rows}


def markdown(document: dict[str, Any]) -> str:
    """The report as Markdown tables; lower is better but for r. The lowest RMSE of a row is bold."""
    kind = "SIMULATED" if document["simulated"] else "MEASURED"
    corpus, rates = document["corpus"], ", ".join(f"{rate:g}" for rate in document["learning_rates"])
    lines = [
        f"# Protocol `{document['protocol']}` of Muscles in Action, budget `{document['budget']}`",
        "",
        f"**{kind} data** ({document['data']}). Corpus budget `{corpus['budget']}`, seed {corpus['seed']}; {document['windows']} windows",
        f"of 30 frames at 10 a second; Agonist {document['version']}{_commits(document['commits'])}.",
        f"Every network: {document['steps']} optimiser steps of",
        f"{document['batch']} windows, the same in the same order (seed {document['seed']}), its learning rate chosen from {rates}",
        "by early-stopping windows, dropout off in the test. `c-`: is told the person.",
        f"Intervals: 95 %, bootstrap over person and exercise, {DRAWS} draws, seed {BOOTSTRAP_SEED}.",
    ]  # fmt: skip
    if document["simulated"]:
        lines += ["Counts are activation times an imaginary sensor's counts of each virtual person: nothing here is EMG."]
    if len(document["folds"]) > 1 and document["protocol"] != "temporal":
        lines += ["", f"Left out together: {'; '.join(document['folds'])}."]
    if document["protocol"] == "temporal":
        lines += _temporal_lines(document)
    for direction, title in TITLES.items():
        if direction in document:
            lines += _direction_lines(title, document[direction], (document["published"] or {}).get(direction))
    rows = [[one["method"], one["direction"], one["fold"], str(one["steps"]), f"{one['learning_rate']:g}", f"{one['parameters']:,}",
             f"{one['minutes']:.1f}"] for one in document["training"]]  # fmt: skip
    lines += ["", "## Training", "", *table(["network", "direction", "fold", "steps", "rate", "parameters", "minutes"], rows)]
    return "\n".join(lines) + "\n"


def _commits(commits: Sequence[str]) -> str:
    return f" (commit {', '.join(commits)})" if commits else ""


def _direction_lines(title: str, one: dict[str, Any], published: dict[str, float] | None) -> list[str]:
    methods, unit = one["methods"], one["unit"]
    digits = 4 if unit == "metres" else 2
    lines = ["", f"## {title}: RMSE, {unit}", ""]
    rows = [[name, *_marked([row[method] for method in methods], digits)] for name, row in one["exercises"].items()]
    rows.append(["mean of exercises", *_marked([one["mean_of_exercises"][method] for method in methods], digits)])
    lines += table(["exercise", *methods], rows)
    if published:
        lines += ["", "Published (Chiquier & Vondrick 2023), mean of the 15 exercises: "
                  + ", ".join(f"{name} {value:g}" for name, value in published.items()) + "."]  # fmt: skip
    lines += ["", f"## {title}: all test windows", ""]
    places = {"rmse": digits, "normalised_rmse": 3, "r": 3}
    rows = [[method, *(_with_interval(one["pooled"][method][name], count) for name, count in places.items())] for method in methods]
    lines += table(["method", f"RMSE, {unit}", "normalised RMSE", "r"], rows)
    if one["lower_by"]:
        lines += ["", "RMSE lower by (negative: higher):", ""]
        lines += table(["", "%"], [[name, _with_interval(row, 1, 100)] for name, row in one["lower_by"].items()])
    lines += ["", f"## {title}: RMSE a person, {unit}", ""]
    lines += table(["person", *methods], [[k, *_marked([row[m] for m in methods], digits)] for k, row in one["people"].items()])
    if unit == "sensor counts":
        lines += ["", f"## {title}: a muscle, RMSE in {unit} (r)", ""]
        rows = [
            [name, *(f"{row[m]['rmse']:.{digits}f} ({_plain(row[m]['r'], 2)})" for m in methods)] for name, row in one["columns"].items()
        ]
        lines += table(["muscle", *methods], rows)
    return lines


def _temporal_lines(document: dict[str, Any]) -> list[str]:
    rows = document["temporal"]["frames"]
    methods = list(next(iter(rows.values())))
    lines = ["", "## Motion to muscle by the frames that are seen: RMSE, sensor counts", ""]
    lines += table(["frames", *methods], [[name, *_marked([row[m]["rmse"]["value"] for m in methods], 2)] for name, row in rows.items()])
    if document["published"]:
        for name, values in document["published"].items():
            lines += ["", f"Published, {name}: " + ", ".join(f"{frames} frames {value}" for frames, value in values.items()) + "."]
    return lines


def _marked(values: Sequence[float], digits: int) -> list[str]:
    best = min(values)
    return [f"**{value:.{digits}f}**" if value == best else f"{value:.{digits}f}" for value in values]


def _plain(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"


def _with_interval(row: dict[str, Any], digits: int, factor: float = 1.0) -> str:
    value, (low, high) = row["value"] * factor, (one * factor for one in row["interval"])
    return f"{_plain(value, digits)} [{_plain(low, digits)}, {_plain(high, digits)}]"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    return [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)]


def csv_text(document: dict[str, Any]) -> str:
    """The report as one long table: protocol, budget, data, direction, table, row, method, metric, value, low, high, unit."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["protocol", "budget", "data", "direction", "table", "row", "method", "metric", "value", "low", "high", "unit"])
    fixed = [document["protocol"], document["budget"], "simulated" if document["simulated"] else "measured"]

    def pooled(direction: str, table: str, row: str, methods: dict[str, Any], unit: str) -> None:
        for method, metrics in methods.items():
            for metric, one in metrics.items():
                unit_here = unit if metric == "rmse" else ""
                writer.writerow([*fixed, direction, table, row, method, metric, one["value"], *one["interval"], unit_here])

    for direction in TITLES:
        if direction not in document:
            continue
        one = document[direction]
        pooled(direction, "pooled", "all", one["pooled"], one["unit"])
        for table, rows in (("exercise", one["exercises"]), ("person", one["people"]), ("mean", {"exercises": one["mean_of_exercises"]})):
            for row, methods in rows.items():
                for method, value in methods.items():
                    writer.writerow([*fixed, direction, table, row, method, "rmse", value, "", "", one["unit"]])
        for row, methods in one["columns"].items():
            for method, metrics in methods.items():
                for metric, value in metrics.items():
                    unit = one["unit"] if metric == "rmse" else ""
                    writer.writerow([*fixed, direction, "column", row, method, metric, value, "", "", unit])
    for frames, methods in document.get("temporal", {}).get("frames", {}).items():
        pooled("encoder", "frames", frames, methods, document["temporal"]["unit"])
    return stream.getvalue()
