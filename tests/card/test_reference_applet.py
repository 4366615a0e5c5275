"""docs/reference-applet.md: each byte of its example is what the code makes, reads and verifies."""

import re
import subprocess
from datetime import date
from pathlib import Path

from card.apdu import CommandApdu, ResponseApdu, StatusWord
from card.application import Role
from card.atr import contactless_atr
from card.fci import Fci, blank_fci
from card.mutual_authentication import AuthenticationToken, StaticKeys, shared_secret
from card.personalisation import GENERATE, PUT_KEYS
from card.profile import reference_profile
from card.profile_document import document
from card.secure_messaging import SecureMessaging, SessionKeys
from card.simulator.chips.applet import HISTORICAL_BYTES
from card.simulator.chips.contents import MAX_TRIES
from card.simulator.chips.psam import PsamChip
from crypto.credential import TapCredential
from crypto.sm2 import PublicKey
from crypto.tap_proof import TapProof, tap_message
from tests.card.cards import ISSUER

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
    assert len(command.data) == PROFILE.tap_path.internal_authenticate.challenge_bytes


def test_every_status_word_in_the_document_has_its_name() -> None:
    found = re.findall(r"\| ([0-9A-F]{2} [0-9A-F]{2}) ([A-Z0-9_]+) \|", DOCUMENT)
    assert len(found) >= 7
    for sw, name in found:
        assert StatusWord(int(sw.replace(" ", ""), 16)).name == name


def value(name: str) -> bytes:
    """A value of the example of mutual authentication."""
    found = re.search(rf"^\| {re.escape(name)} \| `([0-9A-F ]+)` \|$", DOCUMENT, re.MULTILINE)
    assert found is not None, name
    return bytes.fromhex(found[1])


def openssl(*arguments: str, given: bytes) -> bytes:
    """What openssl prints for these bytes on its standard input."""
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True).stdout


def openssl_cmac(key: bytes, data: bytes) -> bytes:
    options = ("-cipher", "SM4-CBC", "-macopt", f"hexkey:{key.hex()}", "-in", "/dev/stdin", "CMAC")
    return bytes.fromhex(openssl("mac", *options, given=data).decode())


def openssl_cbc(key: bytes, initial: bytes, data: bytes) -> bytes:
    return openssl("enc", "-sm4-cbc", "-K", key.hex(), "-iv", initial.hex(), "-nopad", given=data)


def test_the_keys_of_the_example_are_openssls() -> None:
    assert openssl_cmac(value("master K.ENC"), b"\x01" + value("card id")) == value("K.ENC")
    assert openssl_cmac(value("master K.MAC"), b"\x01" + value("card id")) == value("K.MAC")
    secret = bytes(one ^ other for one, other in zip(value("K.IFD"), value("K.ICC"), strict=True))
    assert secret == value("S")
    for name, counter in (("KS.ENC", 1), ("KS.MAC", 2)):
        digest = openssl("dgst", "-sm3", "-binary", given=secret + counter.to_bytes(4, "big"))
        assert digest[:16] == value(name)


def test_the_tokens_of_the_example_are_openssls_and_the_codes() -> None:
    shares = (("RND.IFD", "RND.ICC", "K.IFD"), ("RND.ICC", "RND.IFD", "K.ICC"))
    keys = StaticKeys(value("K.ENC"), value("K.MAC"))
    for token, names in zip(blocks("token"), shares, strict=True):
        plain = b"".join(value(name) for name in names)
        enciphered = openssl_cbc(keys.cipher, bytes(16), plain)
        assert token == enciphered + openssl_cmac(keys.mac, enciphered)[:8]
        assert AuthenticationToken.from_bytes(token, keys).to_bytes(keys) == token


def test_the_session_of_the_example_is_the_codes() -> None:
    keys = StaticKeys(value("K.ENC"), value("K.MAC"))
    first, second = (AuthenticationToken.from_bytes(token, keys) for token in blocks("token"))
    session = SessionKeys.derive(shared_secret(first, second))
    assert (session.cipher, session.mac) == (value("KS.ENC"), value("KS.MAC"))
    messaging = SecureMessaging(session)
    read, answer, refused_read, refusal = blocks("protected")
    assert messaging.wrap(CommandApdu(0x00, 0xB0, 0x83, 0x00, le=0x12)).to_bytes() == read
    plain = messaging.unwrap(ResponseApdu.from_bytes(answer))
    disability = PROFILE.file_named("disability")
    assert plain.data == bytes.fromhex(disability.vector[0].encoded)
    assert messaging.wrap(CommandApdu(0x00, 0xB0, 0x84, 0x00, le=0x10)).to_bytes() == refused_read
    assert messaging.unwrap(ResponseApdu.from_bytes(refusal)).sw == 0x6982


def test_the_protected_answer_of_the_example_is_openssls() -> None:
    answer = blocks("protected")[1]
    counter = (2).to_bytes(16, "big")
    initial = openssl_cbc(value("KS.ENC"), bytes(16), counter)
    padded = bytes.fromhex(PROFILE.file_named("disability").vector[0].encoded) + b"\x80" + bytes(13)
    objects = b"\x87\x21\x01" + openssl_cbc(value("KS.ENC"), initial, padded) + b"\x99\x02\x90\x00"
    covered = counter + objects + b"\x80" + bytes(-(len(objects) + 1) % 16)
    assert answer == objects + b"\x8e\x08" + openssl_cmac(value("KS.MAC"), covered)[:8] + b"\x90\x00"


def test_the_tables_of_files_are_the_profiles() -> None:
    begin = "<!-- begin: tongka card profile document card/profiles/reference.toml -->\n"
    found = DOCUMENT[DOCUMENT.index(begin) + len(begin) : DOCUMENT.index("<!-- end -->")]
    assert found.strip() == document(PROFILE).strip()


def test_numbers_in_the_text_are_the_codes() -> None:
    assert f"`00 DA {PUT_KEYS >> 8:02X} {PUT_KEYS & 0xFF:02X}`" in DOCUMENT
    assert f"`00 47 {GENERATE >> 8:02X} {GENERATE & 0xFF:02X}`" in DOCUMENT
    assert f"fewer than {MAX_TRIES} failed tries" in DOCUMENT
    assert PsamChip(ISSUER.psam_for(Role.READER)).atr.hex(" ").upper() in DOCUMENT
    assert PROFILE.full_data_path.psam_aid_bytes.hex(" ").upper() in DOCUMENT
    assert blank_fci(bytes(8), PROFILE)[:2].hex(" ").upper() in DOCUMENT
