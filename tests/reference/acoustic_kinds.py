"""How well kinds are told apart, before and after a history, on made streams: the table of docs/detection.md.

python -m tests.reference.acoustic_kinds --preset urban --seeds 31 32

Of each town one period is reviewed (every incident, by time and place, as in form b of a history file) and
another is judged. Figures count what is told of real sources; F1 also counts what was not found, and false
results that were called gunfire.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

import numpy as np

from sensors.detection import Detection, PulseArrays, SensorArrays, Weather, detect
from sensors.detection.classification import judged_again
from sensors.detection.history import Taught, taught_by_reviews
from sensors.detection.learning import History, train
from sensors.simulation.streams import PRESETS, Stream, make_stream
from tests.reference.acoustic_score import Marks, mark, pooled

Period = tuple[Stream, Detection]


def period(preset: str, *, seed: int, part: int, minutes: float) -> Period:
    stream = make_stream(replace(PRESETS[preset], minutes=minutes), seed=seed, part=part)
    found = detect(
        PulseArrays(**stream.pulses),
        SensorArrays(**stream.sensors),
        weather=Weather(**stream.weather),
    )
    return stream, found


def reviewed(of: Period, *, share: float = 1.0) -> Taught:
    """Reviews of a share of a period's incidents, the first ones."""
    stream, found = of
    incidents = stream.truth.incidents[: int(np.ceil(share * len(stream.truth.incidents)))]
    return taught_by_reviews(
        found.events,
        np.array([i.t_ns for i in incidents]),
        np.array([(i.x_m, i.y_m) for i in incidents]),
        [i.kind for i in incidents],
        in_degrees=False,
    )


def together(histories: list[History]) -> History:
    return History(
        tuple(one for history in histories for one in history.features),
        np.concatenate([history.kind for history in histories]),
    )


def figures(preset: str, seeds: list[int], minutes: float) -> dict[str, Marks]:
    """Marks by what was known: nothing, a tenth or all of an earlier period, other towns' periods."""
    before = [period(preset, seed=s, part=0, minutes=minutes) for s in seeds]
    after = [period(preset, seed=s, part=1, minutes=minutes) for s in seeds]
    known: dict[str, list[History | None]] = {
        "no history": [None] * len(seeds),
        "a quarter of the period reviewed": [reviewed(one, share=0.25).history for one in before],
        "the period reviewed": [reviewed(one).history for one in before],
    }
    if len(seeds) > 1:
        known["other towns' periods reviewed"] = [
            together([reviewed(b).history for b in before if b is not own]) for own in before
        ]
    return {
        name: pooled(
            [
                mark(found if h is None else judged_again(found, train(h)), stream.truth)
                for h, (stream, found) in zip(histories, after, strict=True)
            ]
        )
        for name, histories in known.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.reference.acoustic_kinds")
    parser.add_argument("--preset", choices=sorted(PRESETS), required=True)
    parser.add_argument("--seeds", type=int, nargs="+", required=True)
    parser.add_argument("--minutes", type=float, default=60.0)
    options = parser.parse_args()
    sys.stdout.write(
        "| known | F1 found | F1 gunfire | AUC | ECE | n |\n|---|---|---|---|---|---|\n"
    )
    for name, m in figures(options.preset, options.seeds, options.minutes).items():
        sys.stdout.write(
            f"| {name} | {m.f1:.2f} | {m.gun_f1:.2f} | {m.auc:.3f} | {m.ece:.3f} | {m.prob.size} |\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
