"""Who may do what, and when: each cell of the document's table, tried on the chip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import MappingProxyType

import pytest

from card.apdu import CommandApdu, Instruction, ResponseApdu, StatusWord
from card.application import Role
from card.fci import blank_fci
from card.mutual_authentication import AuthenticationToken, StaticKeys, shared_secret
from card.profile import reference_profile
from card.secure_messaging import SecureMessaging, SessionKeys
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.contents import ChipContents, LifeCycle, VolatileMemory
from tests.card.cards import CHALLENGE
from tests.card.full_cards import full_card

DOCUMENT = (Path(__file__).parents[3] / "docs" / "reference-applet.md").read_text()
PROFILE = reference_profile()
PAIRS = {
    role: StaticKeys(bytes([number]) * 16, bytes([number + 16]) * 16)
    for number, role in enumerate(Role, start=1)
}
NUMBERS = {role: number for number, role in enumerate(Role, start=1)}
COLUMNS = {
    "manufactured": LifeCycle.MANUFACTURED,
    "operational": LifeCycle.OPERATIONAL,
    "deactivated": LifeCycle.DEACTIVATED,
    "terminated": LifeCycle.TERMINATED,
}
CARD = full_card()
KEYS = b"\x01" + bytes(32)

# A right command for each row of the table; a row of several commands has several.
COMMANDS: dict[str, list[CommandApdu]] = {
    "SELECT": [CommandApdu(0x00, Instruction.SELECT, 4, 0, PROFILE.aid_bytes, le=256)],
    "INTERNAL AUTHENTICATE": [CommandApdu(0x00, Instruction.INTERNAL_AUTHENTICATE, 0, 0, CHALLENGE, le=256)],
    "GET CHALLENGE": [CommandApdu(0x00, Instruction.GET_CHALLENGE, 0, 0, le=16)],
    "READ of a file with `always`": [CommandApdu(0x00, Instruction.READ_BINARY, 0x81, 0, le=16)],
    "READ of a file with `reader`": [
        CommandApdu(0x00, Instruction.READ_BINARY, 0x82, 0, le=16),
        CommandApdu(0x00, Instruction.READ_RECORD, 1, 5 << 3 | 4, le=200),
    ],
    "UPDATE, ERASE of a file with `issuer`": [
        CommandApdu(0x00, Instruction.UPDATE_BINARY, 0x82, 0, b"\xe2\x00"),
        CommandApdu(0x00, Instruction.ERASE_BINARY, 0x82, 2),
        CommandApdu(0x00, Instruction.UPDATE_RECORD, 1, 5 << 3 | 4, b"\xe5\x00"),
        CommandApdu(0x00, Instruction.ERASE_RECORD, 1, 5 << 3 | 5),
    ],
    "UPDATE, ERASE of a file with `never`": [
        CommandApdu(0x00, Instruction.UPDATE_BINARY, 0x81, 0, b"\xe1\x00"),
        CommandApdu(0x00, Instruction.ERASE_BINARY, 0x81, 2),
    ],
    "PUT DATA of a credential": [CommandApdu(0x00, Instruction.PUT_DATA, 0x7F, 0x21, CARD.credential)],
    "PUT DATA of keys": [CommandApdu(0x00, Instruction.PUT_DATA, 0x00, 0xE9, KEYS)],
    "GENERATE ASYMMETRIC KEY PAIR": [
        CommandApdu(0x00, Instruction.GENERATE_ASYMMETRIC_KEY_PAIR, 0x80, 0, le=256)
    ],
    "ACTIVATE FILE": [CommandApdu(0x00, Instruction.ACTIVATE_FILE, 0, 0)],
    "DEACTIVATE FILE": [CommandApdu(0x00, Instruction.DEACTIVATE_FILE, 0, 0)],
    "TERMINATE DF": [CommandApdu(0x00, Instruction.TERMINATE_DF, 0, 0)],
}


def table() -> dict[str, dict[LifeCycle, str]]:
    """The document's table: row → life cycle → who."""
    start = DOCUMENT.index("| command | manufactured | operational |")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in DOCUMENT[start:].split("\n\n")[0].splitlines()
    ]
    head = rows[0][1:]
    return {
        row[0]: {COLUMNS[name]: cell for name, cell in zip(head, row[1:], strict=True)} for row in rows[2:]
    }


TABLE = table()


def may_authenticate(life_cycle: LifeCycle, role: Role) -> bool:
    """Whether the document lets the role's pair in, in this life cycle."""
    return f"{NUMBERS[role]:02X}" in TABLE["MUTUAL AUTHENTICATE"][life_cycle]


# SELECT is always plain.
CELLS = [
    (row, life_cycle, role)
    for row, life_cycle, role in product(COMMANDS, LifeCycle, (None, *Role))
    if role is None or (row != "SELECT" and may_authenticate(life_cycle, role))
]


def contents(life_cycle: LifeCycle) -> ChipContents:
    """A card in this life cycle that has all pairs, whatever it ought to have."""
    keys = MappingProxyType({NUMBERS[role]: pair for role, pair in PAIRS.items()})
    return replace(CARD, life_cycle=life_cycle, keys=keys, tries=MappingProxyType({}))


class Line:
    """A chip, and what a PSAM of the test's own knows of the session with it."""

    def __init__(self, memory: VolatileMemory) -> None:
        self.chip = ReferenceApplet(memory)
        self.chip.power_on()
        self.messaging: SecureMessaging | None = None

    def plain(self, command: CommandApdu) -> ResponseApdu:
        """Sent as it is."""
        return ResponseApdu.from_bytes(self.chip.process(command.to_bytes()))

    def send(self, command: CommandApdu) -> ResponseApdu:
        """Sent under secure messaging where there is a session."""
        if self.messaging is None:
            return self.plain(command)
        return self.messaging.unwrap(self.plain(self.messaging.wrap(command)))

    def select(self) -> ResponseApdu:
        """SELECT."""
        return self.plain(COMMANDS["SELECT"][0])

    def challenge(self) -> bytes:
        """The chip's random."""
        return self.plain(COMMANDS["GET CHALLENGE"][0]).data

    def authenticate(self, role: Role, random: bytes) -> ResponseApdu:
        """MUTUAL AUTHENTICATE over this random of the chip's."""
        keys = PAIRS[role]
        ours = AuthenticationToken(bytes(16), random, bytes(range(16)))
        answer = self.plain(token_command(role, ours.to_bytes(keys)))
        if answer.sw == StatusWord.NO_ERROR:
            theirs = AuthenticationToken.from_bytes(answer.data, keys)
            self.messaging = SecureMessaging(SessionKeys.derive(shared_secret(theirs, ours)))
        return answer


def token_command(role: Role, token: bytes) -> CommandApdu:
    return CommandApdu(0x00, Instruction.EXTERNAL_AUTHENTICATE, 0, NUMBERS[role], token, le=256)


def line_in(life_cycle: LifeCycle, role: Role | None = None) -> Line:
    """A line to a card in this life cycle, selected, and authenticated where there is a role."""
    line = Line(VolatileMemory(contents(life_cycle)))
    line.select()
    if role is not None:
        assert line.authenticate(role, line.challenge()).sw == StatusWord.NO_ERROR
    return line


def expected(who: str, role: Role | None) -> int:
    """The status word that the document gives to a role, for a cell of the table."""
    if who == "–":
        return StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED
    if who == "anybody" or (role is not None and role.value in who.split(", ")):
        return StatusWord.NO_ERROR
    return StatusWord.SECURITY_CONDITION_NOT_SATISFIED


SELECTED = {
    LifeCycle.DEACTIVATED: StatusWord.SELECTED_FILE_DEACTIVATED,
    LifeCycle.TERMINATED: StatusWord.SELECTED_FILE_TERMINATED,
}


@pytest.mark.parametrize(("row", "life_cycle", "role"), CELLS)
def test_each_cell_of_the_table_is_what_the_chip_does(
    row: str, life_cycle: LifeCycle, role: Role | None
) -> None:
    who = TABLE[row][life_cycle]
    for command in COMMANDS[row]:
        answer = line_in(life_cycle, role).send(command)
        right = expected(who, role)
        if row == "SELECT":
            right = SELECTED.get(life_cycle, right)
        assert answer.sw == right, (command, who)


def test_every_row_of_the_table_is_tried() -> None:
    assert set(TABLE) == {*COMMANDS, "MUTUAL AUTHENTICATE"}
    assert len(CELLS) > 100


@pytest.mark.parametrize("life_cycle", LifeCycle)
@pytest.mark.parametrize("role", Role)
def test_a_pair_is_for_its_life_cycles_alone(life_cycle: LifeCycle, role: Role) -> None:
    line = Line(VolatileMemory(contents(life_cycle)))
    line.select()
    answer = line.authenticate(role, line.challenge() or bytes(16))
    if life_cycle is LifeCycle.TERMINATED:
        assert answer.sw == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED
    elif may_authenticate(life_cycle, role):
        assert answer.sw == StatusWord.NO_ERROR
    else:
        assert answer.sw == StatusWord.REFERENCED_DATA_NOT_FOUND


# --- what ends a session ------------------------------------------------------------------------------

READ_HOLDER = COMMANDS["READ of a file with `reader`"][0]
ACTIVATE = COMMANDS["ACTIVATE FILE"][0]


@pytest.mark.parametrize(
    "intruder",
    [
        "00B0810010",  # plain
        "80B0810010",  # another class
        "04B0810010",  # bits 4-3 = 01
        "10B08100021111",  # a part of a chain
        "00B0",  # no command at all
        "00FE000000",
        "00A4040007F0544B5245463100",
        "00A4040007F0544B5245463200",
    ],
)
def test_whatever_is_not_protected_ends_the_session(intruder: str) -> None:
    line = line_in(LifeCycle.OPERATIONAL, Role.READER)
    assert line.messaging is not None
    assert line.send(READ_HOLDER).sw == StatusWord.NO_ERROR
    line.chip.process(bytes.fromhex(intruder))
    line.chip.process(bytes.fromhex(intruder))
    assert line.plain(line.messaging.wrap(READ_HOLDER)).data == b""
    assert line.chip.process(READ_HOLDER.to_bytes()) != b""
    assert line.plain(READ_HOLDER).sw != StatusWord.NO_ERROR


@pytest.mark.parametrize("spoilt", ["", "8E08112233", "8E0411223344", "8E081122334455667788", "87028E00"])
def test_a_message_that_is_not_in_order_ends_the_session(spoilt: str) -> None:
    line = line_in(LifeCycle.OPERATIONAL, Role.READER)
    assert line.messaging is not None
    bad = CommandApdu(0x0C, Instruction.READ_BINARY, 0x82, 0, bytes.fromhex(spoilt), le=256)
    assert line.plain(bad).sw in (
        StatusWord.SECURE_MESSAGING_MISSING,
        StatusWord.SECURE_MESSAGING_INCORRECT,
    )
    line.messaging.wrap(READ_HOLDER)  # the counter of the message that was spoilt
    assert line.plain(line.messaging.wrap(READ_HOLDER)).sw == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED


def test_a_reset_ends_the_session() -> None:
    line = line_in(LifeCycle.OPERATIONAL, Role.READER)
    line.chip.power_on()
    line.plain(COMMANDS["SELECT"][0])
    assert line.messaging is not None
    assert line.plain(line.messaging.wrap(READ_HOLDER)).sw == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED


@pytest.mark.parametrize(
    ("life_cycle", "role", "row"),
    [
        (LifeCycle.MANUFACTURED, Role.TRANSPORT, "ACTIVATE FILE"),
        (LifeCycle.OPERATIONAL, Role.ISSUER, "DEACTIVATE FILE"),
        (LifeCycle.DEACTIVATED, Role.ISSUER, "ACTIVATE FILE"),
        (LifeCycle.OPERATIONAL, Role.ISSUER, "TERMINATE DF"),
    ],
)
def test_a_change_of_the_life_cycle_ends_the_session(life_cycle: LifeCycle, role: Role, row: str) -> None:
    line = line_in(life_cycle, role)
    assert line.send(COMMANDS[row][0]).sw == StatusWord.NO_ERROR
    assert line.messaging is not None
    after = line.plain(line.messaging.wrap(READ_HOLDER))
    assert after.sw == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED


def test_activation_leaves_no_transport_key() -> None:
    line = line_in(LifeCycle.MANUFACTURED, Role.TRANSPORT)
    line.send(ACTIVATE)
    line.messaging = None
    line.select()
    assert line.authenticate(Role.TRANSPORT, line.challenge()).sw == StatusWord.REFERENCED_DATA_NOT_FOUND


@pytest.mark.parametrize("number", [0, 3, 4, 255])
def test_keys_of_other_numbers_are_not_taken(number: int) -> None:
    line = line_in(LifeCycle.MANUFACTURED, Role.TRANSPORT)
    command = CommandApdu(0x00, Instruction.PUT_DATA, 0x00, 0xE9, bytes((number,)) + bytes(32))
    assert line.send(command).sw == StatusWord.INCORRECT_DATA


@pytest.mark.parametrize("missing", [{"credential": b""}, {"private_key": None}])
def test_a_chip_that_is_not_complete_is_not_activated(missing: dict[str, bytes | None]) -> None:
    blank = replace(contents(LifeCycle.MANUFACTURED), **missing)  # type: ignore[arg-type]
    line = Line(VolatileMemory(blank))
    assert line.select().data == blank_fci(blank.serial, PROFILE)
    line.authenticate(Role.TRANSPORT, line.challenge())
    assert line.send(ACTIVATE).sw == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED


# --- authentication --------------------------------------------------------------------------------------


def test_a_token_over_another_random_is_refused_and_counts_as_a_try() -> None:
    memory = VolatileMemory(contents(LifeCycle.OPERATIONAL))
    line = Line(memory)
    line.select()
    old = line.challenge()
    line.challenge()
    assert line.authenticate(Role.READER, old).sw == StatusWord.VERIFICATION_FAILED
    assert memory.load().tries[1] == 1


def test_a_random_is_good_for_one_authentication() -> None:
    line = Line(VolatileMemory(contents(LifeCycle.OPERATIONAL)))
    line.select()
    random = line.challenge()
    assert line.authenticate(Role.READER, random).sw == StatusWord.NO_ERROR
    assert line.authenticate(Role.READER, random).sw == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED


@pytest.mark.parametrize("forgets", ["select", "power"])
def test_a_random_does_not_outlive_selection_or_power(forgets: str) -> None:
    line = Line(VolatileMemory(contents(LifeCycle.OPERATIONAL)))
    line.select()
    random = line.challenge()
    if forgets == "power":
        line.chip.power_on()
    line.select()
    assert line.authenticate(Role.READER, random).sw == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED


def test_every_bit_of_a_token_counts() -> None:
    for bit in range(8 * 56):
        line = Line(VolatileMemory(contents(LifeCycle.OPERATIONAL)))
        line.select()
        token = bytearray(
            AuthenticationToken(bytes(16), line.challenge(), bytes(16)).to_bytes(PAIRS[Role.READER])
        )
        token[bit // 8] ^= 1 << bit % 8
        assert line.plain(token_command(Role.READER, bytes(token))).sw == StatusWord.VERIFICATION_FAILED


class Torn(Exception):
    """The power is cut."""


class CutMemory(VolatileMemory):
    """A memory whose power is cut in the middle of the next write."""

    def store(self, contents: ChipContents) -> None:
        """Nothing is written."""
        raise Torn


@pytest.mark.parametrize("row", ["INTERNAL AUTHENTICATE", "MUTUAL AUTHENTICATE"])
def test_nothing_is_answered_that_was_not_counted_first(row: str) -> None:
    """Whoever cuts the power at the write gets neither a proof nor an answer to a guess."""
    line = Line(CutMemory(contents(LifeCycle.OPERATIONAL)))
    line.select()
    random = line.challenge()
    with pytest.raises(Torn):
        if row == "INTERNAL AUTHENTICATE":
            line.plain(COMMANDS[row][0])
        else:
            line.plain(token_command(Role.READER, random + bytes(40)))


# --- Le, parts, current file ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "length"), [("INTERNAL AUTHENTICATE", 0x4A), ("GET CHALLENGE", 0x10), ("SELECT", 0xAE)]
)
def test_too_small_an_le_is_told_before_anything_is_done(row: str, length: int) -> None:
    memory = VolatileMemory(contents(LifeCycle.OPERATIONAL))
    line = Line(memory)
    line.select()
    before = memory.load()
    answer = line.plain(replace(COMMANDS[row][0], le=5))
    assert answer.sw == 0x6C00 | length
    assert memory.load() == before
    assert line.plain(replace(COMMANDS[row][0], le=length)).sw == StatusWord.NO_ERROR


def test_an_authentication_with_too_small_an_le_can_be_sent_again() -> None:
    line = Line(VolatileMemory(contents(LifeCycle.OPERATIONAL)))
    line.select()
    token = AuthenticationToken(bytes(16), line.challenge(), bytes(16)).to_bytes(PAIRS[Role.READER])
    assert line.plain(replace(token_command(Role.READER, token), le=8)).sw == 0x6C38
    assert line.plain(token_command(Role.READER, token)).sw == StatusWord.NO_ERROR


def test_an_answer_that_does_not_fit_is_refused_under_protection_and_undone() -> None:
    line = line_in(LifeCycle.OPERATIONAL, Role.READER)
    assert line.messaging is not None
    wrapped = line.messaging.wrap(replace(COMMANDS["READ of a file with `reader`"][0], le=250))
    answer = line.plain(replace(wrapped, le=256, extended=False))
    assert line.messaging.unwrap(answer).sw == StatusWord.WRONG_LENGTH


def test_a_refused_command_changes_no_current_file() -> None:
    line = line_in(LifeCycle.OPERATIONAL)
    assert line.plain(READ_HOLDER).sw == StatusWord.SECURITY_CONDITION_NOT_SATISFIED
    current = CommandApdu(0x00, Instruction.READ_BINARY, 0, 0, le=4)
    assert line.plain(current).sw == StatusWord.COMMAND_NOT_ALLOWED
    assert line.plain(COMMANDS["READ of a file with `always`"][0]).sw == StatusWord.NO_ERROR
    assert line.plain(current).data == bytes.fromhex("E108C103")


def test_a_record_that_is_too_long_is_refused() -> None:
    line = line_in(LifeCycle.OPERATIONAL, Role.ISSUER)
    long = CommandApdu(0x00, Instruction.UPDATE_RECORD, 1, 5 << 3 | 4, bytes(201))
    assert line.send(long).sw == StatusWord.NOT_ENOUGH_MEMORY


@contextmanager
def chained(line: Line) -> Iterator[None]:
    """A chain that was begun."""
    first = bytes.fromhex("10D6820002E200")
    assert line.chip.process(first) == b"\x90\x00"
    yield


def test_a_chain_has_one_header() -> None:
    line = line_in(LifeCycle.OPERATIONAL)
    with chained(line):
        assert line.chip.process(bytes.fromhex("00D6830002E200")) == bytes.fromhex("6883")
    with chained(line):
        assert line.chip.process(bytes.fromhex("00D6820002E200")) == bytes.fromhex("6982")
