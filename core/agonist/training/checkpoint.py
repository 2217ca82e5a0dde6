"""Everything a training needs to go on after a kill, in one file: tensors, and the rest as JSON in its header."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agonist.training.tensor_file import reading_tensors, write_tensors

__all__ = ["Checkpoint", "is_of_another", "read_checkpoint", "write_checkpoint"]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A moment of a training.

    Attributes:
        key: what is being trained.
        numbers: the loop's own counters, plain JSON values.
        weights, best: the module's weights now, and those with the best validation so far.
        moments: AdamW's moments, "parameter index.name" -> tensor.
        torch_rng: state of torch's generator on the CPU. cuda_rng: of the GPU's, if it trains on one.
        numpy_rng: state of the numpy generator that draws the batches, or None.
    """

    key: str
    numbers: dict[str, Any]
    weights: dict[str, Tensor]
    best: dict[str, Tensor]
    moments: dict[str, Tensor]
    torch_rng: Tensor
    numpy_rng: dict[str, Any] | None
    cuda_rng: Tensor | None = None

    @staticmethod
    def of(
        key: str,
        numbers: dict[str, Any],
        module: nn.Module,
        best: dict[str, Tensor],
        optimizer: torch.optim.Optimizer,
        rng: np.random.Generator | None,
    ) -> Checkpoint:
        """The present moment."""
        moments = {
            f"{index}.{name}": torch.as_tensor(value)
            for index, entry in optimizer.state_dict()["state"].items()
            for name, value in entry.items()
        }
        state = None if rng is None else dict(rng.bit_generator.state)
        device = _gpu(module)
        cuda = None if device is None else torch.cuda.get_rng_state(device)
        return Checkpoint(key, dict(numbers), module.state_dict(), best, moments, torch.get_rng_state(), state, cuda)

    def restore(self, module: nn.Module, optimizer: torch.optim.Optimizer, rng: np.random.Generator | None) -> None:
        """Bring weights, optimiser and generators back to this moment."""
        module.load_state_dict(self.weights)
        entries: dict[int, dict[str, Tensor]] = {}
        for name, value in self.moments.items():
            index, _, moment = name.partition(".")
            entries.setdefault(int(index), {})[moment] = value
        optimizer.load_state_dict({"state": entries, "param_groups": optimizer.state_dict()["param_groups"]})
        torch.set_rng_state(self.torch_rng)
        device = _gpu(module)
        if self.cuda_rng is not None and device is not None:
            torch.cuda.set_rng_state(self.cuda_rng, device)
        if rng is not None and self.numpy_rng is not None:
            rng.bit_generator.state = self.numpy_rng


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; whatever happens meanwhile, `path` holds a whole one."""
    states = {"torch": checkpoint.torch_rng} | ({} if checkpoint.cuda_rng is None else {"cuda": checkpoint.cuda_rng})
    groups = {"weights": checkpoint.weights, "best": checkpoint.best, "moments": checkpoint.moments, "rng": states}
    tensors = {f"{group}/{name}": value for group, some in groups.items() for name, value in some.items()}
    header = {"key": checkpoint.key, "numbers": json.dumps(checkpoint.numbers), "numpy_rng": json.dumps(checkpoint.numpy_rng)}
    write_tensors(path, tensors, header)


def is_of_another(path: Path, key: str) -> bool:
    """Whether a file is the checkpoint of something else than that key. Raises FileFormatError if it is damaged."""
    return path.is_file() and read_checkpoint(path, key) is None


def read_checkpoint(path: Path, key: str) -> Checkpoint | None:
    """The checkpoint of that key, or None where there is none. Raises FileFormatError if the file is damaged."""
    if not path.is_file():
        return None
    with reading_tensors(path, "a checkpoint; delete the file to start anew") as (tensors, header):
        if header["key"] != key:
            return None
        groups: dict[str, dict[str, Tensor]] = {"weights": {}, "best": {}, "moments": {}, "rng": {}}
        for name, value in tensors.items():
            group, _, rest = name.partition("/")
            groups[group][rest] = value
        numbers, numpy_rng, states = json.loads(header["numbers"]), json.loads(header["numpy_rng"]), groups["rng"]
        return Checkpoint(
            key, numbers, groups["weights"], groups["best"], groups["moments"], states["torch"], numpy_rng, states.get("cuda")
        )


def _gpu(module: nn.Module) -> torch.device | None:
    """The GPU that a module is on; each has its own random numbers."""
    return next((one.device for one in module.parameters() if one.is_cuda), None)
