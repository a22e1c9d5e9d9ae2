"""Holds a race: contenders take turns (A B A B), must agree, and the machine must be quiet."""

import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from races import machine
from races.process import Runner
from races.race import Contender, Race, save

ATTEMPTS = 3  # at a quiet race


@dataclass(frozen=True)
class Line:
    """One contender's result."""

    contender: str
    rounds: list[float]
    ratio: float  # its median time in those of ours
    share: float | None  # of the machine's peak
    megabytes: float  # at most, beyond the inputs
    ready: float  # seconds of what was prepared beforehand
    found: str

    @property
    def seconds(self) -> float:
        return float(np.median(self.rounds))


@dataclass(frozen=True)
class Result:
    """A race: its lines, ours first, and what disturbed it."""

    work: str
    title: str
    lines: list[Line]
    complaints: list[str]

    def to_dict(self) -> dict:
        """Plain data."""
        lines = [{**asdict(line), "seconds": line.seconds} for line in self.lines]
        return {**asdict(self), "lines": lines}


def line_up(race: Race, levels: list[str]) -> list[Contender]:
    """Return who is there: ours at its best and at each SIMD level, and the peers installed."""
    contenders = []
    for contender in race.contenders:
        if contender.installed:
            contenders.append(contender)
        if contender.module == "pyrec":
            contenders += [at_level(contender, level) for level in levels]
    return contenders


def at_level(contender: Contender, level: str) -> Contender:
    environment = {**contender.environment, "PYREC_SIMD": level}
    return replace(contender, name=f"{contender.name} ({level})", environment=environment)


def hold(
    race: Race, peak: machine.Peak, threads: int, rounds: int, levels: list[str], noisy: bool
) -> Result:
    """Hold a race, again while the machine is too noisy, and return the last result."""
    inputs = race.inputs()
    with tempfile.TemporaryDirectory() as folder:
        save(inputs, Path(folder))
        for _ in range(1 if noisy else ATTEMPTS):
            result = attempt(race, inputs, Path(folder), peak.measure(), threads, rounds, levels)
            if not result.complaints:
                break
    return result


def attempt(race, inputs, folder, peak, threads, rounds, levels) -> Result:
    contenders = line_up(race, levels)
    runners = []
    try:
        for contender in contenders:
            runners.append(Runner(race, contender, folder, threads))
        first = [runner.run() for runner in runners]  # warms up, and tells the memory
        quiet = machine.Quiet(threads)
        runs = [[] for _ in runners]
        for _ in range(rounds):
            for runner, done in zip(runners, runs, strict=True):
                quiet.reference()
                done.append(runner.run())
        cpu = sum(run["cpu"] for done in runs for run in done)
        seconds = {
            contender.title: [run["seconds"] for run in done]
            for contender, done in zip(contenders, runs, strict=True)
        }
        complaints = quiet.complaints(cpu, seconds)
        outcomes = {c.title: r.outcome() for c, r in zip(contenders, runners, strict=True)}
    finally:
        for runner in runners:
            runner.stop()
    found = race.agree(inputs, outcomes)
    ours = float(np.median(next(iter(seconds.values()))))
    lines = [
        Line(
            contender=name,
            rounds=times,
            ratio=float(np.median(times)) / ours,
            share=race.cost(inputs, outcomes[name]).share(float(np.median(times)), peak),
            megabytes=warm["megabytes"],
            ready=runner.ready,
            found=found[name],
        )
        for (name, times), warm, runner in zip(seconds.items(), first, runners, strict=True)
    ]
    return Result(race.work, race.title, lines, complaints)
