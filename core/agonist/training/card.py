"""The model card: what a model is, what it learned from, how well it does, and what it must not be used for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agonist.io.atomic import atomic_path

__all__ = ["write_card"]


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
        "- Muscles: mia8 (quadriceps, hamstrings, latissimus, biceps; left and right), as fraction of maximal activation.",
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
        "- With empty hands latissimus and biceps hardly work, so their sliders had little to learn from; docs/body.md says how far",
        "  the simulation itself is from measured EMG.",
        "- Hands on the ground, lying, sitting on things and being carried are outside what it has seen.",
        "- One body of average proportions stands behind all simulations; strength and mass vary, muscle geometry only scales.",
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
    return [
        f"- Training data: corpus budget `{corpus['budget']}`, seed {corpus['seed']}, {corpus['fps']:g} frames a second; ten virtual",
        "  people, 27 parametric exercises, motion capture (CMU subject 02, MASS, DeepMimic). Test: two people and seven mocap clips",
        "  that training never saw, chosen by name before anything was simulated. DeepMimic's clips come from CMU and SFU; whether",
        "  one of them is a CMU clip of the other side of the split is not known.",
        *_how_long(training),
        f"- Reproduce: `agonist corpus build --out CORPUS --data RECORDINGS --budget {corpus['budget']} --seed {corpus['seed']}`, then",
        f"  `agonist train {training['recipe'].removesuffix('.toml')} --data CORPUS --out {name}`.",
        *_same_corpus(corpus),
    ]


def _measured_data(training: dict[str, Any], corpus: dict[str, Any]) -> list[str]:
    return [
        f"- Training data: {training['data']}, {corpus['fps']:g} frames a second. {corpus.get('note', '')}".rstrip(),
        *_how_long(training),
        _reproduce(training),
    ]


def _reproduce(training: dict[str, Any]) -> str:
    if "from" in training:
        return "- Reproduce: `agonist train person` with the same files."
    return f"- Reproduce: import the data set with `agonist data`, then `agonist train {training['recipe'].removesuffix('.toml')}`."


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


def _baselines(values: dict[str, float], unit: str = "") -> str:
    return ", ".join(f"{name} {value:.4f}{unit}" for name, value in values.items())


def _encoder_figures(m: dict[str, Any]) -> list[str]:
    mocap = "" if m["rmse_mocap"] is None else f" On its motion capture alone: {m['rmse_mocap']:.4f}."
    return [
        f"Motion to muscle ({m['data']}; {m['takes']} takes, {m['frames']} frames):",
        f"RMSE **{m['rmse']:.4f}**, mean r **{m['r_mean']:.2f}**.{mocap}",
        "",
        *_coverage(m.get("within_deviations")),
        *_damage(m.get("rmse_damaged")),
        f"Baselines on the same frames, RMSE: {_baselines(m['rmse_baselines'])}; mean r: {_baselines(m['r_baselines'])}.",
        "",
        "| muscle | RMSE | r |",
        "|---|---|---|",
        *(f"| {name} | {m['rmse_per_muscle'][name]:.4f} | {m['r_per_muscle'][name]:.2f} |" for name in m["rmse_per_muscle"]),
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
                f"It answers with {m['hypotheses']} motions and their probabilities; the figure above is of their mean. The likeliest one:",
                f"{m['rmse_likeliest_m']:.4f} m; the one that fits a take best: {m['rmse_best_m']:.4f} m (chosen with the truth in sight).",
            ]
        ),
    ]


def _tuned_figures(m: dict[str, Any]) -> list[str]:
    """r and RMSE of a person's measured muscles, before and after tuning."""
    return [
        "On the last 15 % of the person's clip, which neither taught the weights nor chose them:",
        "",
        "| muscle | r before | r after | RMSE before | RMSE after |",
        "|---|---|---|---|---|",
        *(f"| {name} | {a['r']:.2f} | {b['r']:.2f} | {a['rmse']:.3f} | {b['rmse']:.3f} |"
          for name, (a, b) in ((name, (row["before"], row["after"])) for name, row in m.items())),
    ]  # fmt: skip


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
