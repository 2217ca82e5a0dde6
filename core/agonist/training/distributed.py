"""Several processes that train one network: each draws its own batches, gradients are averaged, weights stay equal.

`torchrun --nproc-per-node N -m agonist.cli.main train ...` starts them; a step then sees N batches.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

__all__ = ["agreed", "average_gradients", "count", "everybody", "join", "leave", "local_rank", "rank", "reseed", "share"]


def join() -> None:
    """Join the group that torchrun made, if it made one: Gloo between CPUs, NCCL between GPUs."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        if torch.cuda.is_available():
            torch.cuda.set_device(local_rank())
        dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")


def leave() -> None:
    """Wait for the others and leave the group."""
    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()


def local_rank() -> int:
    """This process's number on its machine, as torchrun counts: the GPU that it takes."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def rank() -> int:
    """This process's number, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def count() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def everybody(value: float) -> list[float]:
    """What each process says, in their order."""
    if not dist.is_initialized():
        return [value]
    said = [torch.zeros(1, dtype=torch.float64) for _ in range(count())]
    dist.all_gather(said, torch.tensor([value], dtype=torch.float64))
    return [float(one.item()) for one in said]


def agreed(value: float) -> float:
    """What process 0 says, such as the time that has passed or a score: all must keep the same weights and stop at the same step."""
    if not dist.is_initialized():
        return value
    said = torch.tensor([value], dtype=torch.float64)
    dist.broadcast(said, 0)
    return float(said.item())


def share(tensors: Iterable[Tensor]) -> None:
    """Give every process what process 0 has: each draws by itself after its first batches, a new network's weights too."""
    if not dist.is_initialized():
        return
    for tensor in tensors:
        said = tensor.detach().contiguous()
        dist.broadcast(said, 0)
        tensor.detach().copy_(said)


def reseed(rng: np.random.Generator | None, step: int) -> None:
    """Give every process but the first batches of its own from a step on, whatever it drew before.

    Called wherever a checkpoint is made or read, so that the checkpoint of process 0 is enough to go on exactly.
    """
    if rank() > 0:
        torch.manual_seed(1_000_003 * rank() + step)
        if rng is not None:
            rng.bit_generator.state = np.random.default_rng([rank(), step]).bit_generator.state


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace every gradient by its mean over the processes."""
    if not dist.is_initialized():
        return
    for parameter in parameters:
        if parameter.grad is not None:
            dist.all_reduce(parameter.grad)
            parameter.grad /= dist.get_world_size()
