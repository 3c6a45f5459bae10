"""The walls between the rooms. The contracts themselves are in pyproject.toml."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
CONTRACTS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
PURITY = next(c for c in CONTRACTS if c["name"].startswith("Pure modules"))

FORBIDDEN_IN_PURE = ("django", "rest_framework", "celery", "kombu", "psycopg", "redis")


def pure_modules() -> list[str]:
    """The modules the contract names, and everything inside those that are packages."""
    found = []
    for name in PURITY["source_modules"]:
        found.append(name)
        folder = PROJECT.joinpath(*name.split("."))
        if folder.is_dir():
            found += [
                f"{name}.{module.name}"
                for module in pkgutil.walk_packages([str(folder)])
                if module.name != "__main__"
            ]
    return found


def test_every_pure_module_named_in_the_contract_exists() -> None:
    for name in PURITY["source_modules"]:
        path = PROJECT.joinpath(*name.split("."))
        assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file(), name


def test_pure_modules_load_neither_framework_nor_queue_nor_driver() -> None:
    program = (
        "import importlib, json, sys\n"
        "for name in json.loads(sys.argv[1]): importlib.import_module(name)\n"
        f"print(json.dumps(sorted(m for m in {FORBIDDEN_IN_PURE!r} if m in sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(pure_modules())],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run(
        [linter, "--no-cache"], cwd=PROJECT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
