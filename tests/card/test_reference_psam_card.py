"""docs/reference-psam-card.md: its example is, byte by byte, what the code says and what openssl makes."""

from __future__ import annotations

import re
import secrets
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import pytest

from card.apdu import CommandApdu, Instruction, ResponseApdu
from card.application import CardApplication, Role
from card.connection import CardConnection
from card.profile_document import document
from card.psam import PsamIdentity
from card.psam_cipher import PsamCipherParameters
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.cipher_psam import CipherPsamChip, CipherPsamContents
from card.simulator.chips.contents import MAX_TRIES
from card.simulator.chips.psam_card import PsamCardChip
from card.simulator.issuing.psam_card_issuer import PsamCardIssuer
from tests.card.psam_cards import PSAM_PROFILE, RECORDS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "reference-psam-card.md").read_text()
PARAMETERS = PsamCipherParameters.of(PSAM_PROFILE)


def value(name: str) -> bytes:
    """The bytes in the row of the example's table of values that has this name."""
    found = re.search(rf"^\| {re.escape(name)} \|.*\| `([0-9A-F ]+)` \|$", DOCUMENT, re.MULTILINE)
    assert found is not None, name
    return bytes.fromhex(found[1])


def transcripts() -> list[list[str]]:
    """The lines of the blocks that show what passed."""
    return [text.splitlines() for text in re.findall(r"```transcript\n(.*?)```", DOCUMENT, re.DOTALL)]


class Noted(InProcessConnection):
    """A line that writes down what passes, as the document shows it."""

    def __init__(self, chip: PsamCardChip | CipherPsamChip, name: str, lines: list[str]) -> None:
        super().__init__(chip)
        self._name = name
        self._lines = lines

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Passed on, and noted."""
        answer = super().transmit(command)
        self._lines.append(f"{self._name} < {command.to_bytes().hex(' ').upper()}")
        self._lines.append(f"{self._name} > {answer.to_bytes().hex(' ').upper()}")
        return answer


def example(role: Role, work: Callable[[CardApplication], object]) -> list[str]:
    """What passes in the example's visit: its keys, its card, its randoms."""
    masters = {number: value(f"master key {number:02X}") for number in PARAMETERS.numbers}
    identity = PsamIdentity(value("PSAM id"), 1)
    issuer = PsamCardIssuer(PSAM_PROFILE, CipherPsamContents(identity, MappingProxyType(masters)))
    card = PsamCardChip(issuer.personalise(RECORDS), PSAM_PROFILE)
    psam = CipherPsamChip(CipherPsamContents(identity, issuer.psam_for(role).masters), PSAM_PROFILE)
    lines: list[str] = []
    with Noted(card, "card", lines) as line, Noted(psam, "psam", lines) as slot:
        visit(line, slot, role, work)
    return lines


def visit(
    line: CardConnection, slot: CardConnection, role: Role, work: Callable[[CardApplication], object]
) -> None:
    randoms = iter((value("RND.C"), value("RND.T"), value("RND.R")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "token_bytes", lambda count: next(randoms))
        application = CardApplication(line, PSAM_PROFILE)
        application.select()
        application.authenticate(slot, role)
        work(application)


def read_grades(application: CardApplication) -> bytes:
    return application.send(CommandApdu(0x00, Instruction.READ_RECORD, 0x10, 0x3C, le=8), "READ RECORD")


def write_grades(application: CardApplication) -> bytes:
    command = CommandApdu(0x00, Instruction.UPDATE_RECORD, 0x10, 0x3C, b"\x10\x02\x11\x32")
    return application.send(command, "UPDATE RECORD")


def test_what_passes_in_a_visit_is_what_the_document_shows() -> None:
    visits = [example(Role.READER, read_grades), example(Role.ISSUER, write_grades)]
    assert transcripts()[0] == visits[0]
    update = len(transcripts()[1])
    assert transcripts()[1] == visits[1][-update:]
    assert transcripts()[1][0] == "card < 00 84 00 00 08"


def openssl(mode: str, key: bytes, data: bytes, *options: str) -> bytes:
    """What openssl enciphers, without padding of its own."""
    arguments = ["openssl", "enc", f"-sm4-{mode}", "-K", key.hex(), "-nopad", *options]
    return subprocess.run(arguments, input=data, capture_output=True, check=True).stdout


def test_the_keys_of_the_example_are_openssls() -> None:
    assert value("diversifier") == b"0001234533010000"
    for number in (2, 3, 4, 5):
        assert openssl("ecb", value(f"master key {number:02X}"), value("diversifier")) == value(
            f"card key {number:02X}"
        )
    assert openssl("ecb", value("card key 04"), value("RND.C") + PADDING) == value("session key 04")
    assert openssl("ecb", value("card key 05"), value("RND.R") + PADDING) == value("session key 05")


PADDING = b"\x80" + bytes(7)


def test_the_cryptograms_of_the_example_are_openssls() -> None:
    assert openssl("ecb", value("card key 02"), value("RND.C") + PADDING) == value("terminal's cryptogram")
    assert openssl("ecb", value("card key 03"), value("RND.T") + PADDING) == value("card's cryptogram")


def test_the_macs_of_the_example_are_openssls_over_the_bytes_that_the_document_lists() -> None:
    for name, key in (("read", "04"), ("update", "05"), ("confirmation", "05")):
        message = table(name)
        enciphered = openssl("cbc", value(f"session key {key}"), message, "-iv", bytes(16).hex())
        assert enciphered[-16:-8] == value(f"MAC of the {name}")
    assert value("MAC of the read") in bytes.fromhex(transcripts()[0][-5].split(" > ")[-1])


def table(name: str) -> bytes:
    """The first cells of the table of a MAC's message, put together."""
    rows = DOCUMENT[DOCUMENT.index(f"Message of the {name}:") :].split("\n\n")[1]
    return bytes.fromhex("".join(re.findall(r"^\| `([0-9A-F ]+)` \|", rows, re.MULTILINE)))


def test_the_tables_of_files_are_the_profiles() -> None:
    begin = "<!-- begin: tongka card profile document card/profiles/reference-psam.toml -->\n"
    found = DOCUMENT[DOCUMENT.index(begin) + len(begin) : DOCUMENT.index("<!-- end -->")]
    assert found.strip() == document(PSAM_PROFILE).strip()


def test_numbers_in_the_text_are_the_codes() -> None:
    contents = CipherPsamContents.generate(PARAMETERS.numbers)
    psam = CipherPsamChip(contents, PSAM_PROFILE)
    card = PsamCardChip(PsamCardIssuer(PSAM_PROFILE, contents).personalise(RECORDS), PSAM_PROFILE)
    assert psam.atr.hex(" ").upper() in DOCUMENT
    assert card.atr.hex(" ").upper() in DOCUMENT
    assert PSAM_PROFILE.aid_bytes.hex(" ").upper() in DOCUMENT
    assert PSAM_PROFILE.full_data_path.psam_aid_bytes.hex(" ").upper() in DOCUMENT
    assert f"fewer than {MAX_TRIES} failed tries" in DOCUMENT
