"""What stops a start before anything else is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.runtime.prepare import STYLES, refuse_unbuilt_pages


def test_pages_without_their_styles_are_not_served(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="make run"):
        refuse_unbuilt_pages(tmp_path)

    (tmp_path / STYLES).parent.mkdir()
    (tmp_path / STYLES).touch()
    refuse_unbuilt_pages(tmp_path / "another", tmp_path)
