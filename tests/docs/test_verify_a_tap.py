"""docs/verify-a-tap.md: its commands, run by bash with openssl on evidence that the centre exported."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crypto.tap_proof import tap_message
from sync.center.directory import Center
from sync.center.export import export_evidence
from sync.center.ingest import take_batch
from terminal.modes.inspection import MAGIC
from tests.docs.shell_blocks import DOCS, bash_blocks, run_bash
from tests.sync.cast import Card, Chain, Issuer, chain_of, new_center, now_ms, serving

VERIFIED = "Signature Verified Successfully"


@pytest.fixture
def center(tmp_path: Path, issuer: Issuer) -> Iterator[Center]:
    """A centre."""
    with new_center(tmp_path / "authority", issuer) as center:
        yield center


@pytest.fixture
def issuer() -> Issuer:
    """A test issuer."""
    return Issuer()


@pytest.fixture
def card(issuer: Issuer) -> Card:
    """A genuine card."""
    return issuer.card()


@pytest.fixture
def evidence(tmp_path: Path, center: Center, card: Card) -> Path:
    """The folder `evidence` with one tap of the card."""
    with serving(center) as url:
        chain: Chain = chain_of(center, url, tmp_path / "chain")
    chain.tap(card)
    take_batch(center.store, center.keys, chain.batch(), now_ms())
    export_evidence(center, chain.terminal, 1, tmp_path / "evidence", now_ms=0)
    return tmp_path / "evidence"


def _script() -> str:
    blocks = bash_blocks(DOCS / "verify-a-tap.md")
    assert len(blocks) == 4
    return "\n".join(blocks)


def test_both_signatures_verify_and_the_challenge_is_told(evidence: Path) -> None:
    done = run_bash(_script(), evidence.parent)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines.count(VERIFIED) == 2
    told = dict(line.split(maxsplit=1) for line in lines[2:])
    assert told["format"] == "TKT2"
    assert told["sequence"] == "1"
    assert told["service"].strip() == "BUS-1"


@pytest.mark.parametrize(
    ("file", "position"),
    [
        ("credential.bin", 50),  # the card's key: neither signature holds
        ("credential.bin", 75),  # the entitlement
        ("credential.bin", 100),  # the issuer's signature
        ("proof.bin", 10),
        ("message.bin", 30),
        ("challenge.bin", 41),  # the fare
    ],
)
def test_an_altered_byte_shows(evidence: Path, file: str, position: int) -> None:
    data = bytearray((evidence / file).read_bytes())
    data[position] ^= 0x01
    (evidence / file).write_bytes(bytes(data))
    done = run_bash(_script(), evidence.parent)
    assert done.returncode != 0
    assert done.stdout.count(VERIFIED) < 2 or "challenge" in file


def test_an_inspection_is_not_taken_for_a_tap(evidence: Path, card: Card) -> None:
    """Somebody who had the card in hand has it sign what looks like a tap but for the first four bytes."""
    challenge = MAGIC + (evidence / "challenge.bin").read_bytes()[len(MAGIC) :]
    proof = card.prove(challenge)
    (evidence / "challenge.bin").write_bytes(challenge)
    (evidence / "message.bin").write_bytes(tap_message(challenge, proof.counter))
    (evidence / "proof.bin").write_bytes(proof.signature)
    done = run_bash(_script(), evidence.parent)
    assert done.stdout.count(VERIFIED) == 2  # the card did sign it
    assert done.returncode != 0
    assert "sequence" not in done.stdout
