"""docs/reference-applet.md: each byte of its example is what the code makes, reads and verifies."""

import re
from datetime import date
from pathlib import Path

from card.apdu import CommandApdu, ResponseApdu, StatusWord
from card.fci import Fci
from card.profile import reference_profile
from card.simulator.applet import HISTORICAL_BYTES
from card.simulator.atr import contactless_atr
from crypto.credential import TapCredential
from crypto.sm2 import PublicKey
from crypto.tap_proof import TapProof, tap_message

DOCUMENT = (Path(__file__).parents[2] / "docs" / "reference-applet.md").read_text()
PROFILE = reference_profile()


def blocks(kind: str) -> list[bytes]:
    """All code blocks of a kind, as bytes."""
    return [bytes.fromhex(text) for text in re.findall(rf"```{kind}\n(.*?)```", DOCUMENT, re.DOTALL)]


def table(first_cell: str) -> bytes:
    """The first cells of the table that begins with this one, put together."""
    rows = DOCUMENT[DOCUMENT.index(f"| `{first_cell}`") :].split("\n\n")[0]
    return bytes.fromhex("".join(re.findall(r"^\| `([0-9A-F ]+)` \|", rows, re.MULTILINE)))


def select_answer() -> ResponseApdu:
    return ResponseApdu.from_bytes(table("6F 81 AB"))


def credential() -> TapCredential:
    return TapCredential.from_bytes(Fci.from_bytes(select_answer().data, PROFILE).credential)


def test_the_atr_is_the_simulators() -> None:
    assert blocks("atr") == [contactless_atr(HISTORICAL_BYTES)]
    assert HISTORICAL_BYTES.hex(" ").upper() in DOCUMENT


def test_the_select_command_is_the_profiles() -> None:
    command = CommandApdu.from_bytes(blocks("command")[0])
    assert command == CommandApdu(0x00, 0xA4, 0x04, 0x00, PROFILE.aid_bytes, le=256)


def test_the_fci_parses_and_encodes_to_the_same_bytes() -> None:
    answer = select_answer()
    assert answer.sw == StatusWord.NO_ERROR
    assert Fci(PROFILE.aid_bytes, credential().to_bytes()).to_bytes(PROFILE) == answer.data


def test_the_credential_says_what_the_table_says() -> None:
    found = credential()
    assert found.issuer_key_id == b"TEST\x00\x00\x00\x01"
    assert found.categories == (1, 4)
    assert (found.grade, found.region) == (2, "330106")
    assert (found.issued, found.expires) == (date(2026, 1, 31), date(2036, 1, 30))
    assert found.verify_signature(PublicKey.from_point(blocks("issuer-key")[0]))


def test_the_proof_verifies_over_the_documented_message() -> None:
    command = CommandApdu.from_bytes(blocks("command")[1])
    answer = ResponseApdu.from_bytes(blocks("answer")[0])
    assert table("7C 48") == answer.to_bytes()
    proof = TapProof.from_bytes(answer.data)
    assert proof.counter == 42
    assert proof.verify(command.data, credential().card_key)
    message = b"TONGKA-TAP-PROOF\x01" + command.data + (42).to_bytes(4, "big")
    assert message == tap_message(command.data, 42)
    assert len(command.data) == PROFILE.internal_authenticate.challenge_bytes


def test_every_status_word_in_the_document_has_its_name() -> None:
    found = re.findall(r"\| ([0-9A-F]{2} [0-9A-F]{2}) ([A-Z0-9_]+) \|", DOCUMENT)
    assert len(found) >= 7
    for sw, name in found:
        assert StatusWord(int(sw.replace(" ", ""), 16)).name == name
