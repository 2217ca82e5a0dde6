"""Everything that can go wrong, one class a cause.

Messages name the thing (a file, a name), what was found and what would have been valid. The command line turns
`InputError` into exit code 2 and every other `AgonistError` into exit code 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from os import PathLike

__all__ = [
    "AgonistError",
    "ContractError",
    "DivergedError",
    "FileFormatError",
    "InputError",
    "MissingDependencyError",
    "ModelNotFoundError",
    "MotionError",
    "SkeletonError",
    "UnknownNameError",
    "WorkError",
]

PathLikeStr = str | PathLike[str]


class AgonistError(Exception):
    """Root of every error this package raises on purpose."""

    def __reduce__(self) -> tuple[Callable[..., AgonistError], tuple[type[AgonistError], str]]:
        """By what it says: some are made of other things, and a process that works for another must be able to send any."""
        return _saying, (type(self), str(self))


class InputError(AgonistError):
    """The input or the call was wrong; trying again unchanged cannot help."""


class WorkError(AgonistError):
    """The input was fine but the work failed."""


class DivergedError(WorkError):
    """A training whose loss or score is no number any more."""


class FileFormatError(InputError):
    """A file does not hold what its format promises."""

    def __init__(self, path: PathLikeStr, found: str, expected: str, line: int | None = None) -> None:
        where = f"{path}:{line}" if line is not None else f"{path}"
        super().__init__(f"{where}: {found}. Expected {expected}.")


class UnknownNameError(InputError):
    """A name (muscle, joint, model, layout ...) that is not in its registry."""

    def __init__(self, kind: str, name: str, available: Iterable[str]) -> None:
        super().__init__(f"Unknown {kind} '{name}'. Available: {', '.join(available)}.")


class SkeletonError(InputError):
    """A skeleton that cannot be used: broken hierarchy, or joints of a humanoid that are not there."""


class MotionError(InputError):
    """A motion that cannot be used: no frames, NaN, wrong shape, bad frame rate."""


class ContractError(InputError):
    """A trained model's file does not fit its contract (model.json)."""


class ModelNotFoundError(InputError):
    """No model folder of that name."""


class MissingDependencyError(WorkError):
    """An optional part of the package is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        how = f"Install it, in Agonist's clone, with: pip install '.[{extra}]'"
        super().__init__(f"{purpose} needs '{package}', which is not installed. {how}")


def _saying(kind: type[AgonistError], message: str) -> AgonistError:
    error = kind.__new__(kind)
    error.args = (message,)
    return error
