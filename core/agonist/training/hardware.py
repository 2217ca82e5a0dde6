"""What a training runs on: the device, and mixed precision and compiled graphs where the device has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

import torch

from agonist.errors import InputError
from agonist.training import distributed

__all__ = ["DEVICES", "PRECISIONS", "Hardware", "choose_hardware"]

P = ParamSpec("P")
R = TypeVar("R")

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True)
class Hardware:
    """How a training computes.

    Attributes:
        device: where weights and batches lie.
        precision: "float32", or "bfloat16" for matrix products and convolutions (mixed precision; weights stay float32).
        compiled: whether losses are compiled by torch.compile.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    precision: str = "float32"
    compiled: bool = False

    def autocast(self) -> torch.autocast:
        """The context in which a loss is computed."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16")

    def fast(self, loss: Callable[P, R]) -> Callable[P, R]:
        """A loss, compiled if that was asked for."""
        return torch.compile(loss) if self.compiled else loss

    def describe(self) -> str:
        """In words, for the card."""
        return f"{self.device.type}, {self.precision}" + (", compiled" if self.compiled else "")


def choose_hardware(device: str = "auto", precision: str = "auto", compiled: bool | None = None) -> Hardware:
    """The device, and what it has.

    Args:
        device: "cpu", "cuda", or "auto": a GPU where there is one. Of several, torchrun's processes take one each.
        precision: "float32", "bfloat16", or "auto": bfloat16 on a GPU that computes in it.
        compiled: None compiles on a GPU. On a CPU it would take a C++ compiler, and a minute to save a few.

    Raises:
        InputError: a name that is none, or a GPU that is not there.
    """
    if device not in DEVICES:
        raise InputError(f"Device '{device}'. Expected {', '.join(DEVICES)}.")
    if precision not in PRECISIONS:
        raise InputError(f"Precision '{precision}'. Expected {', '.join(PRECISIONS)}.")
    present = torch.cuda.is_available()
    if device == "cuda" and not present:
        raise InputError("Device 'cuda': torch finds no GPU here. Expected 'cpu' or 'auto', or torch's CUDA build and a driver.")
    on_gpu = present and device != "cpu"
    if precision == "auto":
        precision = "bfloat16" if on_gpu and torch.cuda.is_bf16_supported() else "float32"
    chosen = torch.device("cuda", distributed.local_rank()) if on_gpu else torch.device("cpu")
    return Hardware(chosen, precision, on_gpu if compiled is None else compiled)
