"""A long clip in parts, the same to the last bit for any number of processes and interruptions.

A block of dynamics is a fixed number of frames that starts anew and hangs on nothing but the movement. Inverse kinematics goes
on from frame to frame and stays in one process; its stretches are there to be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from multiprocessing import connection, get_context
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agonist.body.dynamics import Dynamics, Instant
from agonist.body.parts import Parts
from agonist.body.person import Person
from agonist.body.plates import ForcePlates
from agonist.errors import WorkError
from agonist.motion import Keypoints

if TYPE_CHECKING:
    from agonist.body.model import BodyModel

__all__ = ["BLOCK_FRAMES", "Movement", "solve_blocks", "solve_stretches"]

Array = NDArray[np.float64]
Block = dict[str, Array]

# Part of the result, in its last bits: never a matter of how many processes there are.
BLOCK_FRAMES = 200
STRETCH_FRAMES = 1000


@dataclass(frozen=True, eq=False)
class Movement:
    """All that the dynamics of a clip hang on.

    Attributes:
        scales: of the body's segments.
        person: whose body it is.
        roots, hinges: (T, 7) and (T, 23) coordinates at `ik_fps`.
        ik_fps: their frame rate.
        filter_hz: cut-off of the low-pass.
        clip: what was simulated: BODY_25, finite.
        plates: measured ground reaction.
    """

    scales: Mapping[str, float]
    person: Person
    roots: Array
    hinges: Array
    ik_fps: float
    filter_hz: float
    clip: Keypoints
    plates: ForcePlates | None

    def dynamics(self, body: BodyModel | None = None) -> Dynamics:
        """The body on its way, ready to be solved; `body` if it was made from these scales and this person already."""
        from agonist.body.model import scaled_body
        from agonist.body.trajectory import fit_trajectory

        trajectory = fit_trajectory(self.roots, self.hinges, self.ik_fps, self.filter_hz)
        body = body or scaled_body(dict(self.scales), self.person)
        return Dynamics(body, self.person, trajectory, self.clip, self.plates)


def solve_stretches(
    body: BodyModel, keypoints: Array, confidence: Array, parts: Parts, progress: Callable[[float], None] | None = None
) -> tuple[Array, Array, Array]:
    """`ik.solve_ik` of a clip of any length, stretch by stretch; arguments and results are the same.

    Raises InputError if the parts cannot be written.
    """
    from agonist.body.ik import solve_ik

    stretches: list[Block] = []
    for number, first in enumerate(range(0, len(keypoints), STRETCH_FRAMES)):
        name, inside = f"coordinates-{number:05d}", slice(first, first + STRETCH_FRAMES)
        found = parts.load(name)
        if found is None:

            def shown(share: float, first: int = first, frames: int = len(keypoints[inside])) -> None:
                if progress:
                    progress((first + share * frames) / len(keypoints))

            after = (stretches[-1]["roots"][-1], stretches[-1]["hinges"][-1]) if stretches else None
            solved = solve_ik(body, keypoints[inside], confidence[inside], shown, after)
            found = dict(zip(("roots", "hinges", "errors"), solved, strict=True))
            parts.save(name, found)
        stretches.append(found)
    roots, hinges, errors = (np.concatenate([stretch[name] for stretch in stretches]) for name in ("roots", "hinges", "errors"))
    return roots, hinges, errors


def solve_blocks(
    movement: Movement, dynamics: Dynamics, times: Array, jobs: int, parts: Parts, progress: Callable[[float], None] | None = None
) -> Block:
    """Dynamics at `times` (T,) seconds from the clip's first frame: the fields of Instant, each (T, ...).

    Args:
        movement: what moves.
        dynamics: of this movement, for this process.
        times: seconds, rising.
        jobs: processes.
        parts: where blocks that are done are kept.
        progress: called with a share in [0, 1].

    Raises:
        WorkError: a process died. InputError: the parts cannot be written.
    """
    blocks = [times[first : first + BLOCK_FRAMES] for first in range(0, len(times), BLOCK_FRAMES)]
    done = {index: block for index in range(len(blocks)) if (block := parts.load(f"dynamics-{index:05d}")) is not None}
    missing = [index for index in range(len(blocks)) if index not in done]
    solved = sum(len(blocks[index]) for index in done)

    def shown(frames: int) -> None:
        if progress:
            progress((solved + frames) / len(times))

    processes = min(jobs, len(missing))
    results = _spread(movement, blocks, missing, processes) if processes > 1 else _here(dynamics, blocks, missing, shown)
    for index, block in results:
        parts.save(f"dynamics-{index:05d}", block)
        done[index] = block
        solved += len(blocks[index])
        shown(0)
    return {name: np.concatenate([done[index][name] for index in range(len(blocks))]) for name in done[0]}


def _solve(dynamics: Dynamics, times: Array, shown: Callable[[int], None] | None = None) -> Block:
    dynamics.restart()
    instants = []
    for time in times:
        instants.append(dynamics.solve(float(time)))
        if shown:
            shown(len(instants))
    return {field.name: np.array([getattr(instant, field.name) for instant in instants]) for field in fields(Instant)}


def _here(
    dynamics: Dynamics, blocks: Sequence[Array], missing: Sequence[int], shown: Callable[[int], None]
) -> Iterator[tuple[int, Block]]:
    for index in missing:
        yield index, _solve(dynamics, blocks[index], shown)


def _spread(movement: Movement, blocks: Sequence[Array], missing: Sequence[int], processes: int) -> Iterator[tuple[int, Block]]:
    context = get_context("spawn")
    workers, answers = [], []
    try:
        for first in range(processes):
            answer, ours = context.Pipe(duplex=False)
            share = {index: blocks[index] for index in missing[first::processes]}
            workers.append(context.Process(target=_work, args=(movement, share, ours), daemon=True))
            workers[-1].start()
            # The process holds the only end: when it is gone, so is the pipe.
            ours.close()
            answers.append(answer)
        left = len(missing)
        while left:
            ready = connection.wait(answers)
            for answer in [answer for answer in answers if answer in ready]:
                try:
                    said = answer.recv()
                except EOFError:
                    answers.remove(answer)
                    if not answers:
                        raise WorkError("A process of the simulation died. Expected more memory, or fewer jobs.") from None
                    continue
                if isinstance(said, Exception):
                    raise said
                left -= 1
                yield said
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def _work(movement: Movement, blocks: Mapping[int, Array], out: connection.Connection) -> None:
    """In a process of its own: solve blocks and send each back; ends when nobody listens any more."""
    try:
        dynamics = movement.dynamics()
        for index, times in blocks.items():
            out.send((index, _solve(dynamics, times)))
    except BrokenPipeError:
        return
    except Exception as error:
        out.send(error)
