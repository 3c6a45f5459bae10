"""How likely it is that an incident was gunfire: never a bare label, always with what made it so."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sensors.detection.laws import KINDS, LAWS, Laws, judge_by_laws
from sensors.detection.streams import Floats

__all__ = ["DEFAULT", "KINDS", "Classifier", "FormatError", "Verdict"]

FORMAT = 1


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
    """Weights under a version: the same version gives the same answer for the same features."""

    version: str
    laws: Laws

    def judge(self, features: Mapping[str, float]) -> Verdict:
        """features: as ``pooled_features`` gives them; whatever is absent or NaN says nothing."""
        probs, why = judge_by_laws(features, self.laws)
        return Verdict(KINDS[int(np.argmax(probs))], float(probs[0]), probs, why)

    def to_json(self) -> dict[str, Any]:
        """Plain values that JSON keeps exactly."""
        return {"format": FORMAT, "version": self.version, "laws": self.laws.to_json()}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Classifier:
        """Raises FormatError for weights of another format."""
        if told.get("format") != FORMAT:
            raise FormatError(f"classifier: got format {told.get('format')}; wanted {FORMAT}")
        return cls(str(told["version"]), Laws.from_json(told["laws"]))


def digest(told: Any) -> str:
    """Twelve hexadecimal digits that change whenever the told values do."""
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


DEFAULT = Classifier(f"laws-{digest(LAWS.to_json())}", LAWS)
"""Without a history: laws of which only gunfire's are measured."""
