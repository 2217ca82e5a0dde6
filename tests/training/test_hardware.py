"""The device that a training runs on, mixed precision, compiled losses. On the CPU, which has all of them but speed."""

from functools import partial

import pytest

torch = pytest.importorskip("torch")

from agonist.errors import InputError
from agonist.model import load_model
from agonist.networks.dropout import Dropout
from agonist.predict import predict
from agonist.training import recipe
from agonist.training.hardware import Hardware, choose_hardware

from .conftest import ENCODER_RECIPE, swaying

pytestmark = pytest.mark.training



def _trained(folder, corpus, hardware):
    folder.mkdir()
    (folder / "tiny.toml").write_text(ENCODER_RECIPE.format(steps=4))
    recipe.train(folder / "tiny.toml", corpus, folder / "model", hardware=hardware)
    return load_model(folder / "model")


def test_a_cpu_computes_in_float32_and_compiles_nothing_unless_asked():
    assert choose_hardware("cpu") == Hardware(torch.device("cpu"), "float32", False)
    assert choose_hardware("cpu", "bfloat16", True) == Hardware(torch.device("cpu"), "bfloat16", True)


def test_a_gpu_is_taken_with_all_that_it_has(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert choose_hardware() == Hardware(torch.device("cuda", 3), "bfloat16", True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    assert choose_hardware("cuda").precision == "float32"


@pytest.mark.parametrize("asked", [("tpu",), ("cpu", "int4")])
def test_what_cannot_be_is_refused(asked):
    with pytest.raises(InputError, match="Expected auto"):
        choose_hardware(*asked)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_named():
    with pytest.raises(InputError, match="finds no GPU"):
        choose_hardware("cuda")


def test_mixed_precision_trains_nearly_the_same_network(corpus, tmp_path, monkeypatch):
    seen = []
    product = torch.nn.functional.linear
    monkeypatch.setattr(torch.nn.functional, "linear", lambda x, *rest: seen.append(product(x, *rest).dtype) or product(x, *rest))
    clip = swaying(50, 90)
    exact = predict(clip, _trained(tmp_path / "exact", corpus, Hardware())).values
    assert set(seen) == {torch.float32}
    mixed_model = _trained(tmp_path / "mixed", corpus, Hardware(precision="bfloat16"))
    assert set(seen) == {torch.float32, torch.bfloat16}
    mixed = predict(clip, mixed_model).values
    assert 0 < abs(mixed - exact).max() < 0.01
    assert "cpu, bfloat16" in (tmp_path / "mixed" / "model" / "CARD.md").read_text()


def test_a_compiled_loss_is_the_loss(corpus, tmp_path, monkeypatch):
    # The graph is captured and its gradient too, as for any back end; the default one would call a C++ compiler for a minute.
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    # No dropout: a compiled graph draws other random numbers than the one it was made of.
    monkeypatch.setattr(Dropout, "forward", lambda self, x: x)
    clip = swaying(50, 90)
    values = [predict(clip, _trained(tmp_path / str(compiled), corpus, Hardware(compiled=compiled))).values for compiled in (False, True)]
    assert abs(values[0] - values[1]).max() < 1e-4
