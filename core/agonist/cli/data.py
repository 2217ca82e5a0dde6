"""`agonist data`: data sets of other people, looked at and brought in."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from agonist.cli.checks import check_folder, check_output, check_positive
from agonist.cli.console import Console, Json, Quiet, Report, example
from agonist.errors import InputError

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Data sets of other people.")
mia_app = typer.Typer(no_args_is_help=True, help='The data set of "Muscles in Action" (Chiquier & Vondrick 2023); you download it.')
app.add_typer(mia_app, name="mia", epilog=example("agonist data mia inspect MIADatasetOfficial"))

Source = Annotated[Path, typer.Argument(metavar="PATH", help="MIADatasetOfficial, or the folder that holds it.")]
Lists = Annotated[
    Path | None,
    typer.Option("--lists", metavar="DIR", help="Folder with the authors' lists of windows: musclesinaction/ablation of their code."),
]
SkipDamaged = Annotated[bool, typer.Option("--skip-damaged", help="Leave damaged windows out and list them, instead of stopping.")]


_MOST_LISTS = 20


@app.callback()
def _group() -> None:
    """Data sets of other people."""


@mia_app.callback()
def _mia() -> None:
    """The data set of "Muscles in Action" (Chiquier & Vondrick 2023); you download it."""


@mia_app.command(short_help="What is in a copy, and is it whole?", epilog=example("agonist data mia inspect MIADatasetOfficial"))
def inspect(
    path: Source,
    lists: Lists = None,
    skip_damaged: SkipDamaged = False,
    out: Report = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """What is in a copy of MIA: windows, people, exercises, sensors, joints, overlaps, and takes stitched from the windows."""
    from agonist.corpus.mia_inspect import inspect_mia

    console = Console(json, quiet)
    if out is not None:
        check_output(out, (".json",))
    _check_lists(lists)
    found = inspect_mia(path, lists=lists, skip_damaged=skip_damaged, progress=console.progress)
    _say(console, found)
    console.result(found, out)


def _check_lists(lists: Path | None) -> None:
    if lists is not None and not lists.is_dir():
        raise InputError(f"--lists {lists}: no such folder. Expected one with files that name windows, a line each.")


def _say(console: Console, found: dict[str, Any]) -> None:
    from agonist.corpus.mia_channels import said_of_channels

    console.say(f"{found['path']}: {found['data']}\n")
    published, windows = found["published_windows"], found["windows"]
    console.table(["folder", "windows", "published"], [[name, f"{windows[name]}", f"{count}"] for name, count in published.items()])
    console.say("")
    console.table(["person", "windows"], [[name, f"{count}"] for name, count in found["people"].items()])
    console.say("")
    console.table(["exercise", "windows"], [[name, f"{count}"] for name, count in found["exercises"].items()])
    if found["missing_exercises"]:
        console.say(f"not there: {', '.join(found['missing_exercises'])}")
    console.say("")
    rows = [[one["muscle"], f"{one['mean_counts']:.1f}", f"{one['max_counts']:.0f}"] for one in found["channels"]]
    console.table(["sensor", "mean counts", "largest"], rows)
    joints = found["joint_order"]
    lengths = ", ".join(f"{count} of {frames}" for frames, count in found["window_frames"].items())
    overlaps = ", ".join(f"{count} share {shared}" for shared, count in found["overlaps"].items()) or "none"
    console.say("")
    console.say(f"frames of a window: {lengths}; {100 * found['whole_count_share']:.1f} % of the frames hold whole counts")
    for line in said_of_channels(found["channel_order"]):
        console.say(line)
    console.say(f"joints: upright in {joints['upright']} and symmetric in {joints['symmetric']} of {joints['groups']} people and exercises")
    console.say(f"overlaps (frames shared with the next window of the recording): {overlaps}")
    console.say(f"windows of val/ that share frames with train/: {found['val_windows_with_train_frames']}")
    console.say(f"stitched: {found['takes']} takes, the longest {found['longest_take_s']:.1f} s")
    for name, row in found["lists"].items():
        # The release has hundreds of lists; where they are as they should be, their folds say enough.
        if len(found["lists"]) <= _MOST_LISTS or row["missing"]:
            console.say(f"list {name}: {row['windows']} windows, {row['missing']} of them not there")
    folds = ", ".join(f"{name} {count}" for name, count in found["folds"].items()) or "none; 'evaluate mia' then goes by folders and names"
    console.say(f"{len(found['lists'])} lists of windows; folds they make: {folds}")
    for line in found["damaged"]:
        console.say(f"damaged: {line}")


@mia_app.command(name="import", short_help="A copy as a corpus.", epilog=example("agonist data mia import MIADatasetOfficial --out mia"))
def import_(
    path: Source,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write: corpus.json and takes/.")],
    full_scale: Annotated[float, typer.Option("--full-scale", metavar="COUNTS", help="Sensor counts that become activation 1.")] = 515.0,
    lists: Lists = None,
    skip_damaged: SkipDamaged = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """A copy of MIA as a corpus that every command reads: windows stitched into takes, EMG as a share of full scale.

    The windows as they were published and the authors' lists are kept too: 'evaluate mia' judges on these.
    """
    from agonist.corpus.mia_channels import said_of_channels
    from agonist.corpus.mia_import import import_mia

    check_positive("--full-scale", full_scale, 1e6, "sensor counts")
    check_folder(out)
    _check_lists(lists)
    console = Console(json, quiet)
    document = import_mia(path, out, lists=lists, full_scale_counts=full_scale, skip_damaged=skip_damaged, progress=console.progress)
    takes, kept = document.pop("takes"), document.pop("published_windows")
    splits = {split: sum(row["split"] == split for row in takes) for split in ("train", "val", "test")}
    minutes = sum(row["seconds"] for row in takes) / 60
    console.say(f"{len(takes)} takes, {minutes:.1f} minutes ({document['data']}): {out}")
    console.say(", ".join(f"{split} {count}" for split, count in splits.items()))
    kept_windows, other = (sum(row[name] for row in kept) for name in ("windows", "other_lengths"))
    left = f"; {other} of other lengths than 30 frames are in the takes only" if other else ""
    folds = Counter(row["protocol"] for row in document["lists"])
    named = ", ".join(f"{name} {count}" for name, count in folds.items())
    console.say(f"{kept_windows} windows as published{left}; folds by the authors' lists: {named or 'none found (see --lists)'}")
    for line in document["damaged"]:
        console.say(f"left out: {line}")
    frames = document["training_frames"]
    if frames["in_test"]:
        console.say(f"{frames['in_test']} of {frames['train']} frames of train/ are in the test too: not in the takes to learn from")
    if document["channel_order"]["doubts"]:
        console.say(said_of_channels(document["channel_order"])[-1])
    counted = {"takes": len(takes), "minutes": minutes, "splits": splits, "published_windows": kept_windows}
    console.result({"out": str(out), **counted, **document})
