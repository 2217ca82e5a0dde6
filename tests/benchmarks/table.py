"""What the benchmarks in Blender share: medians of wall and processor time, and how they are printed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

# Milliseconds of wall time, and of processor time of all threads.
Times = tuple[float, float]


def median_ms(work: Callable[[int], object], before: Callable[[int], object] = lambda k: None, *, times: int = 20) -> Times:
    """Median over `times` runs of `work`; what goes `before` each is not counted."""
    taken = []
    for k in range(times):
        before(k)
        started, spent = time.perf_counter(), time.process_time()
        work(k)
        taken.append((1000 * (time.perf_counter() - started), 1000 * (time.process_time() - spent)))
    wall, processor = (statistics.median(column) for column in zip(*taken, strict=True))
    return wall, processor


def show(title: str, rows: list[tuple[str, Times]]) -> None:
    """Print a table; a row's goal, if it has one, is in its name."""
    print(f"{title}; milliseconds")
    print(f"  {'':66}{'wall':>9}{'processor':>11}")
    for name, (wall, processor) in rows:
        print(f"  {name:66}{wall:9.1f}{processor:11.1f}")
    print(flush=True)
