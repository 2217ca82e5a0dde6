"""`agonist evaluate`: how well it does, as tables."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agonist.cli.checks import about, check_output
from agonist.cli.console import Console, Json, Quiet, Report, example
from agonist.cli.evaluate_mia import EPILOG, mia
from agonist.cli.predict import ModelOption
from agonist.default_models import DEFAULT_MODEL
from agonist.errors import FileFormatError, InputError

if TYPE_CHECKING:
    from agonist.motion import Motion

__all__ = ["app"]

_SHORTEST_S = 3.0

app = typer.Typer(no_args_is_help=True, help="How well it does, as tables.")


@app.callback()
def _group() -> None:
    """How well it does, as tables."""


def _humanoid(path: Path) -> Motion:
    """A motion that can be edited, or an error that names the file before any work is done."""
    from agonist import io
    from agonist.humanoid import map_humanoid
    from agonist.motion import Motion

    clip = io.read(path)
    if not isinstance(clip, Motion):
        raise FileFormatError(path, "keypoints without joint rotations", "a motion on a skeleton, such as a BVH file")
    with about(path):
        map_humanoid(clip.skeleton)
    return clip


@app.command(
    short_help="Does the muscle go the way that was asked?",
    epilog=example(
        "agonist evaluate edit", "agonist evaluate edit walk.bvh kick.bvh --out report.json", "agonist evaluate edit --peers --physics",
    ),
)
def edit(
    clips: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[MOTION]...", help="Motion files; ten exercises by people outside the training if none."),
    ] = None,
    model: ModelOption = DEFAULT_MODEL,
    peers: Annotated[
        bool, typer.Option("--peers", help="Beside the paper's decode and gradient descent (minutes; needs agonist[train]).")
    ] = False,
    physics: Annotated[bool, typer.Option("--physics", help="With --peers: let a simulation judge too (needs agonist[physics]).")] = False,
    scopes: Annotated[
        bool, typer.Option("--scopes", help="Also two muscles at once, a range of frames, and limbs alone (minutes).")
    ] = False,
    out: Report = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Does the muscle go the way that was asked? Every muscle, halved, by one and a half, doubled, over clips never trained on."""
    from agonist.edit_protocol import SCALES, evaluate_edits, held_out_clips
    from agonist.model import load_model

    console = Console(json, quiet)
    if physics and not peers:
        raise InputError("--physics judges the three ways of --peers. Expected both, or 'agonist edit --physics' for one edit.")
    if out is not None:
        check_output(out, (".json",), clips or [])
    network = load_model(model)
    motions = {str(path): _humanoid(path) for path in clips} if clips else held_out_clips()
    compared: dict[str, Any] = {}
    if peers:
        # First: it refuses clips that are too short.
        from agonist.evaluation.edit_peers import compare_edits

        compared = compare_edits(motions, network, load_model("mia-paper"), physics=physics, progress=console.progress)
    report = evaluate_edits(motions, network, progress=lambda share: console.progress(share, "editing"))
    console.say(f"Right direction by re-prediction, of {report['clips']} clips ({report['data']}):")
    rows = [
        [
            name,
            *(f"{row['right'][str(scale)]}/{report['clips']}" for scale in SCALES),
            *(f"{row['reached'][str(scale)]:.2f}" for scale in SCALES),
        ]
        for name, row in report["muscles"].items()
    ]
    console.table(["muscle", *(f"x{scale:g}" for scale in SCALES), *(f"reached x{scale:g}" for scale in SCALES)], rows)
    console.say(
        f"all: {100 * report['right_share']:.1f} % right, drift of the others {report['drift']:.3f}, "
        f"moved {100 * report['distance_mean_m']:.1f} cm, planted feet slid at most {1000 * report['foot_slide_max_m']:.1f} mm"
    )
    if peers:
        report["peers"] = compared
        _say_edit_peers(console, compared)
    if scopes:
        from agonist.evaluation.edit_scopes import evaluate_scopes

        judges = [network, load_model("mia-paper")]
        report["scopes"] = evaluate_scopes(motions, network, judges, progress=lambda share: console.progress(share, "scopes"))
        _say_scopes(console, report["scopes"])
    console.result(report, out)


def _say_scopes(console: Console, found: dict[str, Any]) -> None:
    console.say("\nThe same muscles and factors in other ways, judged by two encoders (simulated):")
    header = ["asked", "edits", "judge", "right %", "miss log2", "drift", "moved cm", "out of reach %", "changed elsewhere"]
    rows = []
    for way, one in found.items():
        begun = [way, str(one["edits"])]
        body = [f"{100 * one['distance_m']:.1f}", f"{100 * one['out_of_reach']:.1f}", f"{one['untouched_max']:.2g}"]
        for judge, said in one["judges"].items():
            judged = [f"{100 * said['right_share']:.1f}", f"{said['miss_log2_median']:.2f}", f"{said['drift']:.3f}"]
            rows.append([*begun, judge, *judged, *body])
            begun, body = ["", ""], [""] * len(body)
    console.table(header, rows)


def _say_edit_peers(console: Console, found: dict[str, Any]) -> None:
    console.say(f"\n{found['edits']} edits of {found['clips']} clips three ways ({found['data']}):")
    models = "; ".join(f"{name}: corpus budget {one['corpus_budget']}, seed {one['corpus_seed']}" for name, one in found["models"].items())
    console.say(f"commit {found['commit'] or 'unknown'}; {models}; gradient descent of {found['descent_steps']} steps")
    header = ["", "judge", "right %", "miss log2", "drift", "moved cm", "skate cm/s", "jerk x", "bones %", "nothing asked cm", "ms"]
    rows = []
    for method, one in found["methods"].items():
        body = [f"{100 * one[name]:.1f}" for name in ("distance_m", "skate_m_s")] + [f"{one['jerk_ratio']:.1f}"]
        body += [f"{100 * one[name]:.1f}" for name in ("bone_change", "identity_max_m")] + [f"{one['ms']:.0f}"]
        for judge, said in one["judges"].items():
            judged = [f"{100 * said['right_share']:.1f}", f"{said['miss_log2_median']:.2f}", f"{said['drift']:.3f}"]
            rows.append([method, judge, *judged, *body])
            method, body = "", [""] * len(body)
    console.table(header, rows)


@app.command(
    short_help="The simulated body against people.", epilog=example("agonist evaluate body --data recordings --seconds 5 --out body.json")
)
def body(
    data: Annotated[
        Path, typer.Option("--data", metavar="DIR", help="Folder with opensim_moco/, ceinmsrt_gait/ and perhaps pyomeca_shoulder/.")
    ],
    seconds: Annotated[float, typer.Option("--seconds", metavar="S", help="How much of each treadmill trial; 70 takes all of it.")] = 20.0,
    peers: Annotated[bool, typer.Option("--peers", help="Run OpenSim's static optimisation too (minutes; fetched at first use).")] = False,
    out: Report = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The simulated body against people: force plates, EMG and torques of real recordings (needs agonist[physics])."""
    from agonist.body.simulation import EMG_DELAY_S
    from agonist.evaluation.body import evaluate_body
    from agonist.evaluation.shoulder import evaluate_shoulder

    console = Console(json, quiet)
    if not _SHORTEST_S <= seconds <= 3600:
        raise InputError(f"--seconds {seconds:g}: expected {_SHORTEST_S:g} to 3600; whole strides have to be left between the ends.")
    if out is not None:
        check_output(out, (".json",))
    report = evaluate_body(data, seconds, console.progress, peers=peers)
    console.say("Simulated, against what was measured on people (real recordings). r: correlation, BW: body weights.\n")
    feet = ("left foot", "right foot", "total")
    rows = []
    for name, trial in report.items():
        ground = [f"{trial['ground_reaction'][foot]['r']:.3f} / {trial['ground_reaction'][foot]['rmse_body_weights']:.3f}" for foot in feet]
        rows.append([name, *ground, f"{trial['residual_body_weights']:.3f}", f"{trial['reserve_share']:.3f}",
                     f"{trial['keypoint_error_mm']:.0f}", f"{trial['ik_ms_per_frame']:.1f}", f"{trial['ms_per_frame']:.1f}"])  # fmt: skip
    header = ["vertical ground reaction: r / RMSE BW", *feet, "residual BW", "reserves", "fit mm", "ms a frame: IK", "all"]
    console.table(header, rows)
    for key, title in (
        ("emg_r", "EMG envelope: r"),
        ("emg_r_delayed", f"EMG envelope {1000 * EMG_DELAY_S:.0f} ms earlier: r"),
        ("emg_r_dynamics", "EMG envelope, activation dynamics undone: r"),
    ):
        console.say("")
        for name, trial in report.items():
            each = ", ".join(f"{muscle} {r:.2f}" for muscle, r in trial[key].items())
            console.say(f"{title}, {name}: mean {trial[key + '_mean']:.2f} ({each})")
    console.say("")
    rows = [
        [name, joint, f"{row['r']:.2f}", f"{row['rmse_nm']:.0f}", f"{100 * row['rmse_of_range']:.0f} %"]
        for name, trial in report.items() for joint, row in trial["torques"].items()
    ]  # fmt: skip
    console.table(["net torque against OpenSim with plates", "joint", "r", "RMSE N m", "of range"], rows)
    if peers:
        _say_peers(console, report)
    if (data / "pyomeca_shoulder").is_dir():
        report["pyomeca_shoulder arm"] = arm = evaluate_shoulder(data)
        _say_arm(console, arm)
    console.result(report, out)


def _say_arm(console: Console, arm: dict[str, Any]) -> None:
    console.say(f"\nArm that moves a box, {arm['seconds']:.1f} s (real recording; assumed: {arm['assumed']}): a smoke check.")
    rows = [[muscle, f"{row['r']:.2f}", f"{row['r_delayed']:.2f}", f"{row['peak']:.2f}"] for muscle, row in arm["muscles"].items()]
    console.table(["EMG envelope", "r", "r, 50 ms earlier", "peak activation"], rows)


def _say_peers(console: Console, report: dict[str, Any]) -> None:
    console.say("\nOpenSim's static optimisation, with plates, over the same stretch; ours without plates.")
    rows = []
    for name, trial in report.items():
        if peer := trial.get("peer"):
            r, later = peer["emg_r_mean"], peer["emg_r_delayed_mean"]
            rows.append([name, f"{peer['seconds']:.1f}", f"{peer['ms_per_frame']:.0f}", f"{trial['ms_per_frame']:.1f}",
                         f"{r['opensim']:.2f}", f"{r['agonist']:.2f}", f"{later['opensim']:.2f}", f"{later['agonist']:.2f}"])  # fmt: skip
    header = ["trial", "s", "ms a frame: OpenSim", "ours", "EMG r: OpenSim", "ours", "50 ms later: OpenSim", "ours"]
    console.table(header, rows)


app.command(short_help="The protocols of Muscles in Action.", epilog=EPILOG)(mia)


@app.command(
    short_help="Real EMG from joint angles, and the reverse.",
    epilog=example("agonist evaluate emg --data recordings --out emg.md", "agonist evaluate emg --data recordings --seeds 1 --json"),
)
def emg(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder with the recordings uci_lower_limb/ and ceinmsrt_gait/.")],
    out: Annotated[list[Path] | None, typer.Option("--out", metavar="FILE", help="Report: .md or .json; may be given again.")] = None,
    protocol: Annotated[
        list[str] | None, typer.Option("--protocol", help="within, person-out, treadmill or tuned; may be given again; all if none.")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=20, help="Networks that each number is a mean of.")] = 3,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Real EMG from joint angles, and the reverse: our network beside ridge on lags, known people and new ones (needs agonist[train]).

    Finished parts are kept in FILE.parts: a run that was stopped goes on where it was.
    """
    from agonist.evaluation.emg import PROTOCOLS, evaluate_emg
    from agonist.evaluation.emg_report import emg_markdown, emg_report
    from agonist.io.atomic import atomic_path
    from agonist.model import load_model
    from agonist.revision import model_origin

    console = Console(json, quiet)
    for path in out or []:
        check_output(path, (".md", ".json"))
    work = out[0].with_suffix(".parts") if out else None
    scores = evaluate_emg(data, seeds, console.progress, protocols=protocol or PROTOCOLS, work=work)
    # After the work, which says what to install where torch is missing.
    from agonist.training.emg import EmgSchedule

    tuned = any("tuned" in one.protocol for one in scores)
    report = emg_report(scores, seeds, asdict(EmgSchedule()), model_origin(load_model("agonist")) if tuned else None)
    text = emg_markdown(report)
    for path in out or []:
        if path.suffix.lower() == ".json":
            Console(quiet=True).result(report, path)
            continue
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    console.say(text)
    console.result(report)
