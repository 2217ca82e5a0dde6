"""The report of a protocol as one long CSV table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from agonist.evaluation.report import TITLES, UNITS, published_name

__all__ = ["csv_text"]


def csv_text(document: dict[str, Any]) -> str:
    """The report as one long table: what was run (protocol to commit), then direction, table, row, method, metric, value, low, high, unit.

    Of published figures the method begins with "published:". Of a calibration clip the row is the person, the metric what it shows.
    """
    fixed = {
        "protocol": document["protocol"], "budget": document["budget"], "data": "simulated" if document["simulated"] else "measured",
        "corpus_seed": document["corpus"]["seed"], "corpus_budget": document["corpus"]["budget"], "seed": document["seed"],
        "commit": " ".join(document["commits"]),
    }  # fmt: skip
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*fixed, "direction", "table", "row", "method", "metric", "value", "low", "high", "unit"])

    def write(direction: str, table: str, row: str, method: str, metric: str, value: float, interval: Sequence[Any] = ("", "")) -> None:
        unit = UNITS[direction] if metric == "rmse" else ""
        writer.writerow([*fixed.values(), direction, table, row, method, metric, value, *interval, unit])

    def pooled(direction: str, table: str, row: str, methods: dict[str, Any]) -> None:
        for method, metrics in methods.items():
            for metric, one in metrics.items():
                write(direction, table, row, method, metric, one["value"], one["interval"])

    published = document["published"] or {}
    for direction in TITLES:
        if direction not in document:
            continue
        one = document[direction]
        pooled(direction, "pooled", "all", one["pooled"])
        for table, rows in (("exercise", one["exercises"]), ("person", one["people"]), ("mean", {"exercises": one["mean_of_exercises"]})):
            for row, methods in rows.items():
                for method, value in methods.items():
                    write(direction, table, row, method, "rmse", value)
        for name, value in (published.get(direction) or {}).items():
            write(direction, "mean", "exercises", published_name(name), "rmse", value)
        for row, methods in one["columns"].items():
            for method, metrics in methods.items():
                for metric, value in metrics.items():
                    write(direction, "column", row, method, metric, value)
    for direction, methods in document.get("calibration", {}).get("exercises_not_in_clips", {}).items():
        for method, value in methods.items():
            write(direction, "pooled", "exercises not in clips", method, "rmse", value)
    for row in document.get("calibration", {}).get("people", []):
        clip = f"{'+'.join(row['exercises'])}, not tested"
        writer.writerow([*fixed.values(), "", "calibration clip", row["person"], "", clip, row["seconds"], "", "", "seconds"])
    for frames, methods in document.get("temporal", {}).get("frames", {}).items():
        pooled("encoder", "frames", frames, methods)
        for name, row in published.items():
            if frames in row:
                write("encoder", "frames", frames, published_name(name), "rmse", row[frames])
    return stream.getvalue()
