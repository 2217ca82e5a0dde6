"""Model: trained networks as ONNX files, and the contract they must fit.

A model is a folder: `model.json` (the contract), one ONNX file a part (`encoder`, `decoder`, `editor`) and `CARD.md`.
Every graph takes raw BODY_25 keypoints in world metres (or activation) at the contract's frame rate, in windows of the
contract's length; whatever a network wants done to them first is inside the graph.
"""

from __future__ import annotations

import hashlib
import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agonist.default_models import DEFAULT_MODEL
from agonist.edit_joints import EDIT_JOINTS
from agonist.errors import ContractError, ModelNotFoundError, UnknownNameError, WorkError
from agonist.keypoint_layouts import BODY25
from agonist.muscles import MuscleSet, muscle_set
from agonist.onnx_session import open_session
from agonist.windows import blend_windows, split_windows

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["Contract", "Model", "activation_of", "available_models", "load_model", "models_folder"]

Array = NDArray[np.float64]

# From so many windows on, two threads take a half each [ours].
_SHARED = 24

# Names and trailing dimensions of what each part takes and gives; M is the number of muscles, D the contract's `dimensions`.
_PARTS: dict[str, tuple[dict[str, tuple[int | str, ...]], dict[str, tuple[int | str, ...]]]] = {
    "encoder": ({"keypoints": (25, 3)}, {"activation": ("M",)}),
    "decoder": ({"activation": ("M",)}, {"keypoints": (25, "D")}),
    "editor": (
        {"keypoints": (25, 3), "activation": ("M",), "log2_scale": ("M",)},
        {"rotvec_world": (len(EDIT_JOINTS), 3), "root_delta_world": (3,)},
    ),
}
# What a part may take beside.
_OPTIONAL: dict[str, dict[str, tuple[int | str, ...]]] = {"encoder": {"confidence": (25,)}}
# What a part may give beside; H is a number of hypotheses, any.
_EXTRA: dict[str, tuple[int | str, ...]] = {"log_std": ("M",), "hypotheses": ("H", 25, "D"), "probabilities": ("H",)}


@dataclass(frozen=True)
class Contract:
    """What a model takes, gives and was made from; `model.json`.

    Attributes:
        name: the model's name.
        muscles: the columns of its activation.
        fps: frame rate its windows are sampled at, frames a second.
        window: frames in a window.
        files: part -> (file name, sha256).
        raw: the whole document, with units, training data and metrics.
        dimensions: of the decoder's keypoints: 3, or 2 for x and z alone, what a camera far in front of the person sees.
    """

    name: str
    muscles: MuscleSet
    fps: float
    window: int
    files: dict[str, tuple[str, str]]
    raw: dict[str, Any]
    dimensions: int = 3

    @staticmethod
    def read(path: Path) -> Contract:
        """Read and check `model.json`. Raises ContractError."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8-sig"))
            if raw["schema"] != 1:
                raise ContractError(f"{path}: contract schema {raw['schema']}. Expected 1; a newer Agonist may read it.")
            if raw["layout"] != BODY25.name:
                raise ContractError(f"{path}: keypoint layout '{raw['layout']}'. Expected '{BODY25.name}'.")
            files = {part: (str(entry["file"]), str(entry["sha256"])) for part, entry in raw["files"].items()}
            muscles, dimensions = muscle_set(raw["muscles"]), int(raw.get("dimensions", 3))
            contract = Contract(raw["name"], muscles, float(raw["fps"]), int(raw["window"]), files, raw, dimensions)
        except UnknownNameError as error:
            raise ContractError(f"{path}: {error}") from error
        except OSError as error:
            raise ContractError(f"{path}: cannot be read ({error.strerror}). Expected a model's contract.") from error
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ContractError(f"{path}: not JSON ({error}). Expected a model's contract.") from error
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
            raise ContractError(
                f"{path}: {type(error).__name__}: {error}. Expected schema, name, layout, muscles, fps, window, files."
            ) from error
        unknown = [part for part in contract.files if part not in _PARTS]
        if unknown or not (0 < contract.fps < math.inf) or contract.window < 1 or contract.dimensions not in (2, 3):
            raise ContractError(
                f"{path}: parts {', '.join(contract.files)}, fps {contract.fps}, window {contract.window}, dimensions "
                f"{contract.dimensions}. Expected parts among {', '.join(_PARTS)}, positive numbers and 2 or 3 dimensions."
            )
        return contract


@dataclass(frozen=True, eq=False)
class Model:
    """A trained model: its contract and lazily opened onnxruntime sessions."""

    contract: Contract
    folder: Path

    @property
    def name(self) -> str:
        """The contract's name."""
        return self.contract.name

    def has(self, part: str) -> bool:
        """Whether the model has an encoder, a decoder, an editor."""
        return part in self.contract.files

    def check(self) -> None:
        """Open every part and hold it against the contract. Raises ContractError."""
        for part in self.contract.files:
            self._session(part)

    @cached_property
    def _sessions(self) -> dict[str, onnxruntime.InferenceSession]:
        return {}

    def _session(self, part: str) -> onnxruntime.InferenceSession:
        if part not in self._sessions:
            self._sessions[part] = self._open(part)
        return self._sessions[part]

    def _open(self, part: str) -> onnxruntime.InferenceSession:
        if not self.has(part):
            raise ContractError(f"{self.folder}: model '{self.name}' has no {part}. It has: {', '.join(self.contract.files)}.")
        file, sha256 = self.contract.files[part]
        path = self.folder / file
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ContractError(f"{path}: cannot be read ({error.strerror}). Expected the {part} of '{self.name}'.") from error
        found = hashlib.sha256(content).hexdigest()
        if found != sha256:
            raise ContractError(f"{path}: sha256 is {found[:12]}... Expected {sha256[:12]}... as its contract says.")
        try:
            # A network's steps are small: threads that share each of them wait for each other longer than they work.
            session = open_session(content, threads=1)
        except ImportError as error:
            raise WorkError(f"onnxruntime, which runs the models, cannot be loaded ({error}). Expected it beside Agonist.") from error
        except Exception as error:  # onnxruntime raises half a dozen unrelated classes for a bad file
            raise ContractError(f"{path}: onnxruntime cannot open it ({str(error)[:120]}). Expected an ONNX network.") from error
        self._check(path, part, session)
        return session

    @staticmethod
    def _inputs(session: onnxruntime.InferenceSession) -> list[str]:
        return [node.name for node in session.get_inputs()]

    def _check(self, path: Path, part: str, session: onnxruntime.InferenceSession) -> None:
        wanted_inputs, wanted_outputs = _PARTS[part]
        sizes = {"M": len(self.contract.muscles), "D": self.contract.dimensions}
        optional = {name: size for name, size in _OPTIONAL.get(part, {}).items() if name in self._inputs(session)}
        sides = (("input", wanted_inputs | optional, session.get_inputs()), ("output", wanted_outputs, session.get_outputs()))
        for kind, wanted, nodes in sides:
            found = {node.name: tuple(node.shape) for node in nodes}
            for name, trailing in wanted.items():
                size = (self.contract.window, *(sizes[n] if isinstance(n, str) else n for n in trailing))
                shape = found.get(name)
                if shape is None:
                    raise ContractError(f"{path}: {part} has {kind}s {', '.join(found)}. Expected one named '{name}'.")
                fits = len(shape) == len(size) + 1 and all(
                    isinstance(have, str) or have is None or have == want for have, want in zip(shape[1:], size, strict=True)
                )
                if not fits:
                    expected = ", ".join(map(str, ("batch", *size)))
                    raise ContractError(f"{path}: {kind} '{name}' is {shape}. Expected ({expected}), as its contract says.")
            extra = [node.name for node in nodes if kind == "input" and node.name not in wanted]
            if extra:
                raise ContractError(f"{path}: {part} also wants {', '.join(extra)}. Expected only {', '.join(wanted)}.")

    def _run(self, part: str, frames: int, **clips: Array) -> dict[str, Array]:
        windows = {name: split_windows(clip, self.contract.window) for name, clip in clips.items()}
        return {name: blend_windows(output, frames) for name, output in self._run_windows(part, **windows).items()}

    def _run_windows(self, part: str, **windows: Array) -> dict[str, Array]:
        session = self._session(part)
        windows = {name: values.astype(np.float32, copy=False) for name, values in windows.items()}
        names = [node.name for node in session.get_outputs()]
        count = len(next(iter(windows.values())))

        def run(first: int, last: int) -> list[Array]:
            answers: list[Array] = session.run(names, {name: values[first:last] for name, values in windows.items()})
            return answers

        try:
            if count < _SHARED:
                outputs = run(0, count)
            else:
                with ThreadPoolExecutor(1) as pool:
                    other = pool.submit(run, count // 2, count)
                    outputs = [np.concatenate(halves) for halves in zip(run(0, count // 2), other.result(), strict=True)]
        except Exception as error:  # onnxruntime raises half a dozen unrelated classes
            raise ContractError(f"{self.folder}: the {part} cannot run on what its contract says ({str(error)[:120]}).") from error
        self._check_outputs(part, names, outputs, count)
        return {name: output.astype(float) for name, output in zip(names, outputs, strict=True)}

    def _check_outputs(self, part: str, names: list[str], outputs: list[Array], count: int) -> None:
        """Sizes that a graph does not state show only when it ran."""
        wanted = _PARTS[part][1]
        for name, output in zip(names, outputs, strict=True):
            trailing = wanted.get(name, _EXTRA.get(name, ("M",)))
            count_of = {"M": len(self.contract.muscles), "D": self.contract.dimensions, "H": output.shape[2] if output.ndim > 2 else 0}
            shape = (count, self.contract.window, *(count_of[n] if isinstance(n, str) else n for n in trailing))
            if output.shape != shape:
                file = self.folder / self.contract.files[part][0]
                raise ContractError(f"{file}: gave '{name}' of shape {output.shape}. Expected {shape}, as its contract says.")

    def encode(self, keypoints: Array, confidence: Array | None = None) -> tuple[Array, Array | None]:
        """Activation of BODY_25 keypoints.

        Args:
            keypoints: (T, 25, 3) metres, at the contract's frame rate, any T >= 1, all finite.
            confidence: (T, 25) in [0, 1], 0 for points that were guessed; all were seen if None. An encoder that does not
                ask for it takes every point for seen.

        Returns:
            (T, M) in [0, 1], and one standard deviation (T, M) or None if the network does not give one.
        """
        seen = np.ones(keypoints.shape[:2]) if confidence is None else confidence
        outputs = self.encode_windows(*(split_windows(one, self.contract.window) for one in (keypoints, seen)))
        return activation_of({name: blend_windows(output, len(keypoints)) for name, output in outputs.items()})

    def encode_windows(self, keypoints: Array, confidence: Array | None = None) -> dict[str, Array]:
        """The encoder's own outputs of windows that are cut already, to be blended: `activation` (W, window, M) ...

        keypoints (W, window, 25, 3) and confidence (W, window, 25) as of `encode`.
        """
        if "confidence" not in self._inputs(self._session("encoder")):
            return self._run_windows("encoder", keypoints=keypoints)
        seen = np.ones(keypoints.shape[:-1]) if confidence is None else confidence
        return self._run_windows("encoder", keypoints=keypoints, confidence=seen)

    def decode(self, activation: Array) -> Array:
        """(T, M) activation to (T, 25, D) hip-centred keypoints in metres, the paper's muscle -> motion; D as the contract says."""
        return self._run("decoder", len(activation), activation=activation)["keypoints"]

    def decode_hypotheses(self, activation: Array) -> tuple[Array, Array]:
        """Motions that an activation (T, M) may come from: `decode` gives their mean, which is the motion of none of them.

        Returns:
            (H, T, 25, D) hip-centred keypoints in metres, the likeliest first, and their probabilities (H,). A decoder that
            knows only one answer gives that.
        """
        result = self._run("decoder", len(activation), activation=activation)
        if "hypotheses" not in result:
            return result["keypoints"][None], np.ones(1)
        likely = result["probabilities"].mean(axis=0)
        order = np.argsort(-likely)
        return np.moveaxis(result["hypotheses"], 1, 0)[order], likely[order]

    def edit(self, keypoints: Array, log2_scale: Array) -> tuple[Array, Array]:
        """Turns of EDIT_JOINTS that scale muscles.

        Args:
            keypoints: (T, 25, 3) metres at the contract's frame rate.
            log2_scale: (T, M), log2 of the factor asked for each muscle at each frame.

        Returns:
            rotation vectors (T, 13, 3) in world axes and root displacement (T, 3) metres; zero where nothing is asked.
        """
        windows, asked = (split_windows(clip, self.contract.window) for clip in (keypoints, log2_scale))
        turns = self.edit_windows(windows, self.encode_windows(windows)["activation"], asked)
        rotvec, root = (blend_windows(one, len(keypoints)) for one in turns)
        return rotvec, root

    def edit_windows(self, keypoints: Array, activation: Array, log2_scale: Array) -> tuple[Array, Array]:
        """The editor's own outputs of windows that are cut already, to be blended.

        Args:
            keypoints: (W, window, 25, 3) metres at the contract's frame rate.
            activation: (W, window, M), what `encode_windows` says of them: it need not be asked again for every request.
            log2_scale: (W, window, M).

        Returns:
            rotation vectors (W, window, 13, 3) in world axes and root displacement (W, window, 3) metres.
        """
        result = self._run_windows("editor", keypoints=keypoints, activation=activation, log2_scale=log2_scale)
        return result["rotvec_world"], result["root_delta_world"]


def activation_of(result: dict[str, Array]) -> tuple[Array, Array | None]:
    """Blended outputs of an encoder as activation (T, M) in [0, 1] and one standard deviation (T, M) or None."""
    deviation = np.exp(result["log_std"]) if "log_std" in result else None
    return np.clip(result["activation"], 0.0, 1.0), deviation


def models_folder() -> Path:
    """Where the shipped models lie: inside an installed package, or beside `core/` in a checkout."""
    packaged = Path(__file__).parent / "models"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[2] / "models"


def available_models() -> tuple[str, ...]:
    """Names of the shipped models."""
    folder = models_folder()
    return tuple(sorted(path.parent.name for path in folder.glob("*/model.json")))


def load_model(name_or_folder: str | Path = DEFAULT_MODEL) -> Model:
    """Open a model by name or by folder. Raises ModelNotFoundError, ContractError.

    The name of a shipped model means that one, whatever the working directory holds; "./agonist" and a Path are folders.
    """
    is_shipped = isinstance(name_or_folder, str) and name_or_folder in available_models()
    folder = models_folder() / name_or_folder if is_shipped else Path(name_or_folder)
    if not (folder / "model.json").is_file():
        raise ModelNotFoundError(
            f"No model '{name_or_folder}'. Expected a folder with a model.json, or one of: {', '.join(available_models())}."
        )
    return Model(Contract.read(folder / "model.json"), folder)
