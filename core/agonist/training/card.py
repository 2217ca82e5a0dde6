"""The model card: what a model is, what it learned from, how well it does, and what it must not be used for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agonist.io.atomic import atomic_path

__all__ = ["write_card"]


def write_card(folder: Path, fields: dict[str, Any], parameters: dict[str, int]) -> None:
    """Write CARD.md from the contract's fields and the parameter counts of the parts."""
    corpus, metrics = fields["training"]["corpus"], fields["metrics"]
    lines = [
        f"# Model card: {fields['name']} {fields['version']}",
        "",
        "**Trained on simulated activation.** No measured EMG went into this model. Its activation is what a musculoskeletal",
        "simulation (MuJoCo, `myofullbody`, static optimisation) says that muscles do, learned from motion alone. It is meant for",
        "animation. It is not a medical device and says nothing about a real person's muscles.",
        "",
        f"- Takes: BODY_25 keypoints in metres, Z up, {fields['fps']:g} frames a second, windows of {fields['window']} frames.",
        "- Muscles: mia8 (quadriceps, hamstrings, latissimus, biceps; left and right), as fraction of maximal activation.",
        f"- Parts and parameters: {', '.join(f'{part} {count:,}' for part, count in parameters.items())}.",
        f"- Training data: corpus budget `{corpus['budget']}`, seed {corpus['seed']}, {corpus['fps']:g} frames a second; ten virtual",
        "  people, 27 parametric exercises, CMU subject 02 and MASS motion capture. Test: two people and four mocap clips that",
        "  training never saw, chosen by name before anything was simulated.",
        f"- Reproduce: `agonist corpus build --out CORPUS --data RECORDINGS --seed {corpus['seed']}`, then",
        f"  `agonist train {fields['training']['recipe'].removesuffix('.toml')} --data CORPUS --out {fields['name']}`.",
        "- Licence: CC BY 4.0.",
        "",
        "## Figures (simulated data, test split)",
        "",
    ]
    if "encoder" in metrics:
        m = metrics["encoder"]
        lines += [
            f"Motion to muscle, {m['windows']} windows: RMSE {m['rmse']:.4f}; always answering the training mean: "
            f"{m['rmse_mean_of_train']:.4f}.",
            "",
            "| muscle | RMSE | r |",
            "|---|---|---|",
            *(f"| {name} | {m['rmse_per_muscle'][name]:.4f} | {m['r_per_muscle'][name]:.2f} |" for name in m["rmse_per_muscle"]),
            "",
        ]
    if "decoder" in metrics:
        m = metrics["decoder"]
        lines += [
            f"Muscle to motion, {m['windows']} windows: RMSE {m['rmse_m']:.4f} m; always answering the training mean: "
            f"{m['rmse_mean_of_train_m']:.4f} m.",
            "",
        ]
    if "editor" in metrics:
        lines += ["Edits: see the table of `agonist evaluate edit` in docs/evaluation.md.", ""]
    lines += [
        "## Known limits",
        "",
        "- No external loads: an arm that curls a dumbbell looks to this model like an arm that curls nothing.",
        "- The simulation's latissimus has no lumbar or pelvic origin, so its activation in trunk movements is too low.",
        "- Hands on the ground, lying, sitting on things and being carried are outside what it has seen.",
        "- One body of average proportions stands behind all simulations; strength and mass vary, muscle geometry only scales.",
    ]
    with atomic_path(folder / "CARD.md") as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
