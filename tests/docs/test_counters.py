"""docs/counters.md: its commands run in order over a genuine pcscd, with a card and a PSAM of files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from card.application import Role
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.issuing.card_file import CardFile
from card.simulator.issuing.psam_file import PsamFile
from terminal.errors import TerminalError
from terminal.modes import counter_errors
from terminal.modes.counter_note import Purpose
from tests.card.psam_cards import empty_readers
from tests.docs.shell_blocks import DOCS, bash_blocks, run_bash
from tests.terminal.enrolled import Enrolled, enrol
from tests.terminal.modes.counter_cast import NAME, NUMBER, SECRETS, holder
from tests.terminal.modes.sale_cast import journal_of

PAGE: Final = DOCS / "counters.md"


@pytest.fixture
def place(tmp_path: Path) -> Enrolled:
    """The page's folder: a terminal, a holder's card and a PSAM."""
    place = enrol(tmp_path / "terminal", "GARDEN")
    CardFile.create(tmp_path / "card.json", holder(place, issued=date.today()))
    PsamFile.create(tmp_path / "psam.json", place.issuer.psam_for(Role.READER))
    return place


@pytest.fixture(autouse=True)
def _empty_readers(private_pcscd: PrivatePcscd) -> Iterator[None]:
    empty_readers(private_pcscd)
    yield
    empty_readers(private_pcscd)


def test_the_commands_of_the_page_run_in_order(
    place: Enrolled, private_pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    blocks = bash_blocks(PAGE)
    assert len(blocks) == 3
    said = ""
    for block in blocks:
        empty_readers(private_pcscd)
        # Whatever fails, no card stays on the reader.
        done = run_bash(
            "trap 'kill $(jobs -p) 2>&- || true' EXIT\n" + block,
            tmp_path,
            TONGKA_LANG="en",
            READER=private_pcscd.readers[0],
            SAM_SLOT=private_pcscd.readers[1],
            CARD_PORT=str(private_pcscd.ports[0]),
            SAM_PORT=str(private_pcscd.ports[1]),
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said += done.stdout
    assert "data: issuer" in said
    assert "registered: CERT-RENEW application no. 3" in said
    assert "the counter ended with 0" in said
    assert "present: 1" in said
    sale = json.loads(next(line for line in said.splitlines() if '"state":"sale"' in line))
    assert (sale["phase"], sale["holders"]) == ("confirmed", 1)
    kinds = [event.kind.value for event in journal_of(place)]
    assert kinds == ["visit", "visit", "visit", "check_in", "tap"]
    assert NAME not in said and NUMBER not in said
    for written in tmp_path.glob("*.jsonl"):
        assert not any(secret in written.read_bytes() for secret in SECRETS)


def test_the_page_explains_every_error_and_every_purpose() -> None:
    page = PAGE.read_text()
    own = [value for value in vars(counter_errors).values() if isinstance(value, type)]
    codes = {one.code for one in own if issubclass(one, TerminalError) and "code" in vars(one)}
    assert len(codes) == 9
    told = {
        code for row in re.findall(r"^\| TRM-([\d /]+) \|", page, re.MULTILINE) for code in row.split(" / ")
    }
    assert {f"TRM-{code}" for code in told} == codes
    assert all(
        f"`{one.value}`" in page or f'"{one.value}"' in page for one in set(Purpose) - {Purpose.COMPARISON}
    )
