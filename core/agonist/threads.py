"""How many threads linear algebra takes."""

from __future__ import annotations

import os

__all__ = ["one_thread_each"]


def one_thread_each() -> None:
    """BLAS keeps to one thread in every process started from now on, and in this one if numpy was not imported yet.

    The matrices of a body are small: threads would only fight over the cores with the other processes, and how a sum is
    shared among them shows in its last bits. Whoever set a number keeps it.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
