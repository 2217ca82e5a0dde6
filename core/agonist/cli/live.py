"""`agonist live`: muscle activation of keypoints as they come in, a line a frame."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from agonist.cli.checks import check_output
from agonist.cli.console import Console, Json, Quiet
from agonist.cli.predict import ModelOption
from agonist.default_models import DEFAULT_LIVE
from agonist.errors import AgonistError, FileFormatError, UnknownNameError

if TYPE_CHECKING:
    from agonist.activation import Activation
    from agonist.live import LivePrediction

__all__ = ["live"]

_INPUT = Path("standard input")
_EXPECTED = '{"time": seconds, "positions": [[x, y, z] in metres or null where unseen, ...]}, with "confidence" if it is known'


def live(
    out: Annotated[Path | None, typer.Option("--out", help="Write the answers to this .jsonl file, not to standard output.")] = None,
    model: ModelOption = DEFAULT_LIVE,
    layout: Annotated[str, typer.Option("--layout", metavar="NAME", help="Keypoints: body25, blazepose33, coco17 ...")] = "body25",
    up: Annotated[str, typer.Option("--up", metavar="AXIS", help="Up axis of the positions: z, y, or -y as in a camera.")] = "z",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Muscle activation of a tracker's keypoints while they come in, a line of JSON for each line on standard input.

    In: {"time": 0.033, "positions": [[x, y, z], null, ...], "confidence": [1, 0, ...]}, in metres, confidence if it is known. Out:
    {"time": 0.033, "activation": {"biceps_l": 0.12, ...}, "std": {...}}; activation is null until every limb was seen once.
    """
    from agonist.io.openpose import WORLD_FROM_FILE
    from agonist.keypoint_layouts import keypoint_layout
    from agonist.live import LivePrediction
    from agonist.model import load_model

    # The answers have standard output for themselves.
    console = Console(json or out is None, quiet)
    if up not in WORLD_FROM_FILE:
        raise UnknownNameError("up axis", up, WORLD_FROM_FILE)
    if out is not None:
        check_output(out, (".jsonl",))
    prediction = LivePrediction(load_model(model), keypoint_layout(layout))
    count = 0
    with _written(out) as file:
        for number, line in enumerate(sys.stdin, 1):
            if line.strip():
                answer = _answer(prediction, line, number, WORLD_FROM_FILE[up])
                file.write(json_text.dumps(answer) + "\n")
                file.flush()
                count += 1
    console.say(f"{count} frames, {prediction.model.name}" + ("" if out is None else f": {out}"))
    if json:
        console.result({"frames": count, "model": prediction.model.name, "out": None if out is None else str(out)})


@contextmanager
def _written(out: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that is there whole once all has come."""
    if out is None:
        yield sys.stdout
        return
    from agonist.io.atomic import atomic_path

    with atomic_path(out) as temporary, temporary.open("w", encoding="utf-8") as file:
        yield file


def _answer(prediction: LivePrediction, line: str, number: int, turn: Any) -> dict[str, Any]:
    import numpy as np

    try:
        frame = json_text.loads(line)
        unseen = [np.nan] * 3
        positions = np.array([unseen if point is None else point for point in frame["positions"]], dtype=float) @ turn.T
        given = frame.get("confidence")
        time_s = float(frame["time"])
        activation = prediction.push(time_s, positions, None if given is None else np.array(given, dtype=float))
    except AgonistError as error:
        raise FileFormatError(_INPUT, f"line {number}: {str(error).rstrip('.')}", _EXPECTED) from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        raise FileFormatError(_INPUT, f"line {number}: {type(error).__name__} {str(error)[:80]}", _EXPECTED) from error
    return {"time": time_s, **_told(activation)}


def _told(activation: Activation | None) -> dict[str, Any]:
    if activation is None:
        return {"activation": None}
    names = activation.muscles.names
    told = {"activation": dict(zip(names, activation.values[0].round(4).tolist(), strict=True))}
    if activation.uncertainty is not None:
        told["std"] = dict(zip(names, activation.uncertainty[0].round(4).tolist(), strict=True))
    return told
