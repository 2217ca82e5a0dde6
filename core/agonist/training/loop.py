"""The training loop: AdamW, warm-up and cosine, the best weights by a validation score kept. Seeded; logged as CSV."""

from __future__ import annotations

import copy
import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

__all__ = ["Schedule", "fit"]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast.

    Attributes:
        steps: optimiser steps at most.
        minutes: wall-clock limit; the cosine follows whichever comes first.
        learning_rate: its peak.
        weight_decay: of AdamW.
        validate_every: steps between validations.
    """

    steps: int
    minutes: float
    learning_rate: float
    weight_decay: float = 0.01
    validate_every: int = 100


def fit(
    parameters: list[nn.Parameter],
    module: nn.Module,
    loss: Callable[[int], Tensor],
    validate: Callable[[], float],
    schedule: Schedule,
    log: Path,
    progress: Callable[[float, str], None] | None = None,
) -> float:
    """Train and leave the weights with the lowest validation score in `module`; returns that score.

    Args:
        parameters: what is trained.
        module: whose weights are kept; switched between training and evaluation.
        loss: draws its own batch at a step and returns a scalar.
        validate: a score on data that the reported test never touches; lower is better.
        schedule: length and rates.
        log: CSV file: step, seconds, loss, validation.
        progress: share done and a line of text.
    """
    optimizer = torch.optim.AdamW(parameters, lr=schedule.learning_rate, weight_decay=schedule.weight_decay)
    start, best, best_state = time.monotonic(), math.inf, copy.deepcopy(module.state_dict())
    running = 0.0
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["step", "seconds", "loss", "validation"])
        for step in range(schedule.steps):
            share = max(step / schedule.steps, (time.monotonic() - start) / (60 * schedule.minutes))
            if share >= 1:
                break
            rate = schedule.learning_rate * min(1.0, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))
            for group in optimizer.param_groups:
                group["lr"] = rate
            module.train()
            value = loss(step)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            running = value.item() if step == 0 else 0.98 * running + 0.02 * value.item()
            if (step + 1) % schedule.validate_every == 0:
                best, best_state = _keep(module, validate, best, best_state, writer, (step + 1, time.monotonic() - start, running))
                stream.flush()
            if progress:
                progress(share, f"step {step + 1}, loss {running:.4f}, best validation {best:.4f}")
        best, best_state = _keep(module, validate, best, best_state, writer, (-1, time.monotonic() - start, running))
    module.load_state_dict(best_state)
    module.eval()
    return best


def _keep(
    module: nn.Module,
    validate: Callable[[], float],
    best: float,
    best_state: dict[str, Tensor],
    writer: object,
    row: tuple[int, float, float],
) -> tuple[float, dict[str, Tensor]]:
    module.eval()
    with torch.no_grad():
        score = validate()
    writer.writerow([row[0], f"{row[1]:.1f}", f"{row[2]:.6f}", f"{score:.6f}"])  # type: ignore[attr-defined]
    return (score, copy.deepcopy(module.state_dict())) if score < best else (best, best_state)
