"""The lists of windows that the authors of MIA published: found, told apart by what they are for, checked, kept with an import.

Their release has a folder a protocol. In distribution: `train.txt` with `valEXERCISE.txt`. An exercise or a person left out:
`train_NAME.txt` with `val_NAME.txt`. Lists for retrieval (`trainEXERCISE_SubjectN.txt`) say nothing new and are left alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agonist.corpus.exercises import MIA_EXERCISES
from agonist.corpus.mia_layout import MIA_FOLDER
from agonist.errors import FileFormatError
from agonist.io.atomic import atomic_path

__all__ = ["WindowLists", "find_lists", "judged_windows", "list_lines", "read_lists", "sort_lists", "write_lists"]


@dataclass(frozen=True)
class WindowLists:
    """One fold of the authors.

    Attributes:
        protocol: "in", "exercise-out" or "person-out". name: what is left out, or "in".
        train, test: windows as FOLDER/SubjectN/EXERCISE/IDX below the data set.
    """

    protocol: str
    name: str
    train: tuple[str, ...]
    test: tuple[str, ...]


def find_lists(path: Path, root: Path, lists: Path | None = None) -> list[Path]:
    """Text files that name windows of the data set.

    Args:
        path, root: of `mia_inspect.find_root`, what was given and what was found.
        lists: a folder whose files are all looked at; without it the places of the release are, and `splits/`.
    """
    if lists is not None:
        return [file for file in sorted(lists.rglob("*.txt")) if list_lines(file)]
    folders: dict[Path, None] = dict.fromkeys((path, root))
    for base in dict.fromkeys((path, root, root.parent)):
        folders[base / "splits"] = None
        for place in (base / "ablation", base / "musclesinaction" / "ablation"):
            folders.update(dict.fromkeys(sorted(place.glob("*/"))))
    found = {file.resolve(): file for folder in folders for file in sorted(folder.glob("*.txt")) if list_lines(file)}
    return list(found.values())


def list_lines(file: Path) -> list[str]:
    """The windows that a file names, as FOLDER/SubjectN/EXERCISE/IDX; none if it is no list."""
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    return [line.strip().removeprefix(f"{MIA_FOLDER}/") for line in text.splitlines() if line.startswith(f"{MIA_FOLDER}/")]


def sort_lists(files: Sequence[Path]) -> list[WindowLists]:
    """The folds that the files make. Raises FileFormatError for a fold whose training holds what it tests."""
    folders: dict[Path, dict[str, Path]] = defaultdict(dict)
    for file in files:
        folders[file.parent][file.stem] = file
    found: dict[tuple[str, str], WindowLists] = {}
    for names in folders.values():
        for protocol, name, train, tests in _pairs(names):
            if (protocol, name) not in found:
                tested = tuple(line for file in tests for line in list_lines(file))
                fold = WindowLists(protocol, name, tuple(list_lines(train)), tested)
                _check(fold, train, tests[0])
                found[protocol, name] = fold
    return sorted(found.values(), key=lambda fold: (fold.protocol, fold.name))


def _pairs(names: dict[str, Path]) -> Iterator[tuple[str, str, Path, list[Path]]]:
    for stem, file in names.items():
        left_out = re.fullmatch(r"train_(\w+)", stem)
        if left_out and f"val_{left_out[1]}" in names:
            name = left_out[1]
            if name in MIA_EXERCISES or re.fullmatch(r"Subject\d+", name):
                yield "exercise-out" if name in MIA_EXERCISES else "person-out", name, file, [names[f"val_{name}"]]
    tests = [names[f"val{name}"] for name in MIA_EXERCISES if f"val{name}" in names] or [names[one] for one in ("test",) if one in names]
    if "train" in names and tests:
        yield "in", "in", names["train"], tests


def _check(fold: WindowLists, train: Path, test: Path) -> None:
    both = set(fold.train) & set(fold.test)
    if both:
        raise FileFormatError(test, f"{len(both)} windows that {train.name} names too, such as {min(both)}", "other windows than to train")
    if fold.protocol == "in":
        return
    part = 2 if fold.protocol == "exercise-out" else 1
    for file, lines, wanted in ((train, fold.train, False), (test, fold.test, True)):
        wrong = [line for line in lines if (fold.name in _names(line, part)) != wanted]
        if wrong:
            expected = f"windows of {fold.name} only" if wanted else f"no window of {fold.name}"
            raise FileFormatError(file, f"{len(wrong)} windows such as {wrong[0]}", expected)


def _names(line: str, part: int) -> Collection[str]:
    """The person or exercise of a window; a simulated mixture is of both its exercises."""
    parts = line.split("/")
    return parts[part].split("+") if len(parts) > part else ()


def judged_windows(root: Path, windows: Mapping[str, int], folds: Sequence[WindowLists]) -> dict[str, int]:
    """Windows trained on and tested in distribution: those that are there of the lists, and without lists those of the folders."""
    for fold in folds:
        if fold.protocol == "in":
            return {name: sum((root / line).is_dir() for line in lines) for name, lines in (("train", fold.train), ("val", fold.test))}
    return dict(windows)


def write_lists(out: Path, folds: Sequence[WindowLists]) -> list[dict[str, str | int]]:
    """Keep folds below `out`. Returns a row each, for corpus.json: protocol, name, and how many windows train and test name."""
    for fold in folds:
        for part, lines in (("train", fold.train), ("test", fold.test)):
            with atomic_path(_place(out, fold.protocol, fold.name, part)) as temporary:
                temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return [{"protocol": fold.protocol, "name": fold.name, "train": len(fold.train), "test": len(fold.test)} for fold in folds]


def read_lists(out: Path, protocol: str, name: str) -> WindowLists:
    """What `write_lists` kept. Raises FileFormatError."""
    parts = []
    for part in ("train", "test"):
        path = _place(out, protocol, name, part)
        try:
            parts.append(tuple(path.read_text(encoding="utf-8").splitlines()))
        except (OSError, UnicodeDecodeError) as error:
            raise FileFormatError(path, "cannot be read", "a list of 'agonist data mia import'; import again") from error
    return WindowLists(protocol, name, *parts)


def _place(out: Path, protocol: str, name: str, part: str) -> Path:
    return out / "lists" / protocol / f"{name}-{part}.txt"
