"""Speed of the networks, as CPU seconds of one core, so that what else runs on the machine matters little. Prints tables.

Training: windows a second of `mia-release` as its authors step it (every step runs a second, wasted forward pass) and of ours, equal
batch. Encoding: 60 s at 30 frames a second with onnxruntime. Variants: the shipped encoder in int8 and in 16 bits, speed and what
it costs in quality. Retrieval: for each of 5,000 windows the nearest of 20,000.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "core")]

import numpy as np
import torch

from agonist.corpus.exercises import perform
from agonist.model import load_model
from agonist.networks.baselines import nearest
from agonist.networks.dropout import Dropout
from agonist.onnx_session import open_session
from agonist.predict import model_keypoints, predict, standing_keypoints
from agonist.training.fold import FoldNetwork
from agonist.windows import blend_windows, split_windows

BATCH = 64
REPEATS = 8
# Windows known and asked, and the numbers of one: 30 frames of 25 keypoints.
KNOWN, ASKED, NUMBERS = 20_000, 5_000, 30 * 25 * 3


def _cpu_seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """The fastest of some runs, after one that warms up."""
    work()
    times = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def _training() -> None:
    rng = torch.Generator().manual_seed(0)
    windows = (torch.rand(BATCH, 30, 25, 3, generator=rng), torch.rand(BATCH, 30, 8, generator=rng), torch.zeros(BATCH, dtype=torch.int64))
    print(f"One training step of {BATCH} windows of 30 frames at 10 a second, one core, each with its own loss")
    for direction in ("encoder", "decoder"):
        rates = {}
        for label, name, wasted in (("mia-release, as its authors step it", "mia-release", True), ("mia-release", "mia-release", False),
                                    ("mia-paper", "mia-paper", False), ("agonist", "agonist", False)):  # fmt: skip
            module = FoldNetwork(name, direction, 30)
            module.learn_scales(*windows)
            if wasted:
                _as_released(module)
            optimizer = torch.optim.AdamW(module.parameters(), lr=1e-4, fused=not wasted)

            def step(module=module, optimizer=optimizer, wasted=wasted) -> None:
                loss = module.loss(*windows)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                if wasted:
                    module.answer(*windows)

            rates[label] = BATCH / _cpu_seconds(step)
        for label, rate in rates.items():
            print(f"  {direction}  {label:38}{rate:8.0f} windows/s   x{rate / next(iter(rates.values())):.1f}")


def _as_released(module: torch.nn.Module) -> None:
    """Drop numbers by torch's own module, as the authors do."""
    for name, part in module.named_children():
        if isinstance(part, Dropout):
            setattr(module, name, torch.nn.Dropout(part.p))
        else:
            _as_released(part)


def _variants(folder: Path) -> dict[str, Path]:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    shipped = load_model("agonist").folder / "encoder.onnx"
    variants = {"float32 (shipped)": shipped, "int8, dynamic": folder / "int8.onnx"}
    quantize_dynamic(shipped, variants["int8, dynamic"], weight_type=QuantType.QInt8)
    try:
        import onnx
        from onnxruntime.transformers.float16 import convert_float_to_float16
    except ImportError as error:
        print(f"  no float16: {error}")
        return variants
    variants["float16"] = folder / "fp16.onnx"
    onnx.save(convert_float_to_float16(onnx.load(str(shipped)), keep_io_types=True), str(variants["float16"]))
    return variants


def _encoding() -> None:
    model = load_model("agonist")
    clip = perform("Running", 60.0, 1.75, np.random.default_rng(0)).resample(30.0)
    keypoints = model_keypoints(standing_keypoints(clip), model.contract.fps)
    print(f"\nA clip of 60 s at 30 frames a second ({len(keypoints)} frames at the model's rate), one core, windows and blending included")
    with tempfile.TemporaryDirectory() as folder:
        reference: np.ndarray | None = None
        for label, path in _variants(Path(folder)).items():
            try:
                session = open_session(path, threads=1)

                def encode(session=session) -> np.ndarray:
                    windows = split_windows(keypoints, model.contract.window).astype(np.float32)
                    asked = {"keypoints": windows, "confidence": np.ones(windows.shape[:-1], dtype=np.float32)}
                    return blend_windows(session.run(["activation"], asked)[0].astype(float), len(keypoints))

                milliseconds, answer = 1000 * _cpu_seconds(encode), encode()
            except Exception as error:  # what onnxruntime cannot run is a result here
                print(f"  {label:20} does not run: {str(error)[:80]}")
                continue
            reference = answer if reference is None else reference
            off = np.sqrt(np.mean((answer - reference) ** 2))
            print(f"  {label:20}{milliseconds:8.0f} ms   {path.stat().st_size / 1e6:5.2f} MB   differs by {off:.5f} (RMS activation)")
    whole = 1000 * _cpu_seconds(lambda: predict(clip, model))
    print(f"  {'all of predict':20}{whole:8.0f} ms   from rotations to activation at the clip's rate")


def _retrieval() -> None:
    rng = np.random.default_rng(0)
    known, asked = (rng.standard_normal((count, NUMBERS), dtype=np.float32) for count in (KNOWN, ASKED))
    print(f"\nThe nearest of {KNOWN:,} windows for each of {ASKED:,}, {NUMBERS:,} numbers each, one core")
    print(f"  {_cpu_seconds(lambda: nearest(known, asked), 1):8.1f} s")


if __name__ == "__main__":
    torch.set_num_threads(1)
    _training()
    _encoding()
    _retrieval()
