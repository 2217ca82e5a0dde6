"""The comparison on real EMG as plain values and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agonist import __version__
from agonist.evaluation.bootstrap import intervals, resampling_weights
from agonist.evaluation.markdown_tables import table
from agonist.evaluation.report import said_commits
from agonist.evaluation.scores import ANGLE_TO_EMG, DIRECTIONS, Score

__all__ = ["emg_markdown", "emg_report"]

_DRAWS, _SEED = 1000, 20_140_324
_RIDGE = "ridge on lags"


def emg_report(
    scores: Sequence[Score], seeds: int, schedule: Mapping[str, Any], simulated: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Means over recordings, a group and task and in all; the differences to ridge with intervals over people.

    Args:
        scores: of `evaluate_emg`.
        seeds, schedule: how every network was trained.
        simulated: of `model_origin`, of the encoder that the protocol "tuned" begins with.
    """
    protocols = dict.fromkeys(one.protocol for one in scores)
    document: dict[str, Any] = {
        "data": "measured EMG: uci_lower_limb (16 people), ceinmsrt_gait (1 person)", "version": __version__,
        "commits": sorted({one.commit for one in scores} - {""}), "seeds": seeds, "schedule": dict(schedule),
        "simulated": dict(simulated) if simulated else None,
        "bootstrap": {"draws": _DRAWS, "seed": _SEED, "unit": "person"}, "protocols": {},
    }  # fmt: skip
    for protocol in protocols:
        document["protocols"][protocol] = {
            direction: _direction([one for one in scores if (one.protocol, one.direction) == (protocol, direction)])
            for direction in DIRECTIONS if any((one.protocol, one.direction) == (protocol, direction) for one in scores)
        }  # fmt: skip
    return document


def _direction(scores: Sequence[Score]) -> dict[str, Any]:
    methods = list(dict.fromkeys(one.method for one in scores))
    groups = sorted({(one.group, one.task) for one in scores})
    rows = {}
    for method in methods:
        mine = [one for one in scores if one.method == method]
        # Where the seeds take turns over people, their means are of different people.
        whole = [[one.r for one in mine if one.seed == seed] for seed in sorted({one.seed for one in mine})]
        by_seed = [np.mean(one) for one in whole] if len(mine) > len({one.trial for one in mine}) else []
        rows[method] = {
            "r": float(np.mean([one.r for one in mine])), "r_of_seeds": [float(value) for value in by_seed],
            "rmse": float(np.mean([one.rmse for one in mine])),
            "groups": {
                f"{group} {task}": {
                    name: float(np.mean([getattr(one, name) for one in mine if (one.group, one.task) == (group, task)]))
                    for name in ("r", "rmse")
                }
                for group, task in groups
            },
            "more_r_than_ridge": _more(mine, [one for one in scores if one.method == _RIDGE]),
        }  # fmt: skip
    unit = (
        ("share of maximum" if "tuned" in scores[0].protocol else "95th percentile") if scores[0].direction == ANGLE_TO_EMG else "degrees"
    )
    return {"unit": unit,
            "recordings": len({one.trial for one in scores}), "methods": rows}  # fmt: skip


def _more(mine: Sequence[Score], ridge: Sequence[Score]) -> dict[str, Any]:
    """Mean difference in r a recording, and its interval when people are drawn again."""
    floor = {one.trial: one.r for one in ridge}
    people = sorted({one.person for one in mine})
    sums = np.array([[sum(one.r - floor[one.trial] for one in mine if one.person == name),
                      sum(one.person == name for one in mine)] for name in people])  # fmt: skip
    drawn = resampling_weights(len(people), _DRAWS, _SEED) @ sums
    low, high = intervals(drawn[:, 0] / drawn[:, 1])
    total = sums.sum(axis=0)
    return {"value": float(total[0] / total[1]), "interval": [low, high] if len(people) > 1 else None}


def emg_markdown(document: dict[str, Any]) -> str:
    """The report as Markdown tables."""
    schedule = document["schedule"]
    lines = [
        "# Joint angles and real EMG", "",
        f"**MEASURED data** ({document['data']}); Agonist {document['version']}{said_commits(document['commits'])}.",
        "Envelopes after SENIAM; 25 frames a second. r: mean over",
        "muscles, then recordings; RMSE: EMG in units of each recording's 95th percentile, angles in degrees; both of what no method",
        f"learned from. Ours: mean of {document['seeds']} seeds, in brackets the lowest and the highest; one network a person left out.",
        "Ridge has the best of six choices",
        "of span and strength on the training parts. Intervals: 95 %, bootstrap over people.",
        f"Budget: {schedule['steps']} steps of {schedule['batch']} pieces of {schedule['frames']} frames a network;",
        "half of the steps with a person left out.",
    ]  # fmt: skip
    if simulated := document["simulated"]:
        lines.append(f"Where simulation comes first: a corpus of budget `{simulated['corpus_budget']}`, seed {simulated['corpus_seed']}.")
    for protocol, directions in document["protocols"].items():
        for direction, one in directions.items():
            groups = list(next(iter(one["methods"].values()))["groups"])
            many = len(groups) > 1
            lines += ["", f"## {protocol}: {direction} ({one['recordings']} recordings)", ""]
            header = ["method", "mean r", f"RMSE, {one['unit']}", "r more than ridge", *(f"r {name}" for name in groups if many)]
            rows = []
            for method, row in one["methods"].items():
                seeds = row["r_of_seeds"]
                r = _number(row["r"]) + (f" ({min(seeds):.3f} to {max(seeds):.3f})" if seeds else "")
                more, interval = row["more_r_than_ridge"], row["more_r_than_ridge"]["interval"]
                said = _number(more["value"], "+") + (f" [{interval[0]:+.3f}, {interval[1]:+.3f}]" if interval else "")
                rows.append([method, r, f"{row['rmse']:.3f}" if one["unit"] != "degrees" else f"{row['rmse']:.2f}",
                             said if method not in (_RIDGE, "mean of train") else "",
                             *(_number(row["groups"][name]["r"]) for name in groups if many)])  # fmt: skip
            lines += table(header, rows)
    return "\n".join(lines) + "\n"


def _number(value: float, sign: str = "") -> str:
    return f"{value:{sign}.3f}" if np.isfinite(value) else "–"
