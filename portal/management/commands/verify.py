"""`manage.py verify`: does the chain of releases hold, and does everything here belong to it? (docs/verify.md)"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.publication.custody import at_one_instant, chain_here, check_custody
from portal.publication.proof import Chain, check_folder, check_kept, check_keys, read_chain


class Command(BaseCommand):
    help = "Check the chain of releases, rows and files here, or a downloaded copy."
    requires_system_checks = []  # a wrong city file is no reason not to look

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--chain", type=Path, help="a downloaded chain.ndjson; else the one here"
        )
        parser.add_argument("--folder", type=Path, help="downloaded releases: manifests and files")
        parser.add_argument(
            "--head",
            action="append",
            default=[],
            help="a hash that was kept; the chain must have it",
        )
        parser.add_argument("--earlier", type=Path, help="a copy of the chain from before")
        parser.add_argument(
            "--key", action="append", default=[], help="fingerprint of the key you know of"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        is_copy = options["chain"] or options["folder"]
        with nullcontext() if is_copy else at_one_instant():
            chain, compared = self._checked(options, is_copy=bool(is_copy))
        self._report(chain, compared)

    def _checked(self, options: dict[str, Any], *, is_copy: bool) -> tuple[Chain, int]:
        """The chain with what is wrong with it, and how many files were compared."""
        chain = read_file(copy_of(options)) if is_copy else chain_here()
        earlier = read_file(options["earlier"]) if options["earlier"] else None
        check_kept(chain, heads=options["head"], earlier=earlier)
        check_keys(chain, options["key"])
        if options["folder"]:
            return chain, check_folder(chain, options["folder"])
        return chain, 0 if is_copy else check_custody(chain)

    def _report(self, chain: Chain, compared: int) -> None:
        for sentence in chain.notices:
            self.stdout.write(f"note: {sentence}")
        for sentence in chain.damage:
            self.stderr.write(f"DAMAGE: {sentence}")
        self.stdout.write(
            f"{chain.length} entries, {len(chain.releases)} releases, {len(chain.withdrawn)} of them"
            f" withdrawn; {compared} files compared"
        )
        self.stdout.write(f"head: {chain.head or 'none'}")
        if chain.damage:
            raise CommandError(f"{len(chain.damage)} faults; this is not what was signed")
        self.stdout.write("everything that was looked at is as it was signed")


def copy_of(options: dict[str, Any]) -> Path:
    """The chain that belongs to a downloaded folder lies in it, unless another is named."""
    chain: Path = options["chain"] or options["folder"] / "chain.ndjson"
    return chain


def read_file(path: Path) -> Chain:
    try:
        with path.open(encoding="utf-8") as lines:
            return read_chain(lines)
    except OSError as error:
        raise CommandError(
            f"got no chain at {path} ({error.strerror}); wanted a copy of /data/releases/chain.ndjson"
        ) from error
