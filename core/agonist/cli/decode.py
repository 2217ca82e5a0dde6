"""`agonist decode`: muscle activation to the motion of a body."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agonist.cli.checks import about, check_output
from agonist.cli.console import Console, Json, Quiet
from agonist.default_models import DEFAULT_DECODER

__all__ = ["decode"]


def decode(
    activation: Annotated[Path, typer.Argument(metavar="ACTIVATION", help="A .csv or .npz with every muscle of the model.")],
    out: Annotated[Path, typer.Option("--out", help="Where to write the keypoints: .npz or .trc.")],
    model: Annotated[str, typer.Option("--model", help="A shipped model's name or a model folder; it has a decoder.")] = DEFAULT_DECODER,
    likeliest: Annotated[
        int | None,
        typer.Option("--likeliest", min=1, metavar="N", help="Not the mean of all motions it may come from but one; 1: the likeliest."),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Decode muscle activation to the motion of a body, as keypoints about its hips.

    Activation does not say where somebody is or which way they look: the hips stay at zero, and the body faces -Y on average.
    Of the motions that may have such activation it is the mean, or the one that is asked for.
    """
    from agonist import io
    from agonist.decode import PLACE
    from agonist.decode import decode as decode_activation
    from agonist.io import npz, trc
    from agonist.model import load_model

    console = Console(json, quiet)
    check_output(out, (".npz", ".trc"), [activation])
    with about(activation):
        keypoints = decode_activation(io.read_activation(activation), load_model(model), likeliest=likeliest)
    {".npz": npz.write, ".trc": trc.write}[out.suffix.lower()](out, keypoints)
    name, answer = keypoints.provenance["model"], keypoints.provenance["answer"]
    console.say(f"{len(keypoints)} frames at {keypoints.fps:g} frames a second, decoded by {name} ({answer}): {out}\nKeypoints {PLACE}.")
    facts = {"frames": len(keypoints), "fps": keypoints.fps, "layout": keypoints.layout.name, "model": name}
    console.result({"out": str(out), **facts, "answer": answer, "place": PLACE})
