"""How likely it is that an incident was gunfire: never a bare label, always with what made it so.

Without a history the laws speak (``laws``); with one, what this city's reviewers found is learnt
(``learning``) and the laws are one input among others, which a history may overrule.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sensors.detection.events import DetectedEvent, Detection
from sensors.detection.laws import KINDS, LAWS, Laws, judge_by_laws, share_kinds
from sensors.detection.streams import Floats
from sensors.detection.weights import Weights

__all__ = ["DEFAULT", "KINDS", "Classifier", "FormatError", "Verdict", "judged_again"]

FORMAT = 1
SUREST = 6.0
"""Log-odds beyond which no answer goes, 1 in 400: no history is long enough to bear more out."""


class FormatError(ValueError):
    """Stored weights that this version cannot read."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """kind: the likeliest of ``KINDS``, never to be shown without prob, the probability of gunfire.
    kind_probs: (3,) in the order of ``KINDS``. why: what each term adds to logit(prob); sums to it."""

    kind: str
    prob: float
    kind_probs: Floats
    why: dict[str, float]


@dataclass(frozen=True, eq=False)
class Classifier:
    """Weights under a version: the same version gives the same answer for the same features.

    gunfire: gunfire against the rest; None where nothing was learnt. rest: firework against other
    impulses, None where the laws share the rest. n_reviewed: incidents it was learnt from.
    """

    version: str
    laws: Laws
    gunfire: Weights | None = None
    rest: Weights | None = None
    n_reviewed: int = 0

    def judge(self, features: Mapping[str, float]) -> Verdict:
        """features: as ``pooled_features`` gives them; whatever is absent or NaN says nothing."""
        probs, why = judge_by_laws(features, self.laws)
        if self.gunfire is not None:
            why = _bounded(self.gunfire.terms(features, why))
        rest = np.log(probs)
        if self.rest is not None:
            laws_say = {"prior": float(rest[1] - rest[2])}
            rest = np.array([0.0, sum(_bounded(self.rest.terms(features, laws_say)).values()), 0.0])
        probs = share_kinds(sum(why.values()), rest)
        return Verdict(KINDS[int(np.argmax(probs))], float(probs[0]), probs, why)

    def to_json(self) -> dict[str, Any]:
        """Plain values that JSON keeps exactly."""
        return {
            "format": FORMAT,
            "version": self.version,
            "laws": self.laws.to_json(),
            "gunfire": None if self.gunfire is None else self.gunfire.to_json(),
            "rest": None if self.rest is None else self.rest.to_json(),
            "n_reviewed": self.n_reviewed,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Classifier:
        """Raises FormatError for weights of another format."""
        if told.get("format") != FORMAT:
            raise FormatError(f"classifier: got format {told.get('format')}; wanted {FORMAT}")
        try:
            return cls(
                str(told["version"]),
                Laws.from_json(told["laws"]),
                None if told["gunfire"] is None else Weights.from_json(told["gunfire"]),
                None if told["rest"] is None else Weights.from_json(told["rest"]),
                int(told["n_reviewed"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(
                f"classifier: got {error!r}; wanted weights of this version"
            ) from error


def _bounded(terms: dict[str, float]) -> dict[str, float]:
    """The terms, drawn in together where their sum goes beyond ``SUREST``."""
    total = sum(terms.values())
    if abs(total) <= SUREST:
        return terms
    return {term: value * SUREST / abs(total) for term, value in terms.items()}


def digest(told: Any) -> str:
    """Twelve hexadecimal digits that change whenever the told values do."""
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def judged_again(detection: Detection, classifier: Classifier) -> Detection:
    """The same incidents, judged by another classifier."""
    return replace(
        detection, events=tuple(_judged(event, classifier) for event in detection.events)
    )


def _judged(event: DetectedEvent, classifier: Classifier) -> DetectedEvent:
    verdict = classifier.judge(event.evidence)
    return replace(event, classifier_version=classifier.version, **vars(verdict))


DEFAULT = Classifier(f"laws-{digest(LAWS.to_json())}", LAWS)
"""Without a history: laws of which only gunfire's are measured."""
