"""The model card: what a model is, what it learned from, how well it does, and what it must not be used for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from agonist.io.atomic import atomic_path

__all__ = ["activation_unit", "corpus_contents", "known_or_dash", "write_card"]

_RECIPES = Path(__file__).parent / "recipes"
# Budgets of `agonist corpus build`, and its sources of motion capture by folder.
_BUDGETS = ("tiny", "small", "full")
_SOURCES = {"cmu02": "CMU subject 02", "mass_bvh": "MASS", "deepmimic": "DeepMimic"}

_OF_SIMULATION = [
    "- With empty hands latissimus and biceps hardly work, so their sliders had little to learn from; docs/body.md says how far",
    "  the simulation itself is from measured EMG.",
    "- Hands on the ground, lying, sitting on things and being carried are outside what it has seen.",
    "- One body of average proportions stands behind all simulations; strength and mass vary, muscle geometry only scales.",
]


def activation_unit(corpus: dict[str, Any]) -> str:
    """What activation 1 of a corpus is, and so of a model that learned from it; `corpus` is its corpus.json."""
    scale = corpus.get("full_scale_counts")
    if scale is None:
        return "fraction of maximal activation"
    counts = "counts of an imaginary sensor" if str(corpus.get("data")).startswith("simulated") else "sensor counts"
    return f"{counts} over {scale:g}, which is no share of anybody's maximum"


def corpus_contents(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What the usable takes of a corpus.json show: how many people, exercises and clips of motion capture, from which folders; and
    how many of the people and clips are in the test alone."""
    usable = [row for row in rows if row["usable"]]
    test, other = ([row for row in usable if (row["split"] == "test") == tested] for tested in (True, False))

    def named(some: list[dict[str, Any]], key: str, mocap: bool | None = None) -> set[str]:
        return {str(row[key]) for row in some if mocap in (None, row["source"] == "mocap")}

    clips = named(usable, "exercise", True)
    return {
        "people": len(named(usable, "person")), "exercises": len(named(usable, "exercise", False)), "mocap_clips": len(clips),
        "mocap_folders": sorted({clip.partition("/")[0] for clip in clips if "/" in clip}),
        "test_people": len(named(test, "person") - named(other, "person")),
        "test_mocap_clips": len(named(test, "exercise", True) - named(other, "exercise", True)),
    }  # fmt: skip


def write_card(folder: Path, document: dict[str, Any]) -> None:
    """Write CARD.md from the contract (the whole of model.json, with its metrics)."""
    training = document["training"]
    corpus, name = training["corpus"], document["name"]
    lines = [
        f"# Model card: {name} {document['version']}",
        "",
        *_what_it_is(training),
        "",
        f"- Takes: BODY_25 keypoints in metres, Z up, {document['fps']:g} frames a second, windows of {document['window']} frames.",
        f"- Muscles: mia8 (quadriceps, hamstrings, latissimus, biceps; left and right), as {activation_unit(corpus)}.",
        f"- Trained parameters: {', '.join(f'{part} {count:,}' for part, count in document['parameters'].items())}.",
        *(_simulated_data(training, corpus, name) if _simulated(training) else _measured_data(training, corpus)),
        *([f"- {training['note']}"] if "note" in training else []),
        "- Licence: CC BY 4.0." if _simulated(training) else "- Licence: not settled here; the terms of the data set hold.",
        "",
        "## Figures",
        "",
    ]
    writers = {"encoder": _encoder_figures, "decoder": _decoder_figures, "editor": _editor_figures, "tuned": _tuned_figures}
    for part, metrics in document["metrics"].items():
        lines += [*writers[part](metrics), ""]
    if "editor" in document["parameters"] and "editor" not in document["metrics"]:
        lines += ["The editor was not measured: `agonist evaluate edit --model FOLDER` does it.", ""]
    lines += [
        "## Known limits",
        "",
        "- No external loads: an arm that curls a dumbbell looks to this model like an arm that curls nothing.",
        *(_OF_SIMULATION if str(training.get("data", "simulated")).startswith("simulated") else []),
    ]
    with atomic_path(folder / "CARD.md") as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _same_corpus(corpus: dict[str, Any]) -> list[str]:
    known, physics = corpus.get("motions_crc32"), corpus.get("physics_crc32")
    simulated = "" if physics is None else f", and simulated alike if `physics_crc32` is {physics}"
    return [] if known is None else [f"  The corpus is the same if `motions_crc32` in its corpus.json is {known}{simulated}."]


def _simulated(training: dict[str, Any]) -> bool:
    return str(training.get("data", "simulated")).startswith("simulated") and "from" not in training


def _simulated_data(training: dict[str, Any], corpus: dict[str, Any], name: str) -> list[str]:
    built = _built(corpus)
    made = f"corpus budget `{corpus['budget']}`, seed {corpus['seed']}" if built else str(corpus.get("data", "simulated"))
    edited = training.get("edited", [])
    folders = "".join(f"--edited EDITS{number} " for number in _numbers(edited))
    learned = f"`agonist train {_recipe(training)} --data CORPUS {folders}--out {name}`"
    begin = [f"- Reproduce: with the same corpus, {learned}."]
    if built:
        # Contracts of before do not say what there was.
        mocap = "--data RECORDINGS " if training.get("contents", {}).get("mocap_clips", 1) else ""
        begin = [f"- Reproduce: `agonist corpus build --out CORPUS {mocap}--budget {corpus['budget']} --seed {corpus['seed']}`, then",
                 *_edits(edited, mocap), f"  {learned}."]  # fmt: skip
    elif corpus.get("dataset") == "mia":
        scale = f"--full-scale {corpus['full_scale_counts']:g}"
        begin = [f"- Reproduce: `agonist data mia import COPY --out CORPUS {scale}`, then", f"  {learned}."]
    return [
        f"- Training data: {made}, {corpus['fps']:g} frames a second.{' ' + corpus['note'] if 'note' in corpus else ''}",
        *_contents(training.get("contents"), built),
        *_learned_from_edits(edited),
        *_how_long(training),
        *begin,
        *_same_corpus(corpus),
        *([f"- Trained by commit {training['commit']} of Agonist."] if training.get("commit") else []),
    ]


def _numbers(things: Sequence[Any]) -> list[str]:
    """What tells several things of one name apart."""
    return [str(k + 1) for k in range(len(things))] if len(things) > 1 else [""] * len(things)


def _learned_from_edits(edited: Sequence[dict[str, Any]]) -> list[str]:
    if not edited:
        return []
    count, by = sum(int(str(one["budget"]).split()[0]) for one in edited), "an earlier model" if len(edited) == 1 else "earlier models"
    return [f"  Beside it {count} edits of its training and validation takes by {by}, simulated: motions that no recording", "  shows."]


def _edits(edited: Sequence[dict[str, Any]], mocap: str) -> list[str]:
    """How the edited takes came about that a model learned from beside a corpus."""
    lines = []
    for one, number in zip(edited, _numbers(edited), strict=True):
        count, by, seed = str(one["budget"]).split()[0], one["by"], one["seed"]
        lines += [
            f"  `agonist corpus edited CORPUS {mocap}--model FORMER{number} --edits {count} --seed {seed} --out EDITS{number}`, where",
            f"  FORMER{number} is the model {by['model']} whose editor.onnx has the SHA-256 {by['editor_sha256']}, then",
        ]
    return lines


def _built(corpus: dict[str, Any]) -> bool:
    """Whether `agonist corpus build` can make it again."""
    return "dataset" not in corpus and corpus.get("budget") in _BUDGETS and corpus.get("seed") is not None


def _contents(found: dict[str, Any] | None, built: bool) -> list[str]:
    if found is None:
        return []
    folders = ", ".join(_SOURCES.get(folder, folder) for folder in found["mocap_folders"])
    mocap = f"{_counted(found['mocap_clips'], 'clip')} of motion capture{f' ({folders})' if folders else ''}"
    people = [_counted(found["test_people"], "person", "people")] if found["test_people"] else []
    clips = [f"{_counted(found['test_mocap_clips'], 'clip')} of motion capture"] if found["test_mocap_clips"] else []
    alone = " and ".join(people + clips)
    tested = f"{alone} that training never saw" if alone else "other takes of people whom training saw too"
    by_name = ", chosen by name before anything was simulated" if alone and built else ""
    lines = [
        f"  {_counted(found['people'], 'virtual person', 'virtual people')}, {_counted(found['exercises'], 'exercise')}, "
        f"{mocap if found['mocap_clips'] else 'no motion capture'}.",
        f"  Test: {tested}{by_name}.",
    ]
    if "deepmimic" in found["mocap_folders"]:
        lines += ["  DeepMimic's clips come from CMU and SFU; whether one of them is a CMU clip of the split's other side is not known."]
    return lines


def _counted(count: int, one: str, several: str = "") -> str:
    return f"{count} {one if count == 1 else several or one + 's'}"


def _recipe(training: dict[str, Any]) -> str:
    """As `agonist train` takes it: a name of ours, or a file."""
    name = str(training["recipe"])
    return name.removesuffix(".toml") if (_RECIPES / name).is_file() else name


def _measured_data(training: dict[str, Any], corpus: dict[str, Any]) -> list[str]:
    return [
        f"- Training data: {training['data']}, {corpus['fps']:g} frames a second. {corpus.get('note', '')}".rstrip(),
        *_how_long(training),
        _reproduce(training),
    ]


def _reproduce(training: dict[str, Any]) -> str:
    if "from" in training:
        return "- Reproduce: `agonist train person` with the same files."
    return f"- Reproduce: import the data set with `agonist data`, then `agonist train {_recipe(training)}`."


def _what_it_is(training: dict[str, Any]) -> list[str]:
    if _simulated(training):
        return [
            "**Trained on simulated activation.** No measured EMG went into this model. Its activation is what a musculoskeletal",
            "simulation (MuJoCo, `myofullbody`, static optimisation) says that muscles do, learned from motion alone. It is meant for",
            "animation. It is not a medical device and says nothing about a real person's muscles.",
        ]
    return [
        f"**Trained on {training['data']}.** Sensors are not calibrated: its activation is a share of their full scale, not of anybody's",
        "strength. It is meant for animation. It is not a medical device. The data set's own terms hold for this model too.",
    ]


def _how_long(training: dict[str, Any]) -> list[str]:
    # Cards of models that were trained before hardware could be chosen.
    hardware = training.get("hardware", "cpu, float32")
    why = {
        "steps": "all steps of the recipe",
        "time": "stopped by the time limit, so not repeatable to the bit",
        "patience": "stopped early",
    }
    return [
        f"- {part.capitalize()}: {one['steps']} steps in {one['minutes']:.0f} minutes ({hardware}); {why[one['stopped']]}."
        for part, one in training.get("fits", {}).items()
    ]


def _damage(damaged: dict[str, float] | None) -> list[str]:
    if damaged is None:
        return []
    return [
        "With keypoints damaged on purpose (limbs lost for a while, doubted points, layouts without face or feet; half of the windows):",
        f"RMSE {damaged['with confidence']:.4f} where the tracker's confidence is told, {damaged['without']:.4f} where it is not.",
        "",
    ]


def _baselines(values: dict[str, float | None], unit: str = "") -> str:
    return ", ".join(f"{name} {_number(value, 4)}{unit}" for name, value in values.items())


def _number(value: float | None, digits: int) -> str:
    """A dash for a correlation that does not exist."""
    return "–" if value is None else f"{value:.{digits}f}"


def _encoder_figures(m: dict[str, Any]) -> list[str]:
    mocap = "" if m["rmse_mocap"] is None else f" On its motion capture alone: {m['rmse_mocap']:.4f}."
    return [
        f"Motion to muscle ({m['data']}; {m['takes']} takes, {m['frames']} frames):",
        f"RMSE **{m['rmse']:.4f}**, mean r **{_number(m['r_mean'], 2)}**.{mocap}",
        "",
        *_coverage(m.get("within_deviations")),
        *_damage(m.get("rmse_damaged")),
        f"Baselines on the same frames, RMSE: {_baselines(m['rmse_baselines'])}; mean r: {_baselines(m['r_baselines'])}.",
        "",
        "| muscle | RMSE | r |",
        "|---|---|---|",
        *(f"| {name} | {m['rmse_per_muscle'][name]:.4f} | {_number(m['r_per_muscle'][name], 2)} |" for name in m["rmse_per_muscle"]),
    ]


def _coverage(share: dict[str, float] | None) -> list[str]:
    if share is None:
        return []
    one, two = (100 * share[key] for key in ("1", "2"))
    said = f"{one:.0f} % of the frames lie within one standard deviation, {two:.0f} % within two"
    return [f"Its own uncertainty: {said} (a normal distribution: 68 and 95).", ""]


def _decoder_figures(m: dict[str, Any]) -> list[str]:
    # Not in the contracts of before.
    flat = " In two dimensions, x and z, as a camera far in front of the person sees." if m.get("dimensions", 3) == 2 else ""
    return [
        f"Muscle to motion ({m['data']}; {m['takes']} takes, {m['frames']} frames): RMSE **{m['rmse_m']:.4f} m**.{flat}",
        f"Baselines on the same frames: {_baselines(m['rmse_baselines_m'], ' m')}.",
        # Not in the contracts of before.
        *(
            []
            if m.get("rmse_mocap_m") is None
            else [f"On its motion capture alone: {m['rmse_mocap_m']:.4f} m ({_baselines(m['rmse_mocap_baselines_m'], ' m')})."]
        ),
        *(
            []
            if "rmse_best_m" not in m
            else [
                f"It answers with {m['hypotheses']} motions and their probabilities beside the one of the figure above. The likeliest:",
                f"{m['rmse_likeliest_m']:.4f} m; the one that fits a take best: {m['rmse_best_m']:.4f} m (chosen with the truth in sight).",
            ]
        ),
    ]


def _tuned_figures(m: dict[str, Any]) -> list[str]:
    """r and RMSE of a person's measured muscles, before and after tuning."""
    figures = (("r", 2), ("rmse", 3))
    return [
        "On the last 15 % of the person's clip, which neither taught the weights nor chose them:",
        "",
        "| muscle | r before | r after | RMSE before | RMSE after |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {' | '.join(known_or_dash(row[when][key], digits) for key, digits in figures for when in ('before', 'after'))} |"
            for name, row in m.items()
        ),
    ]


def known_or_dash(value: float | None, digits: int) -> str:
    """A figure with so many digits, or a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def _editor_figures(m: dict[str, Any]) -> list[str]:
    scales = list(next(iter(m["muscles"].values()))["right"])
    clips = m["clips"]
    heads = [*(f"x{scale}" for scale in scales), *(f"reached x{scale}" for scale in scales)]
    return [
        f"Edits ({m['data']}; {m['clips']} parametric clips by people outside the training, feet planted again, `agonist evaluate edit`):",
        f"**{100 * m['right_share']:.1f} %** go the way that was asked; drift of the other muscles {m['drift']:.3f} (root mean square);",
        f"the body moves {100 * m['distance_mean_m']:.1f} cm on average; planted feet slide at most {1000 * m['foot_slide_max_m']:.1f} mm.",
        "",
        f"| muscle | {' | '.join(heads)} |",
        f"|---|{'---|' * len(heads)}",
        *(
            "| " + " | ".join([name, *(f"{row['right'][s]}/{clips}" for s in scales), *(f"{row['reached'][s]:.2f}" for s in scales)]) + " |"
            for name, row in m["muscles"].items()
        ),
        "",
        *_physics_figures(m.get("physics")),
    ]


def _physics_figures(m: dict[str, Any] | None) -> list[str]:
    if m is None:
        return ["No physics was asked about these edits."]
    scales = " and ".join(f"x{scale:g}" for scale in m["scales"])
    return [
        "That judge is the model itself. Physics is the other one: the clips and their edits simulated with a body and a recruitment cost",
        f"that no training data used. It says that **{100 * m['right_share']:.1f} %** go the way that was asked ({scales}).",
        "",
        f"| muscle | right by physics | median reached {scales} |",
        "|---|---|---|",
        *(
            f"| {name} | {count}/{m['of']} | {', '.join(f'{value:.2f}' for value in m['median_reached'][name])} |"
            for name, count in m["right"].items()
        ),
    ]
