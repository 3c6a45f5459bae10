"""What an adversary's messages leak through the rules: the numbers that docs/community.md tells."""

from __future__ import annotations

import pytest

from community.redaction import find_personal_data
from community.redaction.spans import Span, covered
from tests.reference.personal_data import Planted, messages

N = 1_500
SEEDS = (11, 12)
MOST_LEAKED_HIDDEN = 0.02


def shows(planted: Planted, spans: tuple[Span, ...]) -> bool:
    """Whether a letter or digit of what was planted is left."""
    hidden = covered(spans, len(planted.text))
    return any(
        planted.text[i].isalnum() and not hidden[i] for i in range(planted.start, planted.end)
    )


def leaked(*, seed: int, hidden: bool) -> list[Planted]:
    """What the rules show without asking for a person."""
    found = [(p, find_personal_data(p.text)) for p in messages(N, seed=seed, hidden=hidden)]
    return [p for p, findings in found if shows(p, findings.spans) and not findings.hold_for_human]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_that_is_written_plainly_leaks(seed: int) -> None:
    assert [(p.kind, p.text) for p in leaked(seed=seed, hidden=False)] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_hardly_anything_that_is_hidden_leaks(seed: int) -> None:
    through = leaked(seed=seed, hidden=True)

    assert len(through) / N <= MOST_LEAKED_HIDDEN, [(p.kind, p.form, p.text) for p in through]


@pytest.mark.parametrize("hidden", [False, True])
def test_each_kind_is_planted_in_both_languages(hidden: bool) -> None:
    planted = list(messages(N, seed=SEEDS[0], hidden=hidden))

    assert len({(p.kind, p.language) for p in planted}) == 20
    assert len({p.form for p in planted}) == (16 if hidden else 1)
    assert all(p.item == p.text[p.start : p.end] and p.item for p in planted)
    assert all(shows(p, ()) for p in planted)  # without rules everything leaks
