"""The benchmark of speed: counts are exact, times are compared within a run only."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import nn

import diffecg
from diffecg.errors import DiffecgError
from diffecg.evaluation import speed
from diffecg.evaluation.rivals import load_rival
from diffecg.evaluation.speed import Generator, compare_speed, operations
from diffecg.inference.model import Model


def layers(width: int, evaluations: int) -> Generator:
    with torch.random.fork_rng():
        network = nn.Linear(width, width, bias=False)

    @torch.no_grad()
    def draw(count: int) -> None:
        for _ in range(evaluations):
            network(torch.ones(count, width))

    return Generator(name=f"{evaluations} of {width}", generate=draw, network=network)


def test_operations_are_counted():
    assert operations(layers(width=100, evaluations=3)) == (3, 2 * 100 * 100 / 1e6)
    model = diffecg.load("mitbih-beat")
    for sampler, steps, evaluations in (("dpm2m", 4, 4), ("heun", 4, 7), ("ddim", 1, 1)):

        def draw(count: int, sampler=sampler, steps=steps):
            return model.generate("N", count, sampler=sampler, steps=steps)

        assert operations(Generator(name="", generate=draw, network=model.denoiser.network))[0] == evaluations


def test_rates_are_windows_over_seconds(monkeypatch):
    """On a clock that only the work advances, the rates, speed-ups and the share of the peak are exact."""
    now = 0.0

    def read() -> float:
        nonlocal now
        now += 1e-6  # reading it costs a microsecond, which is all that the matrix products take
        return now

    def work(seconds: float) -> None:
        nonlocal now
        now += seconds

    def generator(name: str, seconds: float) -> Generator:
        with torch.random.fork_rng():
            network = nn.Linear(1, 1)

        def loss(count: int) -> torch.Tensor:
            work(2 * seconds * count)
            return network(torch.ones(count, 1)).mean()

        return Generator(
            name=name,
            generate=lambda count: work(seconds * count),
            network=network,
            loss=loss,
            cost=(3, 5.0),
        )

    monkeypatch.setattr(speed, "time", SimpleNamespace(perf_counter=read))
    found = compare_speed([generator("a", 0.25), generator("b", 1.0)], batch=16, seconds=100.0, rounds=3)
    first = found.speeds[0]
    assert first.windows_per_s == pytest.approx(4, rel=1e-5)
    assert first.training_windows_per_s == pytest.approx(2, rel=1e-5)
    peak_gflops = 2 * speed.MATRIX_SIZE**3 / 1e-6 / 1e9
    assert first.share_of_peak == pytest.approx(4 * 3 * 5.0 / 1e3 / peak_gflops, rel=1e-3)
    content = found.to_dict()
    assert content["speedups"] == {"b": pytest.approx(4, rel=1e-5)}
    assert content["training_speedups"] == {"b": pytest.approx(4, rel=1e-5)}


def test_less_work_is_faster():
    found = compare_speed([layers(512, 1), layers(512, 64)], batch=64, seconds=0.05, rounds=3)
    quick, slow = found.speeds
    assert quick.windows_per_s > 4 * slow.windows_per_s
    assert slow.parameters == 512 * 512
    assert 0 < slow.share_of_peak < 1.5
    assert slow.windows_per_s in slow.windows_per_s_of_rounds


def test_measuring_training_keeps_the_weights():
    small, large = layers(64, 1), layers(512, 8)

    def with_loss(generator):
        return replace(
            generator, loss=lambda n: generator.network(torch.ones(n, len(weights[0]))).square().mean()
        )

    for generator in (small, large):
        weights = generator.network.weight.detach().clone()
        compare_speed([with_loss(generator)], batch=16, seconds=0.02, rounds=1)
        assert torch.equal(generator.network.weight, weights)
        assert not generator.network.training
    assert compare_speed([small], batch=16, seconds=0.01, rounds=1).speeds[0].training_windows_per_s is None


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # of diffusers' scheduler
def test_rivals(run):
    generator = load_rival("diffusers", 1, 256, 2)
    assert operations(generator)[0] == 20
    with torch.random.fork_rng():
        assert generator.loss(2).requires_grad
    with pytest.raises(DiffecgError, match="diffusers, ecgen"):
        load_rival("timegan", 1, 256, 2)
    status, _, error = run("bench", "mitbih-beat", "--rounds", "0")
    assert status != 0
    assert "rounds 0 must be at least 1" in error
    arguments = ("bench", "mitbih-beat", "--steps", "2", "--rounds", "1", "--seconds", "0.01")
    status, out, _ = run(*arguments, "--batch-size", "4", "--training", "--json")
    assert status == 0
    measured = json.loads(out)["speeds"][0]
    assert measured["evaluations"] == 2
    assert measured["training_windows_per_s"] is not None
    status, out, _ = run(*arguments, "--batch-size", "4")
    assert "2 steps" in out
    assert "GFLOP/s" in out


def test_the_bundled_models_of_beats_cost_what_was_recorded():
    """Evaluations for a window and MFLOP of an evaluation; a change alters the speed for all users."""
    recorded = {"mitbih-beat": (20, 9.56), "mitbih-beat-fast": (1, 9.56)}
    for name, (evaluations, megaflop) in recorded.items():
        model: Model = diffecg.load(name)
        generator = Generator(
            name=name,
            generate=lambda n, m=model: m.generate(None, n),
            network=model.denoiser.network,
        )
        found = operations(generator)
        assert found == (evaluations, pytest.approx(megaflop, rel=0.01)), name
