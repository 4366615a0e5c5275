"""The profile `reference-psam`: who may read and write, and that nothing but the card's own bytes pass."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from card.apdu import CommandApdu, Instruction, ResponseApdu, StatusWord
from card.application import CardApplication, Role
from card.cipher_psam import CipherPsam
from card.errors import (
    AnswerMalformed,
    ApduRefused,
    AuthenticationRefused,
    CardError,
    CardProfileRefused,
    ProfileLacks,
    PsamRefused,
    SecureMessagingBroken,
)
from card.files import Access, FieldLayout, FileLayout
from card.profile import CardProfile, reference_profile
from card.psam_cipher import PsamCipherParameters, Take, diversifier
from card.secure_messaging import pad
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.cipher_psam import CipherPsamChip
from card.simulator.chips.contents import MAX_TRIES
from card.simulator.chips.foreign import ForeignCardChip
from card.simulator.chips.psam_card import PsamCardChip
from card.simulator.chips.wrapped_chip import WrappedChip
from card.simulator.issuing.psam_card_issuer import PsamCardIssuer
from card.status_word import StatusClass
from tests.card.cards import ScriptedChip
from tests.card.full_cards import Tap
from tests.card.psam_cards import (
    OTHER_ISSUER,
    PSAM_CARD,
    PSAM_ISSUER,
    PSAM_PROFILE,
    RECORDS,
    cipher_psam,
    opened_with_psam,
    psam_card,
    with_record,
)

FILES = PSAM_PROFILE.file
FIELDS = [(file, field) for file in FILES for field in file.field]
PROTECTED = tuple(file for file in FILES if file.read is Access.READER)
PARAMETERS = PsamCipherParameters.of(PSAM_PROFILE)
HOLDER = PSAM_PROFILE.file_named("holder")


def ids(value: object) -> str:
    return value.name if isinstance(value, FileLayout | FieldLayout) else ""


def profile_with(**changed: str | int | bool | list[str]) -> CardProfile:
    layout = PSAM_PROFILE.full_data_path
    parameters = {**layout.parameters, **changed}
    return msgspec.structs.replace(
        PSAM_PROFILE, full_data=msgspec.structs.replace(layout, parameters=parameters)
    )


# --- reading and writing ----------------------------------------------------------------------------


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_a_terminal_with_a_psam_reads_every_file(file: FileLayout) -> None:
    with opened_with_psam(psam_card()) as visit:
        assert visit.application.read_file(file.name) == (RECORDS[file.name],)


def test_what_may_be_absent_and_is_absent_is_left_out() -> None:
    card = with_record("disability", 0x12, b"")
    with opened_with_psam(psam_card(card)) as visit:
        [found] = visit.application.read_file("disability")
    assert dict(found) == {"grades": "1142", "assessed": "2026-01-31"}


def test_the_public_file_is_read_without_a_psam_and_no_other_is() -> None:
    with InProcessConnection(psam_card()) as card:
        application = CardApplication(card, PSAM_PROFILE)
        application.select()
        assert application.read_file("card") == (RECORDS["card"],)
        for file in PROTECTED:
            with pytest.raises(ApduRefused) as refused:
                application.read_file(file.name)
            assert refused.value.sw == StatusWord.SECURITY_CONDITION_NOT_SATISFIED


def test_files_are_selected_by_id_as_social_security_terminals_do() -> None:
    with InProcessConnection(psam_card()) as card:
        card.transmit(CommandApdu(0x00, Instruction.SELECT, 0x04, 0x00, PSAM_PROFILE.aid_bytes, le=256))
        assert card.transmit(CommandApdu(0x00, Instruction.READ_RECORD, 7, 4, le=256)).sw == 0x6986
        assert card.transmit(CommandApdu(0x00, Instruction.SELECT, 2, 0, b"\xef\x05")).sw == 0x9000
        by_file_id = card.transmit(CommandApdu(0x00, Instruction.READ_RECORD, 7, 4, le=256))
        by_short_id = card.transmit(CommandApdu(0x00, Instruction.READ_RECORD, 0x07, 0x2C, le=256))
    assert by_file_id == by_short_id
    assert by_file_id.data == b"\x07\x12TEST20260000012345"


def test_an_issuer_writes_and_a_reader_reads_it() -> None:
    chip = psam_card()
    moved = {**RECORDS["holder"], "address": "测试路2号"}
    with opened_with_psam(chip, role=Role.ISSUER) as visit:
        visit.application.write_file("holder", (moved,))
        assert visit.application.read_file("holder") == (moved,)
        visit.application.write_file("disability", (RECORDS["disability"],))
    with opened_with_psam(chip) as visit:
        assert visit.application.read_file("holder") == (moved,)


def test_a_field_that_is_left_out_is_erased() -> None:
    holder = {name: value for name, value in RECORDS["holder"].items() if name != "address"}
    with opened_with_psam(psam_card(), role=Role.ISSUER) as visit:
        visit.application.write_file("holder", (RECORDS["holder"],))
        visit.application.write_file("holder", (holder,))
        assert visit.application.read_file("holder") == (holder,)


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_a_reader_s_psam_writes_nothing(file: FileLayout) -> None:
    chip = psam_card()
    with opened_with_psam(chip) as visit, pytest.raises(PsamRefused):
        visit.application.write_file(file.name, (RECORDS[file.name],))
    assert chip.contents.files == PSAM_CARD.files


def test_a_card_does_not_take_an_update_from_a_reader_even_with_the_right_mac() -> None:
    chip = psam_card()
    everything = CipherPsamChip(PSAM_ISSUER.psam, PSAM_PROFILE)
    with (
        opened_with_psam(chip, everything, Role.READER) as visit,
        pytest.raises(SecureMessagingBroken, match="6982"),
    ):
        visit.application.write_file("holder", (RECORDS["holder"],))
    assert chip.contents.files == PSAM_CARD.files


def test_the_profile_has_no_transport_role() -> None:
    with pytest.raises(ProfileLacks), opened_with_psam(psam_card(), role=Role.TRANSPORT):
        pass


# --- nothing passes that the card did not say ---------------------------------------------------------


class Altered(Tap):
    """A line on which one bit of one answer is turned over."""

    def __init__(self, connection: InProcessConnection, answer: int, bit: int) -> None:
        super().__init__(connection)
        self._answer = answer
        self._bit = bit

    def changed(self, answer: ResponseApdu) -> ResponseApdu:
        """The answer as the terminal gets it."""
        if len(self.answers) != self._answer:
            return answer
        encoded = bytearray(answer.to_bytes())
        encoded[self._bit // 8] ^= 1 << self._bit % 8
        return ResponseApdu.from_bytes(bytes(encoded))


def test_every_bit_of_every_answer_of_a_visit_counts() -> None:
    """From SELECT to the last record: a changed visit ends in an error or reads exactly what is there."""
    with opened_with_psam(psam_card()) as visit:
        before = len(visit.line.answers)
        visit.application.read_file("disability")
        answers = visit.line.answers
    assert len(answers) - before == len(PSAM_PROFILE.file_named("disability").field)
    for index in range(before, len(answers)):
        for bit in range(8 * len(answers[index].to_bytes())):
            assert is_refused(index, bit), f"answer {index}, bit {bit}"


def is_refused(index: int, bit: int) -> bool:
    with (
        Altered(InProcessConnection(psam_card()), index, bit) as line,
        InProcessConnection(cipher_psam()) as psam,
    ):
        application = CardApplication(line, PSAM_PROFILE)
        application.select()
        application.authenticate(psam)
        try:
            application.read_file("disability")
        except SecureMessagingBroken:
            return True
    return False


def test_a_changed_card_number_or_random_opens_nothing() -> None:
    with opened_with_psam(psam_card()) as visit:
        commands = [command.ins for command in visit.line.commands]
    number = commands.index(Instruction.GET_CHALLENGE) - 1  # the last public record, the card number
    for index, bit in ((number, 8 * 19), (number + 1, 60), (len(commands) - 1, 60)):
        with (
            Altered(InProcessConnection(psam_card()), index, bit) as line,
            InProcessConnection(cipher_psam()) as psam,
        ):
            application = CardApplication(line, PSAM_PROFILE)
            application.select()
            with pytest.raises(AuthenticationRefused):
                application.authenticate(psam)


def test_an_answer_that_was_recorded_is_refused() -> None:
    with opened_with_psam(psam_card()) as visit:
        visit.application.read_file("disability")
        recorded = visit.line.answers[-3:]
        commands = visit.line.commands[-3:]
        visit.line.changed = lambda answer: recorded.pop(0)  # type: ignore[method-assign]
        with pytest.raises(SecureMessagingBroken):
            visit.application.read_file("disability")
        assert commands[0] != visit.line.commands[-1]


def test_one_record_does_not_pass_for_another() -> None:
    class Swapped(WrappedChip):
        def process(self, command: bytes) -> bytes:
            parsed = CommandApdu.from_bytes(command)
            if (parsed.cla, parsed.p1) == (0x04, 0x11):
                command = replace(parsed, p1=0x12).to_bytes()
            return super().process(command)

    with opened_with_psam(Swapped(psam_card())) as visit, pytest.raises(SecureMessagingBroken):
        visit.application.read_file("disability")


def test_a_record_can_not_be_said_to_be_absent_by_somebody_in_between() -> None:
    class Hiding(WrappedChip):
        def process(self, command: bytes) -> bytes:
            if CommandApdu.from_bytes(command).p1 == 0x12:
                return StatusWord.RECORD_NOT_FOUND.to_bytes(2, "big")
            return super().process(command)

    with opened_with_psam(Hiding(psam_card())) as visit, pytest.raises(SecureMessagingBroken):
        visit.application.read_file("disability")


def test_every_bit_of_an_update_counts() -> None:
    chip = psam_card()
    with opened_with_psam(chip, role=Role.ISSUER) as visit:
        visit.application.write_file("disability", (RECORDS["disability"],))
        update = visit.line.commands[-1]
    for bit in range(8 * len(update.data)):

        class Flipping(WrappedChip):
            def process(self, command: bytes, bit: int = bit) -> bytes:
                parsed = CommandApdu.from_bytes(command)
                if parsed.ins == Instruction.UPDATE_RECORD and parsed.p1 == update.p1:
                    data = bytearray(parsed.data)
                    data[bit // 8] ^= 1 << bit % 8
                    command = replace(parsed, data=bytes(data)).to_bytes()
                return super().process(command)

        with (
            opened_with_psam(Flipping(chip), role=Role.ISSUER) as visit,
            pytest.raises(SecureMessagingBroken),
        ):
            visit.application.write_file("disability", (RECORDS["disability"],))
    assert chip.contents.files == PSAM_CARD.files


def test_an_update_is_taken_once() -> None:
    chip = psam_card()
    with opened_with_psam(chip, role=Role.ISSUER) as visit:
        visit.application.write_file("disability", (RECORDS["disability"],))
        assert visit.line.transmit(visit.line.commands[-1]).sw == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED


# --- every field of every file ------------------------------------------------------------------------


def wrong_records(file: FileLayout, field: FieldLayout) -> Iterator[bytes]:
    """What must never pass for this field: other lengths, tags and values, and another field's record."""
    right = bytes(field.encode(RECORDS[file.name][field.name]))
    yield from (right[:cut] for cut in range(1, len(right)))
    yield right + b"\x00"
    yield bytes((right[0] ^ 0x40,)) + right[1:]
    yield right[:1] + b"\x00"
    yield right[:1] + bytes((field.max_bytes + 1,)) + b"0" * (field.max_bytes + 1)
    yield right[:2] + b"\xff" + right[3:]  # no digit, no date, no text begins so
    yield from (
        bytes(other.encode(RECORDS[file.name][other.name])) for other in file.field if other is not field
    )


@pytest.mark.parametrize(("file", "field"), FIELDS, ids=ids)
def test_a_wrong_record_never_passes_for_a_field(file: FileLayout, field: FieldLayout) -> None:
    if file.name == PARAMETERS.public_file:
        # It is read first by everybody: the reading itself has to refuse.
        for wrong in wrong_records(file, field):
            with InProcessConnection(psam_card(with_record(file.name, field.record or 0, wrong))) as card:
                application = CardApplication(card, PSAM_PROFILE)
                application.select()
                with pytest.raises(AnswerMalformed):
                    application.read_file(file.name)
        return
    for wrong in wrong_records(file, field):
        card_with_it = with_record(file.name, field.record or 0, wrong)
        with opened_with_psam(psam_card(card_with_it)) as visit, pytest.raises(AnswerMalformed):
            visit.application.read_file(file.name)


@pytest.mark.parametrize(("file", "field"), FIELDS, ids=ids)
def test_a_field_that_is_not_there_is_missed(file: FileLayout, field: FieldLayout) -> None:
    without = psam_card(with_record(file.name, field.record or 0, b""))
    if field.optional:
        with opened_with_psam(without) as visit:
            [found] = visit.application.read_file(file.name)
            assert field.name not in found
    elif file.name == PARAMETERS.public_file:
        with pytest.raises(ApduRefused), opened_with_psam(without):
            pass
    else:
        with opened_with_psam(without) as visit, pytest.raises(ApduRefused) as refused:
            visit.application.read_file(file.name)
        assert refused.value.sw == StatusWord.RECORD_NOT_FOUND


@pytest.mark.parametrize(("file", "field"), FIELDS, ids=ids)
def test_a_failed_read_of_a_field_fails_the_file(file: FileLayout, field: FieldLayout) -> None:
    """Whatever lay in the buffer before: a public reader program lets such reads pass."""

    class Failing(WrappedChip):
        def process(self, command: bytes) -> bytes:
            parsed = CommandApdu.from_bytes(command)
            if (parsed.cla, parsed.ins, parsed.p1) == (0x04, Instruction.READ_RECORD, field.record):
                return StatusWord.MEMORY_FAILURE.to_bytes(2, "big")
            return super().process(command)

    with opened_with_psam(Failing(psam_card())) as visit, pytest.raises(SecureMessagingBroken):
        visit.application.read_file(file.name)


# --- authentication -----------------------------------------------------------------------------------


def test_the_psam_of_another_issuer_opens_nothing() -> None:
    wrong = cipher_psam(issuer=OTHER_ISSUER)
    with pytest.raises(AuthenticationRefused), opened_with_psam(psam_card(), wrong):
        pass


def test_a_card_that_accepts_any_terminal_is_still_found_out() -> None:
    """A chip without keys that answers 9000 to EXTERNAL AUTHENTICATE can't answer INTERNAL AUTHENTICATE."""

    class Credulous(WrappedChip):
        def process(self, command: bytes) -> bytes:
            match command[1]:
                case Instruction.EXTERNAL_AUTHENTICATE:
                    return b"\x90\x00"
                case Instruction.INTERNAL_AUTHENTICATE:
                    return secrets.token_bytes(16) + b"\x90\x00"
                case _:
                    return super().process(command)

    with (
        pytest.raises(AuthenticationRefused, match="does not know its key"),
        opened_with_psam(Credulous(psam_card())),
    ):
        pass


def test_a_card_s_own_answer_is_not_taken_from_it_as_a_terminal_s() -> None:
    """Reflection: what INTERNAL AUTHENTICATE gives for the card's random must not pass for a terminal's."""
    chip = psam_card()
    answer = psam_card(replace(PSAM_CARD))
    with opened_with_psam(answer), InProcessConnection(chip) as card:
        card.transmit(CommandApdu(0x00, Instruction.SELECT, 0x04, 0x00, PSAM_PROFILE.aid_bytes, le=256))
        random = card.transmit(CommandApdu(0x00, Instruction.GET_CHALLENGE, 0, 0, le=8)).data
        reflected = ResponseApdu.from_bytes(
            answer.process(
                CommandApdu(0x00, Instruction.INTERNAL_AUTHENTICATE, 0, 3, random, le=256).to_bytes()
            )
        )
        assert reflected.sw == StatusWord.NO_ERROR
        for key in (2, 6):
            card.transmit(CommandApdu(0x00, Instruction.GET_CHALLENGE, 0, 0, le=8))
            tried = CommandApdu(0x00, Instruction.EXTERNAL_AUTHENTICATE, 0, key, reflected.data)
            assert card.transmit(tried).sw == StatusWord.VERIFICATION_FAILED


def test_a_stranger_is_not_told_the_card_s_proof() -> None:
    with InProcessConnection(psam_card()) as card:
        card.transmit(CommandApdu(0x00, Instruction.SELECT, 0x04, 0x00, PSAM_PROFILE.aid_bytes, le=256))
        asked = CommandApdu(0x00, Instruction.INTERNAL_AUTHENTICATE, 0, 3, bytes(8), le=256)
        assert card.transmit(asked).sw == StatusWord.SECURITY_CONDITION_NOT_SATISFIED


def test_ten_wrong_authentications_block_the_key_and_a_right_one_counts_anew() -> None:
    chip = psam_card()

    def try_wrong() -> int:
        with InProcessConnection(chip) as card:
            card.transmit(CommandApdu(0x00, Instruction.SELECT, 0x04, 0x00, PSAM_PROFILE.aid_bytes, le=256))
            card.transmit(CommandApdu(0x00, Instruction.GET_CHALLENGE, 0, 0, le=8))
            return card.transmit(CommandApdu(0x00, Instruction.EXTERNAL_AUTHENTICATE, 0, 2, bytes(16))).sw

    wrong: list[int] = [StatusWord.VERIFICATION_FAILED] * (MAX_TRIES - 1)
    assert [try_wrong() for _ in wrong] == wrong
    with opened_with_psam(chip):
        pass
    assert [try_wrong() for _ in wrong] == wrong
    assert try_wrong() == StatusWord.VERIFICATION_FAILED
    assert try_wrong() == StatusWord.AUTHENTICATION_METHOD_BLOCKED
    with pytest.raises(AuthenticationRefused), opened_with_psam(chip):
        pass
    with opened_with_psam(chip, role=Role.ISSUER):
        pass  # the issuer's key has a count of its own


def test_another_card_in_the_sam_slot_is_no_psam() -> None:
    with pytest.raises(PsamRefused), opened_with_psam(psam_card(), ForeignCardChip()):
        pass


# --- the PSAM -----------------------------------------------------------------------------------------


def test_the_psam_announces_its_answers_as_on_t_0() -> None:
    with opened_with_psam(psam_card()) as visit:
        answers = visit.slot.answers
    announced = [answer.sw2 for answer in answers if answer.sw1 == StatusClass.BYTES_AVAILABLE]
    fetched = [c.le for c in visit.slot.commands if (c.cla, c.ins) == (0x00, Instruction.GET_RESPONSE)]
    assert announced == fetched
    assert announced[1:] == [16, 16]  # after SELECT: two cryptograms
    assert not any(answer.data for answer in answers if answer.sw1 == StatusClass.BYTES_AVAILABLE)


def test_the_psam_hands_an_answer_out_once_and_corrects_a_wrong_le() -> None:
    psam = cipher_psam()
    psam.power_on()
    select = CommandApdu(0x00, Instruction.SELECT, 4, 0, PSAM_PROFILE.full_data_path.psam_aid_bytes)
    assert psam.process(select.to_bytes()) == b"\x61\x1a"
    assert psam.process(bytes.fromhex("00C0000000")) == b"\x6c\x1a"
    assert psam.process(bytes.fromhex("00C000001A"))[-2:] == b"\x90\x00"
    assert psam.process(bytes.fromhex("00C000001A")) == b"\x69\x85"


def test_the_psam_does_what_the_key_is_for_and_nothing_else() -> None:
    with InProcessConnection(cipher_psam(Role.ISSUER)) as slot:
        psam = CipherPsam(slot, PSAM_PROFILE.full_data_path.psam_aid_bytes)
        psam.select()
        with pytest.raises(PsamRefused, match="6985"):
            psam.encipher(bytes(16))
        for number in (4, 5):  # or its terminal could compute the session's key
            with pytest.raises(PsamRefused, match="6A88"):
                psam.load_authentication_key(number, bytes(16))
        for number in (2, 3, 6):
            with pytest.raises(PsamRefused, match="6A88"):
                psam.load_mac_key(number, bytes(16), bytes(8))
        psam.load_authentication_key(6, bytes(16))
        with pytest.raises(PsamRefused, match="6985"):
            psam.mac(bytes(16))
        psam.load_mac_key(4, bytes(16), bytes(8))
        with pytest.raises(PsamRefused, match="6985"):
            psam.encipher(bytes(16))


def test_no_key_passes_between_psam_and_terminal() -> None:
    with opened_with_psam(psam_card(), role=Role.ISSUER) as visit:
        for file in FILES:
            visit.application.read_file(file.name)
        visit.application.write_file("disability", (RECORDS["disability"],))
    passed = b"|".join(
        [command.to_bytes() for command in visit.slot.commands + visit.line.commands]
        + [answer.to_bytes() for answer in visit.slot.answers + visit.line.answers]
    )
    keys = [*PSAM_ISSUER.psam.masters.values(), *PSAM_CARD.keys.values()]
    assert not any(key in passed for key in keys)


def test_the_mac_of_a_long_message_goes_to_the_psam_in_parts() -> None:
    message = bytes(range(256)) * 3
    with Tap(InProcessConnection(cipher_psam())) as slot:
        psam = CipherPsam(slot, PSAM_PROFILE.full_data_path.psam_aid_bytes)
        psam.select()
        psam.load_mac_key(4, bytes(16), bytes(8))
        first = psam.mac(message)
        assert psam.mac(message[:-16]) != first
        assert sum(1 for command in slot.commands if command.p1 == 0x05) == 8
    assert len(first) == 8


# --- variants are configuration -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, b"00012345" + b"33010000"),
        ({"take": "start"}, b"TEST2026" + b"33010000"),
        ({"diversifier": ["city_code", "card_number"]}, b"33010000" + b"00012345"),
    ],
)
def test_the_diversifier_is_put_together_as_the_profile_says(
    changed: dict[str, str | int | bool | list[str]], expected: bytes
) -> None:
    assert diversifier(profile_with(**changed), RECORDS["card"]) == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"take": "start"},
        {"diversifier": ["city_code", "card_number"]},
        {"challenge_bytes": 15},
        {
            "reader_key": "12",
            "issuer_key": "16",
            "card_key": "13",
            "read_mac_key": "14",
            "update_mac_key": "15",
        },
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_variant_is_read_by_its_own_profile_and_by_no_other(
    changed: dict[str, str | int | bool | list[str]],
) -> None:
    profile = profile_with(**changed)
    issuer = PsamCardIssuer.generate(profile)
    chip = PsamCardChip(issuer.personalise(RECORDS), profile)
    for used, opens in ((profile, True), (PSAM_PROFILE, False)):
        with InProcessConnection(chip) as card, InProcessConnection(cipher_psam(issuer=issuer)) as psam:
            application = CardApplication(card, used)
            application.select()
            if opens:
                application.authenticate(psam)
                assert application.read_file("holder") == (RECORDS["holder"],)
            else:
                with pytest.raises((AuthenticationRefused, AnswerMalformed, ApduRefused, PsamRefused)):
                    application.authenticate(psam)


@pytest.mark.parametrize(
    "changed",
    [
        {"take": "middle"},
        {"challenge_bytes": 4},
        {"challenge_bytes": 16},
        {"diversifier": ["card_number"]},
        {"reader_key": "1"},
        {"card_key": "02"},
        {"colour": "red"},
        {"diversifier": ["card_number", "colour"]},
        {"public_file": "colour"},
    ],
    ids=str,
)
def test_parameters_that_make_no_sense_are_refused(
    changed: dict[str, str | int | bool | list[str]],
) -> None:
    with pytest.raises((CardProfileRefused, ProfileLacks)):
        PsamCipherParameters.of(profile_with(**changed))


def test_a_public_file_of_templates_is_refused() -> None:
    other = msgspec.structs.replace(reference_profile().file_named("card"), fid="EF09", sfi=9, name="public")
    layout = profile_with(public_file="public")
    with pytest.raises(CardProfileRefused):
        PsamCipherParameters.of(msgspec.structs.replace(layout, file=(*layout.file, other)))


def test_a_number_that_is_too_short_to_diversify_with_is_refused() -> None:
    with pytest.raises(AnswerMalformed):
        diversifier(PSAM_PROFILE, {**RECORDS["card"], "card_number": "1234567"})
    assert PARAMETERS.take is Take.END


# --- hostile cards and PSAMs --------------------------------------------------------------------------

answers_of_a_stranger = st.lists(st.binary(max_size=40), max_size=60)


@given(answers_of_a_stranger)
def test_whatever_a_card_answers_only_our_own_errors_come_of_it(answers: list[bytes]) -> None:
    given_answers = iter(answers)
    card = ScriptedChip(lambda command: next(given_answers, b"\x90\x00"))
    with pytest.raises(CardError), opened_with_psam(card):
        pass


@given(answers_of_a_stranger)
def test_whatever_a_psam_answers_only_our_own_errors_come_of_it(answers: list[bytes]) -> None:
    given_answers = iter(answers)
    psam = ScriptedChip(lambda command: next(given_answers, b"\x90\x00"))
    with pytest.raises(CardError), opened_with_psam(psam_card(), psam):
        pass


@given(after=st.integers(0, 30), wrong=st.binary(max_size=40), at_card=st.booleans())
def test_a_visit_that_goes_wrong_at_any_moment_ends_in_our_own_error(
    after: int, wrong: bytes, at_card: bool
) -> None:
    """As hostile as one can be late: everything is right until then."""

    class Turning(WrappedChip):
        left = after

        def process(self, command: bytes) -> bytes:
            self.left -= 1
            answer = super().process(command)
            return answer if self.left >= 0 else wrong

    card, psam = psam_card(), cipher_psam()
    try:
        with opened_with_psam(
            Turning(card) if at_card else card, psam if at_card else Turning(psam)
        ) as visit:
            for file in FILES:
                assert visit.application.read_file(file.name) == (RECORDS[file.name],)
    except CardError:
        return


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_the_simulated_card_and_psam_answer_anything_with_a_status_word(commands: list[bytes]) -> None:
    for chip in (psam_card(), cipher_psam()):
        chip.power_on()
        for command in commands:
            assert len(chip.process(command)) >= 2


def test_padding_fills_one_block_for_every_challenge_that_is_allowed() -> None:
    assert {len(pad(bytes(count))) for count in range(8, 16)} == {16}
    assert MappingProxyType(dict(PSAM_CARD.keys)).keys() == set(PARAMETERS.numbers)
