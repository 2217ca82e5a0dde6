"""Work that falls into many independent pieces, done here, by several processes, or on a Dask cluster."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

from agonist.errors import MissingDependencyError, WorkError
from agonist.threads import one_thread_each

__all__ = ["run_pieces"]

Piece = TypeVar("Piece")


def run_pieces(work: Callable[[Piece], str], pieces: Sequence[Piece], jobs: int = 1, scheduler: str | None = None) -> Iterator[str]:
    """What `work` answers to each piece, in the order in which they are done. Whatever it raises is raised here.

    Args:
        work: a function that other processes can be sent: of a module, or a `partial` of one. It writes what it makes itself.
        pieces: what it is called with.
        jobs: processes on this machine: a local Dask cluster where Dask is installed, a pool of processes where it is not.
        scheduler: address of a Dask scheduler whose workers do it instead; they need this package and the same folders.

    Raises:
        MissingDependencyError: a scheduler, and no Dask. WorkError: none answers there.
    """
    if scheduler:
        yield from _on_dask(work, pieces, scheduler)
        return
    if jobs == 1:
        yield from map(work, pieces)
        return
    one_thread_each()
    try:
        from distributed import LocalCluster
    except ImportError:
        yield from _in_processes(work, pieces, jobs)
        return
    # A worker that dies is started again and its piece with it. Memory has no limit: a piece needs what it needs. What goes wrong in a
    # piece is raised here; what workers log is their last heartbeat, which may find the scheduler gone.
    cluster = LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=jobs, threads_per_worker=1, processes=True, memory_limit=0, dashboard_address=None, silence_logs=logging.CRITICAL
    )
    with cluster:
        yield from _on_dask(work, pieces, cluster.scheduler_address)


def _in_processes(work: Callable[[Piece], str], pieces: Sequence[Piece], jobs: int) -> Iterator[str]:
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(work, piece) for piece in pieces]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _on_dask(work: Callable[[Piece], str], pieces: Sequence[Piece], scheduler: str) -> Iterator[str]:
    try:
        from distributed import Client
        from distributed import as_completed as finished
    except ImportError as error:
        raise MissingDependencyError("distributed", "dask", "Building a corpus on a Dask cluster") from error
    try:
        client = Client(scheduler, timeout="10s")  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise WorkError(f"No Dask scheduler answers at '{scheduler}' ({error}). Expected an address such as tcp://host:8786.") from error
    with client:
        futures = [client.submit(work, piece, pure=False) for piece in pieces]
        for future in finished(futures):  # type: ignore[no-untyped-call]
            yield future.result()
