"""The training loop: AdamW, warm-up and cosine, the best weights by a validation score kept. Seeded; logged; resumable.

On one process, or on several that torchrun started (see `distributed`).
"""

from __future__ import annotations

import copy
import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from agonist.errors import DivergedError, InputError
from agonist.io.atomic import atomic_path
from agonist.training import distributed
from agonist.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from agonist.training.hardware import Hardware

__all__ = ["Fit", "Schedule", "fit", "learning_rate", "take_step"]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast.

    Attributes:
        steps: optimiser steps at most.
        minutes: wall-clock limit. Where the steps would take longer, the cosine follows the clock, and the run is not repeatable.
        learning_rate: its peak.
        weight_decay: of AdamW.
        validate_every: steps between validations, and between checkpoints.
        patience: validations without a better score after which training stops.
    """

    steps: int
    minutes: float
    learning_rate: float
    weight_decay: float = 0.01
    validate_every: int = 100
    patience: int = 20


@dataclass(frozen=True)
class Fit:
    """How a training went.

    Attributes:
        score: the lowest validation score, whose weights were kept.
        steps: optimiser steps made.
        minutes: wall-clock minutes, those before a resumption included.
        stopped: "steps", "time" or "patience", whichever ended it.
    """

    score: float
    steps: int
    minutes: float
    stopped: str


@dataclass
class _State:
    """What changes while training runs, beside weights and optimiser."""

    step: int = 0
    seconds: float = 0.0
    running: float = 0.0
    best: float = math.inf
    since_best: int = 0
    late: bool = False
    rows: list[list[str]] = field(default_factory=list)


def fit(
    parameters: list[nn.Parameter],
    module: nn.Module,
    loss: Callable[[int], Tensor],
    validate: Callable[[], float],
    schedule: Schedule,
    log: Path,
    progress: Callable[[float, str], None] | None = None,
    *,
    rng: np.random.Generator | None = None,
    checkpoint: Path | None = None,
    key: str = "",
    hardware: Hardware | None = None,
) -> Fit:
    """Train and leave the weights with the lowest validation score in `module`.

    Args:
        parameters: what is trained.
        module: whose weights are kept; switched between training and evaluation.
        loss: draws its own batch at a step, from `rng` and torch's generator only, and returns a scalar.
        validate: a score on data that the reported test never touches; lower is better. Must not draw from `rng`.
        schedule: length and rates.
        log: CSV file: step, seconds, loss, validation.
        progress: share done and a line of text.
        rng: the generator that `loss` draws from; kept in the checkpoint.
        checkpoint: file that holds everything needed to go on after a kill; the final weights are then those of an
            undisturbed run, as long as the time limit does not decide. Without it nothing is kept.
        key: says what is being trained; a checkpoint with another key is not continued.
        hardware: its precision holds while the loss is computed; validation is always in float32.

    Raises:
        FileFormatError: the checkpoint is damaged.
        InputError: several processes do not see one checkpoint.
        DivergedError: the loss became infinite or no number, or no validation was finite: there are no weights worth keeping.
    """
    machine = hardware or Hardware()
    optimizer = torch.optim.AdamW(parameters, lr=schedule.learning_rate, weight_decay=schedule.weight_decay, fused=True)
    found = read_checkpoint(checkpoint, key) if checkpoint else None
    # Process 0 alone writes it: on another machine's own disk there is none, or an older one.
    steps = distributed.everybody(float("nan") if found is None else found.numbers["step"])
    if len({str(one) for one in steps}) > 1:
        where = ", ".join(f"process {rank} {'no checkpoint' if math.isnan(one) else f'step {one:g}'}" for rank, one in enumerate(steps))
        raise InputError(f"{checkpoint}: {where}. Expected one step for all; the folder must lie on a disk that all machines see.")
    if found is not None:
        found.restore(module, optimizer, rng)
    distributed.share([*module.parameters(), *module.buffers()])
    state = _State() if found is None else _State(**found.numbers)
    best_weights = copy.deepcopy(module.state_dict()) if found is None else found.best
    distributed.reseed(rng, state.step)
    began = time.monotonic() - state.seconds
    stopped = ""

    def diverged(found: str) -> DivergedError:
        return DivergedError(
            f"{log.with_suffix('')}: {found} at step {state.step}, learning rate at most {schedule.learning_rate:g}. "
            "Expected finite numbers; try a lower learning rate."
        )

    def keep() -> None:
        module.eval()
        with torch.no_grad():
            score = distributed.agreed(validate())
        nonlocal best_weights
        state.since_best += 1
        if score < state.best:
            state.best, state.since_best, best_weights = score, 0, copy.deepcopy(module.state_dict())
        state.rows.append([str(state.step), f"{state.seconds:.1f}", f"{state.running:.6f}", f"{score:.6f}"])
        if distributed.rank() == 0:
            _write_log(log, state.rows)
        # It never becomes finite again, and what is kept could only go on so.
        if not math.isfinite(distributed.agreed(state.running)):
            raise diverged(f"loss {state.running:g}")
        if checkpoint and distributed.rank() == 0:
            write_checkpoint(checkpoint, Checkpoint.of(key, vars(state), module, best_weights, optimizer, rng))
        distributed.reseed(rng, state.step)

    while not stopped:
        state.seconds = distributed.agreed(time.monotonic() - began)
        elapsed, share = state.seconds / (60 * schedule.minutes), state.step / schedule.steps
        if state.step >= schedule.steps or elapsed >= 1:
            stopped = "steps" if state.step >= schedule.steps else "time"
        elif state.since_best >= schedule.patience:
            stopped = "patience"
        else:
            # The clock drives the cosine only where the steps cannot be made in time: else no two runs would be alike.
            if state.late:
                share = max(share, elapsed)
            module.train()
            rate = learning_rate(schedule.learning_rate, state.step, share)
            value = take_step(optimizer, parameters, loss, state.step, rate, machine)
            state.running = value if state.step == 0 else 0.98 * state.running + 0.02 * value
            state.step += 1
            if progress:
                left = state.seconds * (1 - share) / share if share > 0 else math.nan
                timing = "" if math.isnan(left) else f", {left / 60:.1f} min left"
                progress(share, f"step {state.step}, loss {state.running:.4f}, best validation {state.best:.4f}{timing}")
            if state.step % schedule.validate_every == 0:
                state.late = state.late or elapsed > state.step / schedule.steps
                keep()
    if not state.rows or state.rows[-1][0] != str(state.step):
        keep()
    if not math.isfinite(state.best):
        raise diverged(f"validation {state.rows[-1][-1]}, as at each before,")
    module.load_state_dict(best_weights)
    module.eval()
    return Fit(state.best, state.step, state.seconds / 60, stopped)


def learning_rate(peak: float, step: int, share: float, warm_up: int = 100) -> float:
    """Warm-up over so many steps, then a cosine down to 2 % of the peak; `share` of the way is gone."""
    return peak * min(1.0, (step + 1) / warm_up) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))


def take_step(
    optimizer: torch.optim.Optimizer,
    parameters: list[nn.Parameter],
    loss: Callable[[int], Tensor],
    step: int,
    rate: float,
    hardware: Hardware,
) -> float:
    """One step of an optimiser down the loss of that step, at that learning rate; returns the loss before it."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    with hardware.autocast():
        value = loss(step)
    optimizer.zero_grad(set_to_none=True)
    value.backward()  # type: ignore[no-untyped-call]
    distributed.average_gradients(parameters)
    nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    return value.item()


def _write_log(path: Path, rows: list[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["step", "seconds", "loss", "validation"])
        writer.writerows(rows)
