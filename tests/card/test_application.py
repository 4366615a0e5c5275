"""Full data: read and written under secure messaging, by whom they may, and by nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import msgspec
import pytest

from card.apdu import CommandApdu, Instruction, StatusWord
from card.application import CardApplication, Role
from card.errors import (
    AnswerMalformed,
    ApduRefused,
    AuthenticationRefused,
    CardDeactivated,
    CardProfileRefused,
    ForeignCard,
    ProfileLacks,
    PsamRefused,
    RefusalReason,
    SecureMessagingBroken,
)
from card.files import Access, FileLayout
from card.personalisation import LifeCycleCommand, change_life_cycle, open_as_issuer, personalise_chip
from card.profile import CardProfile, reference_profile
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.contents import MAX_TRIES, ChipContents, LifeCycle, VolatileMemory
from card.simulator.chips.foreign import ForeignCardChip
from card.simulator.chips.psam import PsamChip
from card.simulator.issuing.personalisation import Holder
from tests.card.cards import ISSUER, STRANGER, ScriptedChip, applet, check_chip, personalised, reason
from tests.card.full_cards import FILES, PHOTO, SECRETS, full_card, opened, psam_slot

PROFILE = reference_profile()
PROTECTED_FILES = tuple(file for file in PROFILE.file if file.read is Access.READER)
CARD = full_card()
HOLDER = Holder((1,), 1, "330106", date(2026, 1, 1), date(2036, 1, 1))


def chip_of(contents: ChipContents) -> ReferenceApplet:
    return ReferenceApplet(VolatileMemory(contents))


def expected(file: FileLayout) -> list[dict[str, str | bytes]]:
    return [dict(file.record_of(fields)) for fields in FILES.get(file.name, [])]


@pytest.mark.parametrize("file", PROTECTED_FILES, ids=lambda file: file.name)
def test_a_terminal_with_a_psam_reads_every_file(file: FileLayout) -> None:
    with opened(chip_of(CARD)) as (application, line):
        assert [dict(record) for record in application.read_file(file.name)] == expected(file)
        passed = b"".join(answer.data for answer in line.answers)
    assert len(passed) > len(b"".join(CARD.files.get(file.name, ())))
    assert not any(secret in passed for secret in SECRETS)


@pytest.mark.parametrize("extended", [True, False])
def test_a_photo_is_read_whole_in_long_and_in_short_parts(extended: bool) -> None:
    short = replace_lengths(extended)
    with InProcessConnection(chip_of(CARD)) as card, psam_slot() as psam:
        application = CardApplication(card, short)
        application.select()
        application.authenticate(psam)
        assert application.read_file("photo") == ({"picture": PHOTO},)


def replace_lengths(extended: bool) -> CardProfile:
    lengths = msgspec.structs.replace(PROFILE.lengths, extended=extended)
    return msgspec.structs.replace(PROFILE, lengths=lengths)


@pytest.mark.parametrize("file", PROTECTED_FILES, ids=lambda file: file.name)
def test_nobody_reads_a_protected_file_without_authentication(file: FileLayout) -> None:
    with InProcessConnection(chip_of(CARD)) as card:
        application = CardApplication(card, PROFILE)
        application.select()
        with pytest.raises(ApduRefused) as refused:
            application.read_file(file.name)
    assert refused.value.sw == StatusWord.SECURITY_CONDITION_NOT_SATISFIED


def test_what_everybody_may_read_needs_no_psam() -> None:
    with InProcessConnection(chip_of(CARD)) as card:
        application = CardApplication(card, PROFILE)
        application.select()
        assert application.read_file("card") == ({"applet_version": "1.0", "key_version": "1"},)


@pytest.mark.parametrize("file", PROFILE.file, ids=lambda file: file.name)
def test_a_reader_s_psam_writes_nothing(file: FileLayout) -> None:
    record = file.record_of(file.vector[0].fields)
    with opened(chip_of(CARD)) as (application, _line), pytest.raises(ApduRefused) as refused:
        application.write_file(file.name, (record,))
    assert refused.value.sw == StatusWord.SECURITY_CONDITION_NOT_SATISFIED


def test_an_issuer_writes_a_file_and_a_reader_reads_it() -> None:
    memory = VolatileMemory(CARD)
    service = {"service": "PARK", "region": "330100", "from": "2026-05-01", "until": "2026-12-31"}
    with opened(ReferenceApplet(memory), Role.ISSUER) as (application, _line):
        application.write_file("services", (FILES["services"][0], service))
        application.write_file("companion_photo", ({"picture": PHOTO},))
    with opened(ReferenceApplet(memory)) as (application, _line):
        assert application.read_file("services") == (FILES["services"][0], service)
        assert application.read_file("companion_photo") == ({"picture": PHOTO},)


def test_what_is_written_anew_leaves_nothing_of_what_was_there() -> None:
    memory = VolatileMemory(CARD)
    holder = {name: value for name, value in FILES["holder"][0].items() if name != "address"}
    companions = tuple(PROFILE.file_named("companions").record_of(fields) for fields in FILES["companions"])
    with opened(ReferenceApplet(memory), Role.ISSUER) as (application, _line):
        application.write_file("holder", (holder,))
        application.write_file("guardian", ())
        application.write_file("companions", companions[:1])
        application.write_file("services", ())
        application.write_file("photo", ({"picture": PHOTO[:4] + PHOTO[-300:]},))
        assert application.read_file("holder") == (holder,)
        assert application.read_file("guardian") == ()
        assert application.read_file("companions") == companions[:1]
        assert application.read_file("services") == ()
    kept = b"".join(record for records in memory.load().files.values() for record in records)
    for gone in ("测试路", "测试二", "母亲", "测试四"):
        assert gone.encode("gb18030") not in kept
    assert len(memory.load().files["photo"][0]) < 400


def test_a_psam_of_another_key_version_costs_the_card_no_try() -> None:
    memory = VolatileMemory(CARD)
    masters = ISSUER.psam_for(Role.READER)
    old = replace(masters, identity=replace(masters.identity, key_version=2))
    with InProcessConnection(ReferenceApplet(memory)) as card, InProcessConnection(PsamChip(old)) as psam:
        application = CardApplication(card, PROFILE)
        application.select()
        with pytest.raises(AuthenticationRefused, match="key version 1 of the card, 2 of the PSAM"):
            application.authenticate(psam)
    assert memory.load() == CARD


def test_a_plain_command_ends_the_session() -> None:
    with opened(chip_of(CARD)) as (application, line):
        holder = PROFILE.file_named("holder")
        plain = CommandApdu(0x00, Instruction.READ_BINARY, 0x80 | holder.sfi, 0, le=16)
        assert line.transmit(plain).sw == StatusWord.SECURITY_CONDITION_NOT_SATISFIED
        with pytest.raises(SecureMessagingBroken):
            application.read_file("holder")


def test_a_replayed_command_ends_the_session() -> None:
    with opened(chip_of(CARD)) as (application, line):
        application.read_file("disability")
        assert line.transmit(line.commands[-1]).sw == StatusWord.SECURE_MESSAGING_INCORRECT
        with pytest.raises(SecureMessagingBroken):
            application.read_file("disability")


def test_every_bit_of_a_protected_command_counts() -> None:
    with opened(chip_of(CARD)) as (application, line):
        application.read_file("disability")
        command = line.commands[-1]
    for bit in range(8 * len(command.data)):
        with opened(chip_of(CARD)) as (_application, line):
            changed = bytearray(command.data)
            changed[bit // 8] ^= 1 << bit % 8
            answer = line.transmit(replace(command, data=bytes(changed)))
            assert answer.data == b""
            assert answer.sw >> 8 in (0x69, 0x6A, 0x67), bit


def test_the_psam_of_another_issuer_opens_nothing() -> None:
    with (
        InProcessConnection(chip_of(CARD)) as card,
        InProcessConnection(PsamChip(STRANGER.psam)) as psam,
    ):
        application = CardApplication(card, PROFILE)
        application.select()
        with pytest.raises(AuthenticationRefused):
            application.authenticate(psam)


def test_a_card_of_another_issuer_is_not_read() -> None:
    """The PSAM's token is for this card id; a chip that only copied the credential does not know the keys."""
    copied = replace(CARD, keys=full_card().keys)
    with InProcessConnection(chip_of(copied)) as card, psam_slot() as psam:
        application = CardApplication(card, PROFILE)
        application.select()
        with pytest.raises(AuthenticationRefused):
            application.authenticate(psam)


def test_ten_wrong_authentications_block_the_key_and_a_right_one_counts_anew() -> None:
    memory = VolatileMemory(CARD)
    wrong = bytes(56)

    def try_wrong() -> int:
        with InProcessConnection(ReferenceApplet(memory)) as card:
            application = CardApplication(card, PROFILE)
            application.select()
            card.transmit(CommandApdu(0x00, Instruction.GET_CHALLENGE, 0, 0, le=16))
            return card.transmit(CommandApdu(0x00, Instruction.EXTERNAL_AUTHENTICATE, 0, 1, wrong, le=256)).sw

    assert [try_wrong() for _ in range(MAX_TRIES - 1)] == [StatusWord.VERIFICATION_FAILED] * (MAX_TRIES - 1)
    with opened(ReferenceApplet(memory)):
        pass
    assert [try_wrong() for _ in range(MAX_TRIES)] == [StatusWord.VERIFICATION_FAILED] * MAX_TRIES
    assert try_wrong() == StatusWord.AUTHENTICATION_METHOD_BLOCKED
    with pytest.raises(AuthenticationRefused), opened(ReferenceApplet(memory)):
        pass
    with opened(ReferenceApplet(memory), Role.ISSUER):
        pass  # the issuer's keys have a count of their own


def test_a_psam_without_the_key_is_refused() -> None:
    with InProcessConnection(chip_of(CARD)) as card, psam_slot(Role.READER) as psam:
        application = CardApplication(card, PROFILE)
        application.select()
        with pytest.raises(PsamRefused):
            application.authenticate(psam, Role.ISSUER)


def test_another_card_in_the_sam_slot_is_no_psam() -> None:
    with (
        InProcessConnection(chip_of(CARD)) as card,
        InProcessConnection(ForeignCardChip()) as not_a_psam,
    ):
        application = CardApplication(card, PROFILE)
        application.select()
        with pytest.raises(PsamRefused):
            application.authenticate(not_a_psam)


def test_a_blocked_card_is_refused_until_the_issuer_unblocks_it() -> None:
    memory = VolatileMemory(CARD)
    with psam_slot(Role.ISSUER) as psam, InProcessConnection(ReferenceApplet(memory)) as card:
        change_life_cycle(open_as_issuer(card, psam, PROFILE), LifeCycleCommand.DEACTIVATE)
    assert reason(check_chip(ReferenceApplet(memory))) is RefusalReason.DEACTIVATED
    with InProcessConnection(ReferenceApplet(memory)) as card, pytest.raises(CardDeactivated):
        CardApplication(card, PROFILE).select()
    with psam_slot(Role.ISSUER) as psam, InProcessConnection(ReferenceApplet(memory)) as card:
        change_life_cycle(open_as_issuer(card, psam, PROFILE), LifeCycleCommand.ACTIVATE)
    assert reason(check_chip(ReferenceApplet(memory))) is None


def test_a_terminated_card_never_comes_back() -> None:
    memory = VolatileMemory(CARD)
    with psam_slot(Role.ISSUER) as psam, InProcessConnection(ReferenceApplet(memory)) as card:
        application = open_as_issuer(card, psam, PROFILE)
        change_life_cycle(application, LifeCycleCommand.TERMINATE)
    assert memory.load().life_cycle is LifeCycle.TERMINATED
    assert reason(check_chip(ReferenceApplet(memory))) is RefusalReason.DEACTIVATED
    with (
        psam_slot(Role.ISSUER) as psam,
        InProcessConnection(ReferenceApplet(memory)) as card,
        pytest.raises(CardDeactivated),
    ):
        open_as_issuer(card, psam, PROFILE)


def test_a_reader_s_psam_blocks_no_card() -> None:
    with opened(chip_of(CARD)) as (application, _line), pytest.raises(ApduRefused) as refused:
        change_life_cycle(application, LifeCycleCommand.DEACTIVATE)
    assert refused.value.sw == StatusWord.SECURITY_CONDITION_NOT_SATISFIED


def test_a_card_is_personalised_once() -> None:
    with (
        InProcessConnection(applet()) as card,
        InProcessConnection(PsamChip(ISSUER.psam)) as psam,
        pytest.raises((ForeignCard, AuthenticationRefused)),
    ):
        personalise_chip(card, psam, PROFILE, ISSUER.personalisation(HOLDER))


def test_a_blank_chip_is_a_foreign_card() -> None:
    assert reason(check_chip(chip_of(ISSUER.blank_chip()))) is RefusalReason.FOREIGN_CARD


def test_the_transport_key_is_gone_after_personalisation() -> None:
    assert sorted(personalised().keys) == [1, 2]


def test_a_file_that_the_profile_does_not_have_is_said_to_be_missing() -> None:
    with opened(chip_of(CARD)) as (application, _line), pytest.raises(ProfileLacks):
        application.read_file("no_such_file")


@pytest.mark.parametrize("file", PROTECTED_FILES, ids=lambda file: file.name)
def test_a_file_that_is_cut_off_is_refused_and_never_passes_for_a_shorter_one(file: FileLayout) -> None:
    first = CARD.files.get(file.name, (bytes.fromhex(file.vector[0].encoded),))[0]
    for kept in {len(first) - 1, len(first) // 2, 3}:
        cut = replace(CARD, files={**CARD.files, file.name: (first[:kept],)})
        with opened(chip_of(cut)) as (application, _line), pytest.raises(AnswerMalformed):
            application.read_file(file.name)


def test_an_unknown_method_is_refused_with_the_known_ones() -> None:
    layout = msgspec.structs.replace(PROFILE.full_data_path, method="magic")
    profile = msgspec.structs.replace(PROFILE, full_data=layout)
    with InProcessConnection(chip_of(CARD)) as card, psam_slot() as psam:
        application = CardApplication(card, profile)
        application.select()
        with pytest.raises(CardProfileRefused, match="mutual-sm4"):
            application.authenticate(psam)


def answering(read: bytes, later: bytes = b"", challenge: bytes = bytes(16)) -> ScriptedChip:
    """A card that answers the first READ BINARY so, later ones so, and a GET CHALLENGE so."""
    genuine = chip_of(CARD)
    genuine.power_on()

    def answer(command: bytes) -> bytes:
        match command[1]:
            case Instruction.READ_BINARY:
                return (read if command[2] & 0x80 else later) + b"\x90\x00"
            case Instruction.GET_CHALLENGE:
                return challenge + b"\x90\x00"
            case _:
                return genuine.process(command)

    return ScriptedChip(answer)


@pytest.mark.parametrize(
    ("read", "later"),
    [
        (bytes.fromhex("E1 82 40 00 C1 03"), b"\x00"),  # longer than the file can be
        (bytes.fromhex("E1 1E C1 03"), b""),  # ends before its own length
        (bytes.fromhex("E1 82"), b"\x00"),
        (bytes.fromhex("1F"), b"\x00"),
    ],
)
def test_a_card_can_not_keep_a_terminal_reading(read: bytes, later: bytes) -> None:
    chip = answering(read, later)
    with InProcessConnection(chip) as card:
        application = CardApplication(card, PROFILE)
        application.select()
        with pytest.raises(AnswerMalformed):
            application.read_file("card")
    assert len(chip.commands) < 5


@pytest.mark.parametrize("length", [0, 8, 15, 17, 32])
def test_a_random_of_another_length_is_refused(length: int) -> None:
    version = bytes.fromhex(PROFILE.file_named("card").vector[0].encoded)
    chip = answering(version, challenge=bytes(length))
    with InProcessConnection(chip) as card, psam_slot() as psam:
        application = CardApplication(card, PROFILE)
        application.select()
        with pytest.raises(AnswerMalformed, match="GET CHALLENGE"):
            application.authenticate(psam)
