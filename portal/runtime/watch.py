"""A question that may hang, asked in the background, so that the supervisor never waits for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

ASK_EVERY_S = 5.0
# An answer older than this says nothing: the question itself is hanging.
ANSWER_HOLDS_S = 30.0

logger = logging.getLogger(__name__)


class Watch:
    """Asks ``question`` every few seconds; calling the watch gives the last fresh answer.

    No answer (none yet, the question failed, or it hangs) counts as False: a child is never
    ended on a guess.
    """

    def __init__(self, question: Callable[[], bool], *, every_s: float = ASK_EVERY_S) -> None:
        self._question = question
        self._every_s = every_s
        self._answer = False
        self._answered_at_s = float("-inf")
        self._thread: threading.Thread | None = None

    def __call__(self) -> bool:
        if self._thread is None:
            self._thread = threading.Thread(target=self._ask_for_ever, daemon=True)
            self._thread.start()
        is_fresh = time.monotonic() - self._answered_at_s < ANSWER_HOLDS_S
        return self._answer and is_fresh

    def _ask_for_ever(self) -> None:
        while True:
            try:
                self._answer = self._question()
            except Exception:
                logger.debug("no answer", exc_info=True)
                self._answer = False
            self._answered_at_s = time.monotonic()
            time.sleep(self._every_s)
