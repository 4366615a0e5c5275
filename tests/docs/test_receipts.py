"""docs/receipts.md: its commands run in order, openssl and Python alone at the end; its tables are true."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import msgspec
import pytest

from terminal.errors import TerminalError
from terminal.receipts import errors
from terminal.receipts.benefit_receipt import BenefitReceipt
from terminal.receipts.packed_certificate import DICTIONARY
from tests.docs.shell_blocks import DOCS, bash_blocks, run_bash
from tests.terminal.receipts.cast import NAME, bus

PAGE = (DOCS / "receipts.md").read_text()
VERIFIED = "Signature Verified Successfully"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The page's folder: a terminal with one granted tap."""
    line = bus(tmp_path / "terminal")
    line.tap(line.enrolled.card(), companions=1, fare=200)
    return tmp_path


def test_the_commands_of_the_page_run_in_order(folder: Path) -> None:
    blocks = bash_blocks(DOCS / "receipts.md")
    assert len(blocks) == 4
    done = run_bash("\n".join(blocks), folder, TONGKA_LANG="en")
    assert done.returncode == 0, done.stderr
    assert "GENUINE" in done.stdout
    assert VERIFIED in done.stdout and "terminal.pem: OK" in done.stdout and NAME in done.stdout
    for file in ("code.png", "slip.bin", "slip.png"):
        assert (folder / file).stat().st_size > 1000


def test_an_altered_code_is_refused_by_openssl_as_well(folder: Path) -> None:
    blocks = bash_blocks(DOCS / "receipts.md")
    assert run_bash("\n".join(blocks[:3]), folder).returncode == 0
    message = bytearray((folder / "message.bin").read_bytes())
    message[-1] ^= 1
    (folder / "message.bin").write_bytes(bytes(message))
    done = run_bash(blocks[3], folder)
    assert done.returncode != 0 and VERIFIED not in done.stdout


def test_the_dictionary_of_the_page_is_the_one_in_use() -> None:
    [printed] = re.findall(r'DICTIONARY = bytes\.fromhex\("""\n(.*?)"""\)', PAGE, re.DOTALL)
    assert bytes.fromhex(printed) == DICTIONARY
    assert zlib.crc32(DICTIONARY) == 0x533C6276  # it never changes: another one would be TKR2


def test_the_table_of_the_format_has_every_member() -> None:
    rows = re.findall(r"^\| (\d+) \| ([a-z ]+) \|", PAGE, re.MULTILINE)
    names = [name.replace(" ", "_") for _number, name in rows]
    assert names == [
        "receipt",
        "signature",
        "certificate",
        *(f.name for f in msgspec.structs.fields(BenefitReceipt)),
    ]


def test_the_page_explains_every_error() -> None:
    own = [value for value in vars(errors).values() if isinstance(value, type)]
    codes = {one.code for one in own if issubclass(one, TerminalError) and "code" in vars(one)}
    assert len(codes) == 11
    assert all(code in PAGE for code in codes)
