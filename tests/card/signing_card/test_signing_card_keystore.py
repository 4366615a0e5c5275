"""The keystore in a signing card, through the genuine pcscd and vpcd."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from card.apdu import CommandApdu, StatusWord
from card.errors import (
    CardInUse,
    CardTorn,
    NoSuchReader,
    NotASigningCard,
    OtherSigningCard,
    SigningCardMissing,
    SigningCardPinBlocked,
    SigningCardPinDoubtful,
    SigningCardPinNotSet,
    SigningCardPinUnavailable,
    SigningCardPinUnfit,
    SigningCardPinWrong,
    SigningCardRefused,
    SigningReaderUnclear,
)
from card.readers.pcsc import PcscReader
from card.signing_card import card as signing_card_module
from card.signing_card.card import find_reader, wait_for_free_card
from card.signing_card.data_objects import AID, MAX_KEY_REFERENCE, PIN_TRIES, SigningCardFci
from card.signing_card.keystore import KIND, SigningCardKeystore
from card.signing_card.pin import obtain_pin
from card.signing_card.session import SigningCardSession
from card.simulator.boards.link import InProcessConnection
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.chip import Chip
from card.simulator.chips.foreign import ForeignCardChip, ForeignKind
from card.simulator.chips.signing_card import SigningCardChip
from card.simulator.chips.wrapped_chip import WrappedChip
from card.simulator.issuing.signing_card_file import SigningCardFile
from crypto.errors import DecryptionFailed, KeystoreMalformed, KeystoreRefused
from crypto.signer import KeyHolder, Keystore
from crypto.sm2 import signature_to_der
from tests.card.signing_card.cards import PIN, WRONG_PIN, blank_card, signing_card
from tests.crypto.openssl import openssl, openssl_verifies

SECONDS = 20.0
NOWHERE = Path("unused")


class Slot:
    """The first virtual reader, and the card in it."""

    def __init__(self, service: PrivatePcscd) -> None:
        self.service = service
        self.reader = service.readers[0]
        self._link: VpcdLink | None = None

    def put(self, chip: Chip) -> None:
        """Insert a card, and wait until pcscd has seen it."""
        self._link = VpcdLink(chip, self.service.ports[0]).__enter__()
        # In use: by the keystore under test, whose line to the last card nobody has told of its end.
        with PcscReader(self.reader) as reader, suppress(CardInUse):
            reader.wait_for_card(SECONDS).close()

    def take(self) -> None:
        """Take the card out, and wait until pcscd has seen it."""
        if self._link is not None:
            self._link.remove()
            self._link = None
        with PcscReader(self.reader) as reader:
            reader.wait_for_removal(SECONDS)

    def swap(self, chip: Chip) -> None:
        """Another card, or the same again."""
        self.take()
        self.put(chip)


@pytest.fixture
def slot(private_pcscd: PrivatePcscd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slot]:
    """The empty reader; the PIN lies in a file."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setenv("TONGKA_CARD_PIN_FILE", str(pin_file(tmp_path, PIN)))
    monkeypatch.setattr(signing_card_module, "CARD_SECONDS", 1.5)
    slot = Slot(private_pcscd)
    slot.take()
    yield slot
    slot.take()


def pin_file(folder: Path, pin: str) -> Path:
    path = folder / "pin"
    path.write_text(f"{pin}\n")
    path.chmod(0o600)
    return path


def settings(slot: Slot, chip: SigningCardChip) -> dict[str, str]:
    return {"reader": slot.reader, "card": chip.contents.serial.hex().upper()}


@pytest.fixture
def card(slot: Slot) -> SigningCardChip:
    """A card with PIN and the key `content`, inserted."""
    chip = signing_card()
    slot.put(chip)
    return chip


@pytest.fixture
def store(slot: Slot, card: SigningCardChip) -> Iterator[SigningCardKeystore]:
    """Its keystore, opened."""
    keystore = KIND.open(NOWHERE, settings(slot, card))
    yield keystore
    keystore.close()


def test_make_names_the_card_and_open_finds_it(slot: Slot, card: SigningCardChip) -> None:
    made = KIND.make(NOWHERE, {"reader": slot.reader})
    assert made == settings(slot, card)
    keystore: Keystore = KIND.open(NOWHERE, made)
    assert keystore.is_protected
    assert keystore.exists("content")
    assert not keystore.exists("receipt")
    assert isinstance(keystore, SigningCardKeystore)
    keystore.close()
    keystore.close()
    assert keystore.exists("content")
    keystore.close()


def test_two_busy_programs_take_turns_with_a_card(
    slot: Slot, card: SigningCardChip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_card_module, "HELD_SECONDS", 0.1)
    made = settings(slot, card)
    first, second = KIND.open(NOWHERE, made), KIND.open(NOWHERE, made)
    keys = [first.load("content"), second.load("content")]
    turns: list[int] = []

    def work(number: int) -> None:
        for _ in range(200):
            assert keys[0].public_key.verify(keys[number].sign(b"x"), b"x")
            turns.append(number)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, range(2)))
    first.close()
    second.close()
    assert len(turns) == 400
    assert set(turns[:350]) == {0, 1}  # neither waited for the other's end
    assert card.contents.tries == PIN_TRIES


def test_a_card_that_is_not_used_is_free_for_others_and_has_forgotten_the_pin(
    slot: Slot, store: SigningCardKeystore
) -> None:
    store.load("content").sign(b"x")
    with PcscReader(slot.reader) as reader, wait_for_free_card(reader) as connection:
        e = bytes(31) + b"\x01"
        answers = [
            connection.transmit(CommandApdu(0x00, 0x22, 0x41, 0xB6, b"\x83\x01\x01")),
            connection.transmit(CommandApdu(0x00, 0x2A, 0x9E, 0x9A, e, le=256)),
        ]
    assert [answer.sw for answer in answers] == [0x9000, StatusWord.SECURITY_CONDITION_NOT_SATISFIED]


def test_a_program_that_keeps_the_card_is_waited_for_but_not_for_ever(
    slot: Slot, card: SigningCardChip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_card_module, "BUSY_SECONDS", 0.2)
    with PcscReader(slot.reader) as reader, reader.wait_for_card(SECONDS), pytest.raises(CardInUse):
        KIND.open(NOWHERE, settings(slot, card))
    KIND.open(NOWHERE, settings(slot, card)).close()


def test_openssl_accepts_the_signature_and_opens_nothing_else(
    store: SigningCardKeystore, card: SigningCardChip, tmp_path: Path
) -> None:
    key: KeyHolder = store.create("receipt")
    assert store.load("receipt").public_key == key.public_key
    assert card.contents.keys[2].private_key.public_key == key.public_key
    der = signature_to_der(key.sign(b"a receipt"))
    assert openssl_verifies(tmp_path, key.public_key.to_pem(), b"a receipt", der)
    assert not openssl_verifies(tmp_path, key.public_key.to_pem(), b"another", der)
    assert key.public_key.verify(key.sign(b"a receipt", b"other id"), b"a receipt", b"other id")
    assert "receipt" in repr(key)


def test_the_card_opens_what_openssl_encrypts(store: SigningCardKeystore, tmp_path: Path) -> None:
    key = store.load("content")
    public, plain, cipher = (tmp_path / name for name in ("key.pem", "plain", "cipher"))
    public.write_bytes(key.public_key.to_pem())
    for length in (1, 32, 128):
        plain.write_bytes(os.urandom(length))
        openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", public, "-in", plain, "-out", cipher)
        assert key.decrypt(cipher.read_bytes()) == plain.read_bytes()
    altered = bytearray(cipher.read_bytes())
    altered[-1] ^= 1
    for bad in (bytes(altered), b"", b"\x30", bytes(255), store.create("other").public_key.encrypt(b"x")):
        with pytest.raises(DecryptionFailed):
            key.decrypt(bad)
    assert key.public_key.verify(key.sign(b"still there"), b"still there")


def test_a_key_is_never_overwritten_and_the_card_fills_up(
    store: SigningCardKeystore, card: SigningCardChip
) -> None:
    before = card.contents.keys[1]
    with pytest.raises(KeystoreRefused, match="exists already"):
        store.create("content")
    for number in range(2, MAX_KEY_REFERENCE + 1):
        store.create(f"key-{number}")
    with pytest.raises(KeystoreRefused, match="full"):
        store.create("one-more")
    assert card.contents.keys[1] is before
    with pytest.raises(KeystoreRefused, match="does not hold"):
        store.load("one-more")
    for name in ("", "../x", "a b", "密钥", "x" * 33):
        for work in (store.create, store.load, store.exists):
            with pytest.raises(KeystoreRefused):
                work(name)


# --- PIN --------------------------------------------------------------------------------------------------


def test_a_wrong_pin_is_tried_once_and_a_stored_one_not_again(
    slot: Slot, card: SigningCardChip, tmp_path: Path
) -> None:
    path = pin_file(tmp_path, WRONG_PIN)
    with pytest.raises(SigningCardPinWrong) as wrong:
        KIND.open(NOWHERE, settings(slot, card))
    assert wrong.value.facts["tries"] == PIN_TRIES - 1
    assert WRONG_PIN not in str(wrong.value)
    pin_file(tmp_path, PIN)
    for _ in range(2):  # a service that is restarted costs no further try, whatever is stored now
        with pytest.raises(SigningCardPinDoubtful):
            KIND.open(NOWHERE, settings(slot, card))
    assert card.contents.tries == PIN_TRIES - 1
    path.write_text("short")
    with pytest.raises(SigningCardPinDoubtful):
        KIND.open(NOWHERE, settings(slot, card))


def test_a_pin_that_was_refused_is_not_sent_again_by_the_same_program(
    slot: Slot, card: SigningCardChip, tmp_path: Path
) -> None:
    pin_file(tmp_path, WRONG_PIN)
    one = signing_card_module.SigningCard(slot.reader, "", obtain_pin)
    with one:
        for _ in range(3):
            with pytest.raises(SigningCardPinWrong):
                one.use(SigningCardSession.held_keys)
    assert card.contents.tries == PIN_TRIES - 1


def test_a_blocked_card_and_a_blank_one_say_so(slot: Slot) -> None:
    chip = signing_card()
    with InProcessConnection(chip) as line:
        session = SigningCardSession(line)
        for left in range(PIN_TRIES - 1, -1, -1):
            with pytest.raises(SigningCardPinWrong if left else SigningCardPinBlocked):
                session.verify_pin(WRONG_PIN)
        with pytest.raises(SigningCardPinBlocked):
            session.verify_pin(PIN)
    slot.put(chip)
    with pytest.raises(SigningCardPinBlocked):
        KIND.open(NOWHERE, settings(slot, chip))
    blank = blank_card()
    slot.swap(blank)
    with pytest.raises(SigningCardPinNotSet):
        KIND.open(NOWHERE, settings(slot, blank))


def test_a_pin_comes_from_a_credential_before_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credential = tmp_path / "tongka-card-pin"
    credential.write_text("975318")
    credential.chmod(0o400)
    monkeypatch.setenv("TONGKA_CARD_PIN_FILE", str(pin_file(tmp_path, PIN)))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert obtain_pin().value == "975318"
    credential.unlink()
    assert obtain_pin().value == PIN
    assert PIN not in repr(obtain_pin())


@pytest.mark.parametrize("spoil", ["mode", "missing", "folder", "bytes", "nobody"])
def test_a_pin_that_can_not_be_had_safely_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: str
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    path = pin_file(tmp_path, PIN)
    monkeypatch.setenv("TONGKA_CARD_PIN_FILE", str(path))
    match spoil:
        case "mode":
            path.chmod(0o640)
        case "missing":
            path.unlink()
        case "folder":
            monkeypatch.setenv("TONGKA_CARD_PIN_FILE", str(tmp_path))
        case "bytes":
            path.write_bytes(b"\xff" * 6)
        case _:
            monkeypatch.delenv("TONGKA_CARD_PIN_FILE")  # and pytest's input is no terminal
    with pytest.raises(SigningCardPinUnavailable):
        obtain_pin()


def test_what_can_not_be_a_pin_is_not_sent(slot: Slot, card: SigningCardChip, tmp_path: Path) -> None:
    pin_file(tmp_path, "12345")
    with pytest.raises(SigningCardPinUnfit):
        KIND.open(NOWHERE, settings(slot, card))
    assert card.contents.tries == PIN_TRIES


# --- card, reader and service come and go ---------------------------------------------------------------


def test_another_card_is_refused_by_name_without_a_try_and_the_right_one_goes_on(
    slot: Slot, card: SigningCardChip, store: SigningCardKeystore
) -> None:
    key = store.load("content")
    other = signing_card()
    slot.swap(other)
    with pytest.raises(OtherSigningCard) as found:
        key.sign(b"x")
    assert found.value.facts["found"] == other.contents.serial.hex().upper()
    assert other.contents.tries == PIN_TRIES
    slot.swap(ForeignCardChip(ForeignKind.BANK))
    with pytest.raises(NotASigningCard):
        key.sign(b"x")
    slot.take()
    with pytest.raises(SigningCardMissing):
        key.sign(b"x")
    slot.put(card)
    assert key.public_key.verify(key.sign(b"x"), b"x")


class Torn(WrappedChip):
    """A card that is pulled out while it signs."""

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self.pull = threading.Event()
        self.link: VpcdLink | None = None

    def process(self, command: bytes) -> bytes:
        """The chip's answer, unless it is to be pulled out."""
        if self.pull.is_set() and command[1] == 0x2A:
            raise CardTorn
        return super().process(command)


def test_a_card_pulled_out_while_it_signs_is_said_and_forgiven(slot: Slot) -> None:
    chip = signing_card()
    torn = Torn(chip)
    slot.put(torn)
    store = KIND.open(NOWHERE, settings(slot, chip))
    key = store.load("content")
    torn.pull.set()
    with pytest.raises(SigningCardMissing):
        key.sign(b"x")
    slot.swap(chip)
    assert key.public_key.verify(key.sign(b"x"), b"x")
    store.close()


def test_a_wrong_signature_of_the_card_is_not_handed_out(slot: Slot) -> None:
    class Disturbed(WrappedChip):
        """A chip whose signatures are disturbed."""

        def process(self, command: bytes) -> bytes:
            """The chip's answer, with a bit turned in signatures."""
            answer = bytearray(super().process(command))
            if command[1] == 0x2A:
                answer[0] ^= 1
            return bytes(answer)

    chip = signing_card()
    slot.put(Disturbed(chip))
    store = KIND.open(NOWHERE, settings(slot, chip))
    with pytest.raises(SigningCardRefused):
        store.load("content").sign(b"x")
    store.close()


def test_threads_take_turns(store: SigningCardKeystore) -> None:
    keys = [store.load("content"), store.create("receipt")]
    ciphertexts = [key.public_key.encrypt(b"seed") for key in keys]

    def work(number: int) -> bool:
        key, message = keys[number % 2], b"%d" % number
        opened = key.decrypt(ciphertexts[number % 2]) == b"seed"
        return opened and key.public_key.verify(key.sign(message), message)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(work, range(80)))


def test_after_a_restart_of_pcscd_the_next_signature_is_made(
    slot: Slot, card: SigningCardChip, store: SigningCardKeystore
) -> None:
    key = store.load("content")
    slot.service.kill()
    slot.service.restart()
    slot.swap(card)
    assert key.public_key.verify(key.sign(b"x"), b"x")


def test_readers_are_found_by_a_part_of_their_name(slot: Slot) -> None:
    assert find_reader("00 00") == slot.reader
    assert find_reader(slot.reader) == slot.reader
    with pytest.raises(SigningReaderUnclear):
        find_reader("Virtual")
    for name in ("Other", ""):
        with pytest.raises(NoSuchReader):
            find_reader(name)


_NO_SETTINGS: list[dict[str, str]] = [{}, {"reader": "x", "pin": PIN}]


@pytest.mark.parametrize("wrong", [*_NO_SETTINGS, {"reader": "x"}, {"card": "0" * 16}])
def test_settings_that_are_none_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(KeystoreMalformed):
        KIND.open(NOWHERE, wrong)
    if wrong in _NO_SETTINGS:
        with pytest.raises(KeystoreMalformed):
            KIND.make(NOWHERE, wrong)


# --- others ---------------------------------------------------------------------------------------------


def test_opensc_prints_the_fci(slot: Slot, card: SigningCardChip) -> None:
    printed = subprocess.run(
        [
            "opensc-tool",
            "--reader",
            slot.reader,
            "--send-apdu",
            f"00A4040007{AID.hex()}00",
        ],
        env=slot.service.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert "SW1=0x90, SW2=0x00" in printed
    dump = re.findall(r"^((?:[0-9A-F]{2} ){1,16})", printed.split("Received")[1], re.MULTILINE)
    assert bytes.fromhex("".join(dump)) == SigningCardFci(card.contents.serial).to_bytes()


def tongka(slot: Slot, *arguments: str) -> str:
    """What a command prints."""
    done = subprocess.run(
        [sys.executable, "-c", "from card.signing_card.commands import app; app()", *arguments],
        env={**slot.service.environment(), "TONGKA_LANG": "en"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def test_the_commands_take_a_blank_card_into_use_and_its_file_keeps_it(slot: Slot, tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    file = SigningCardFile.create(path, blank_card().contents)
    chip = SigningCardChip(file.load(), file.store)
    slot.put(chip)
    assert "has its PIN" in tongka(slot, "set-pin", "--reader", slot.reader)
    made = KIND.make(NOWHERE, {"reader": slot.reader})
    store = KIND.open(NOWHERE, made)
    key = store.create("root")
    store.close()
    slot.swap(SigningCardChip(file.load(), file.store))
    store = KIND.open(NOWHERE, made)
    assert store.load("root").public_key == key.public_key
    assert key.public_key.verify(store.load("root").sign(b"x"), b"x")
    store.close()
    shown = tongka(slot, "show", "--json", "--reader", slot.reader)
    assert made["card"] in shown
    assert key.public_key.point.hex() in shown
