"""Public ids: pure chance, so that neither an id nor the order of a file says anything."""

from __future__ import annotations

from collections.abc import Callable

ID_BYTES = 12  # 96 bits: two of a thousand million records meet with probability 6e-12


def public_ids(count: int, *, random_bytes: Callable[[int], bytes]) -> list[str]:
    """New public ids of 24 hexadecimal digits. random_bytes: ``secrets.token_bytes``."""
    return [_public_id(random_bytes(ID_BYTES)) for _ in range(count)]


def _public_id(drawn: bytes) -> str:
    if len(drawn) != ID_BYTES:
        raise ValueError(f"got {len(drawn)} random bytes; wanted {ID_BYTES}")
    return drawn.hex()
