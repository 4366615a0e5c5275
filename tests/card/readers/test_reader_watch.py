"""One stream of events, whatever happens to service, readers and cards."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smartcard import scard

from card.connection import CardConnection
from card.errors import (
    CardError,
    CardInUse,
    CardTorn,
    ReaderGone,
    RefusalReason,
    WaitCancelled,
)
from card.readers import watch_line, watch_pcsc
from card.readers.address import reader_opener
from card.readers.pcsc import PcscReader
from card.readers.pcsc_context import (
    COUNTER_SHIFT,
    READER_LIST_CHANGES,
    PcscContext,
    ReaderState,
)
from card.readers.reader_event import ReaderEvent, ReaderEventKind
from card.readers.watch import ReaderWatch
from card.readers.watch_line import PATIENCE_SECONDS
from card.readers.watch_pcsc import PcscWatch, changes
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.pn532_board import Pn532Board
from card.simulator.boards.serial_ccid_board import SerialCcidBoard
from card.simulator.boards.vpcd import VpcdLink
from tests.card.cards import ScriptedChip, applet, check, reason
from tests.card.readers.mute_cards import MuteCardBoard, MutePicc

SECONDS = 10.0
ARRIVED, LEFT = ReaderEventKind.READER_ARRIVED, ReaderEventKind.READER_LEFT
PRESENT, REMOVED = ReaderEventKind.CARD_PRESENT, ReaderEventKind.CARD_REMOVED
GONE, BACK = ReaderEventKind.SERVICE_GONE, ReaderEventKind.SERVICE_BACK


@pytest.fixture(autouse=True)
def _empty_readers(private_pcscd: PrivatePcscd) -> None:
    for name in private_pcscd.readers:
        with PcscReader(name) as reader:
            reader.wait_for_removal(SECONDS)


@pytest.fixture
def watch(private_pcscd: PrivatePcscd) -> Iterator[ReaderWatch]:
    """A watch that has told of both readers."""
    with ReaderWatch() as watch:
        assert {next_event(watch) for _name in private_pcscd.readers} == {
            ReaderEvent(ARRIVED, name) for name in private_pcscd.readers
        }
        yield watch


def next_event(watch: ReaderWatch) -> ReaderEvent:
    """The next event, which must come."""
    event = watch.next(SECONDS)
    assert event is not None
    return event


def kinds_until(watch: ReaderWatch, kind: ReaderEventKind, reader: str = "") -> list[ReaderEvent]:
    """Everything up to the event of this kind at this reader."""
    events = [next_event(watch)]
    while (events[-1].kind, events[-1].reader) != (kind, reader):
        events.append(next_event(watch))
    return events


def test_a_card_comes_is_tapped_and_goes(watch: ReaderWatch, private_pcscd: PrivatePcscd) -> None:
    name, chip = private_pcscd.readers[0], applet()
    with VpcdLink(chip, private_pcscd.ports[0]):
        assert next_event(watch) == ReaderEvent(PRESENT, name, chip.atr)
        with watch.connect(name) as connection:
            assert connection.atr == chip.atr
            assert reason(check(connection)) is None
    assert next_event(watch) == ReaderEvent(REMOVED, name)
    with pytest.raises(CardTorn):
        watch.connect(name)


def test_nothing_is_told_when_nothing_happens(watch: ReaderWatch) -> None:
    assert watch.next(0) is None
    assert watch.next(1.0) is None


def test_two_readers_at_once(watch: ReaderWatch, private_pcscd: PrivatePcscd) -> None:
    first, second = private_pcscd.readers
    with VpcdLink(applet(), private_pcscd.ports[0]), VpcdLink(applet(), private_pcscd.ports[1]):
        assert {next_event(watch).reader for _card in range(2)} == {first, second}
        with watch.connect(first) as one, watch.connect(second) as two:
            assert reason(check(one)) is None
            assert reason(check(two)) is None
    assert {next_event(watch) for _card in range(2)} == {
        ReaderEvent(REMOVED, first),
        ReaderEvent(REMOVED, second),
    }


def test_a_card_that_lies_there_at_the_start_is_told(private_pcscd: PrivatePcscd) -> None:
    name, chip = private_pcscd.readers[1], applet()
    with VpcdLink(chip, private_pcscd.ports[1]):
        with PcscReader(name) as reader:
            reader.wait_for_card(SECONDS).close()
        with ReaderWatch() as watch:
            events = kinds_until(watch, PRESENT, name)
    assert events.index(ReaderEvent(ARRIVED, name)) + 1 == events.index(ReaderEvent(PRESENT, name, chip.atr))


def test_a_card_that_was_exchanged_between_two_looks_is_told_as_another(private_pcscd: PrivatePcscd) -> None:
    name, port = private_pcscd.readers[0], private_pcscd.ports[0]
    told: queue.SimpleQueue[ReaderEvent] = queue.SimpleQueue()
    may_look = threading.Event()

    def tell(events: Sequence[ReaderEvent]) -> None:
        for event in events:
            told.put(event)
        if PRESENT in {event.kind for event in events}:
            may_look.wait(SECONDS)

    with PcscWatch(tell), PcscReader(name) as other:
        with VpcdLink(applet(), port):
            assert {told.get(timeout=SECONDS).kind for _event in range(3)} == {ARRIVED, PRESENT}
            other.wait_for_card(SECONDS).close()
        other.wait_for_removal(SECONDS)
        with VpcdLink(applet(), port):
            other.wait_for_card(SECONDS).close()
            may_look.set()
            assert [told.get(timeout=SECONDS).kind for _event in range(2)] == [REMOVED, PRESENT]


def test_a_reader_that_another_program_holds_is_watched_all_the_same(
    watch: ReaderWatch, private_pcscd: PrivatePcscd
) -> None:
    name = private_pcscd.readers[0]
    with PcscReader(name) as other:
        with VpcdLink(applet(), private_pcscd.ports[0]):
            assert next_event(watch).kind is PRESENT
            with other.wait_for_card(SECONDS), pytest.raises(CardInUse):
                watch.connect(name)
            with watch.connect(name) as connection:
                assert reason(check(connection)) is None
        assert next_event(watch) == ReaderEvent(REMOVED, name)
    assert watch.next(1.0) is None


def test_a_restart_of_the_service_is_told_once_and_the_card_left_there_is_told_again(
    watch: ReaderWatch, private_pcscd: PrivatePcscd
) -> None:
    first, second = private_pcscd.readers
    chip = applet()
    with VpcdLink(chip, private_pcscd.ports[0]):
        assert next_event(watch).kind is PRESENT
        try:
            private_pcscd.kill()
            lost = [next_event(watch) for _event in range(4)]
        finally:
            private_pcscd.restart()
    # vpcd's card left with vpcd: the same card is put on the reader of the new service.
    with VpcdLink(chip, private_pcscd.ports[0]):
        found = kinds_until(watch, PRESENT, first)
        with watch.connect(first) as connection:
            assert reason(check(connection)) is None
    assert lost[0] == ReaderEvent(GONE)
    assert set(lost[1:]) == {
        ReaderEvent(REMOVED, first),
        ReaderEvent(LEFT, first),
        ReaderEvent(LEFT, second),
    }
    assert found[0] == ReaderEvent(BACK)
    assert set(found[1:]) == {
        ReaderEvent(ARRIVED, first),
        ReaderEvent(ARRIVED, second),
        ReaderEvent(PRESENT, first, chip.atr),
    }
    assert next_event(watch) == ReaderEvent(REMOVED, first)


def test_a_service_without_a_socket_is_waited_for(private_pcscd: PrivatePcscd) -> None:
    path = private_pcscd.socket_path
    private_pcscd.kill()
    hidden = path.rename(path.with_name("hidden"))
    try:
        with ReaderWatch() as watch:
            assert next_event(watch) == ReaderEvent(GONE)
            assert watch.next(0.5) is None
            hidden.rename(path)
            private_pcscd.restart()
            assert kinds_until(watch, ARRIVED, private_pcscd.readers[1])[0] == ReaderEvent(BACK)
    finally:
        if hidden.exists():
            hidden.rename(path)
            private_pcscd.restart()


def test_readers_that_do_not_come_back_with_the_service_are_told_when_they_do(
    watch: ReaderWatch, private_pcscd: PrivatePcscd
) -> None:
    private_pcscd.kill()
    try:
        private_pcscd.restart(plugged_in=False)
        kinds_until(watch, BACK)
        assert watch.next(1.0) is None
        private_pcscd.kill()
    finally:
        private_pcscd.restart()
    assert [next_event(watch).kind for _event in range(4)] == [GONE, BACK, ARRIVED, ARRIVED]
    with VpcdLink(applet(), private_pcscd.ports[0]):
        assert next_event(watch).kind is PRESENT
    assert next_event(watch).kind is REMOVED


def test_cancel_ends_the_stream(private_pcscd: PrivatePcscd) -> None:
    with ReaderWatch() as watch:
        told: list[ReaderEvent] = []
        follower = threading.Thread(target=lambda: told.extend(watch))
        follower.start()
        watch.cancel()
        follower.join(SECONDS)
        assert not follower.is_alive()
        with pytest.raises(WaitCancelled):
            watch.next(None)


class Fleeting:
    """A field that another thread sets to None as soon as it was read once."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __get__(self, instance: object, owner: type) -> object:
        value, self._value = self._value, None
        return value

    def __set__(self, instance: object, value: object) -> None:
        """The test alone says what is there."""


def test_cancel_ends_the_stream_while_another_thread_lets_go_of_everything(
    private_pcscd: PrivatePcscd, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SerialCcidBoard() as device:
        address = f"serial:acs-ccid-serial:{device.path}"
        with watching(private_pcscd, address) as watch:
            device.put(applet())
            assert next_event(watch).kind is PRESENT
            watch.connect(address)
            line, context = watch._lines[address], watch._pcsc._context
            stay = line._stay
            assert stay is not None
            fields = (
                (line, "_reader", line._reader),
                (line, "_stay", stay),
                (stay, "_lent", stay._lent),
                (context, "_handle", context.handle),
            )
            with monkeypatch.context() as patched:
                for owner, name, value in fields:
                    patched.setattr(type(owner), name, Fleeting(value), raising=False)
                watch.cancel()
                with pytest.raises(WaitCancelled):
                    watch.next(None)


def test_a_signal_handler_may_cancel_wherever_it_interrupts_a_cancel(private_pcscd: PrivatePcscd) -> None:
    with SerialCcidBoard() as device:
        address = f"serial:acs-ccid-serial:{device.path}"
        watch = ReaderWatch({address: reader_opener(address)})
        interrupted: list[str] = []

        def interrupt(frame: FrameType, event: str, argument: object) -> None:
            # At the beginning of each function; what is called from here is not traced.
            interrupted.append(frame.f_code.co_qualname)
            watch.cancel()

        def cancel() -> None:
            sys.settrace(interrupt)
            watch.cancel()
            sys.settrace(None)

        cancelling = threading.Thread(target=cancel, daemon=True)
        cancelling.start()
        cancelling.join(SECONDS)
        assert not cancelling.is_alive()
        assert {"ReaderWatch.cancel", "LineWatch.cancel", "PcscWatch.cancel"} <= set(interrupted)
        watch.close()


def test_readers_beyond_what_one_call_takes_are_watched_and_so_is_the_list(
    private_pcscd: PrivatePcscd, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    wait_for_change = PcscContext.wait_for_change

    def noted(
        context: PcscContext, known: Sequence[tuple[str, int]], seconds: float
    ) -> tuple[ReaderState, ...] | None:
        asked.append([name for name, _bits in known])
        return wait_for_change(context, known, seconds)

    monkeypatch.setattr(PcscContext, "wait_for_change", noted)
    monkeypatch.setattr(watch_pcsc, "MAX_READERS", 1)
    with ReaderWatch() as watch:
        assert {next_event(watch) for _name in private_pcscd.readers} == {
            ReaderEvent(ARRIVED, name) for name in private_pcscd.readers
        }
        for name, port in zip(private_pcscd.readers, private_pcscd.ports, strict=True):
            with VpcdLink(applet(), port):
                assert next_event(watch) == ReaderEvent(PRESENT, name, applet().atr)
            assert next_event(watch) == ReaderEvent(REMOVED, name)
    assert [READER_LIST_CHANGES] in asked
    assert {len(names) for names in asked} == {1}


def test_three_hundred_taps_leave_no_thread_and_no_descriptor() -> None:
    # In a process of its own: libpcsclite keeps to the service that a process used first.
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.cycles", "--quick"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=110,
        check=True,
    )
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    assert [figure["unit"] for figure in figures] == ["threads", "descriptors", "KiB"]
    assert all(figure["holds"] for figure in figures[:2]), figures


STATES = st.builds(
    ReaderState,
    reader=st.just("reader"),
    bits=st.builds(
        lambda bits, moves: bits | moves << COUNTER_SHIFT,
        st.sampled_from(
            (
                scard.SCARD_STATE_EMPTY,
                scard.SCARD_STATE_PRESENT,
                scard.SCARD_STATE_PRESENT | scard.SCARD_STATE_MUTE,
                scard.SCARD_STATE_PRESENT | scard.SCARD_STATE_EXCLUSIVE | scard.SCARD_STATE_INUSE,
                scard.SCARD_STATE_UNAVAILABLE,
                scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE,
            )
        ),
        st.integers(0, 3),
    ),
    atr=st.just(b"\x3b\x00"),
)


@given(st.lists(STATES, max_size=20))
def test_whatever_the_service_tells_readers_and_cards_come_and_go_in_turns(states: list[ReaderState]) -> None:
    before = ReaderState("reader", scard.SCARD_STATE_UNAWARE, b"")
    events: list[ReaderEvent] = []
    for state in states:
        events.extend(changes(before, state))
        before = state
    events.extend(changes(before, None))
    depth = 0
    for event in events:
        expected = {ARRIVED: 0, PRESENT: 1, REMOVED: 2, LEFT: 1}[event.kind]
        assert depth == expected
        depth += 1 if event.kind in {ARRIVED, PRESENT} else -1
    assert depth == 0


@pytest.fixture(params=["nfc", "serial:acs-ccid-serial", "serial:pn532-hsu"])
def board(request: pytest.FixtureRequest) -> Iterator[tuple[Pn532Board | SerialCcidBoard, str]]:
    """A reader that is not behind PC/SC, and its address."""
    scheme: str = request.param
    with SerialCcidBoard() if scheme == "serial:acs-ccid-serial" else Pn532Board() as made:
        yield made, f"{scheme}:{made.path}"


@contextmanager
def watching(service: PrivatePcscd, address: str) -> Iterator[ReaderWatch]:
    """A watch on the reader at this address too, that has told of all readers."""
    with ReaderWatch({address: reader_opener(address)}) as watch:
        arrived = {next_event(watch).reader for _reader in range(3)}
        assert arrived == {*service.readers, address}
        yield watch


def test_a_reader_off_pcsc_tells_the_same_events_and_lends_its_connection(
    private_pcscd: PrivatePcscd, board: tuple[Pn532Board | SerialCcidBoard, str]
) -> None:
    device, address = board
    with watching(private_pcscd, address) as watch:
        for _card in range(2):
            device.put(applet())
            event = next_event(watch)
            assert (event.kind, event.reader, event.atr) == (PRESENT, address, applet().atr)
            for _tap in range(2):
                with watch.connect(address) as connection:
                    assert connection.atr == event.atr
                    assert reason(check(connection)) is None
                assert reason(check(connection)) is RefusalReason.TORN
            device.remove()
            assert next_event(watch) == ReaderEvent(REMOVED, address)
            with pytest.raises(CardTorn):
                watch.connect(address)


def test_a_card_nobody_wants_is_told_when_it_goes(
    private_pcscd: PrivatePcscd, board: tuple[Pn532Board | SerialCcidBoard, str]
) -> None:
    device, address = board
    with watching(private_pcscd, address) as watch:
        device.put(applet())
        assert next_event(watch).kind is PRESENT
        device.remove()
        assert next_event(watch) == ReaderEvent(REMOVED, address)


def test_a_card_can_be_asked_for_long_after_it_came(
    private_pcscd: PrivatePcscd, board: tuple[Pn532Board | SerialCcidBoard, str]
) -> None:
    device, address = board
    with watching(private_pcscd, address) as watch:
        device.put(applet())
        assert next_event(watch).kind is PRESENT
        assert watch.next(4 * PATIENCE_SECONDS) is None
        with watch.connect(address) as connection:
            assert reason(check(connection)) is None


def test_a_second_connection_is_refused_at_once_while_the_first_is_open(
    private_pcscd: PrivatePcscd, board: tuple[Pn532Board | SerialCcidBoard, str]
) -> None:
    device, address = board
    with watching(private_pcscd, address) as watch:
        device.put(applet())
        assert next_event(watch).kind is PRESENT
        with watch.connect(address) as connection:
            refused = connected_elsewhere(watch, address, CardInUse)
            assert refused.facts == {"reader": address}
            assert reason(check(connection)) is None
        with watch.connect(address) as connection:
            assert reason(check(connection)) is None


def connected_elsewhere(watch: ReaderWatch, address: str, expected: type[CardError]) -> CardError:
    """What connecting in another thread raises, which must come to an end."""
    (thread, ended) = asking(watch, address)
    thread.join(SECONDS)
    assert not thread.is_alive()
    (result,) = ended
    assert isinstance(result, expected)
    return result


def asking(watch: ReaderWatch, address: str) -> tuple[threading.Thread, list[CardConnection | CardError]]:
    """A thread that connects, and what comes of it."""
    ended: list[CardConnection | CardError] = []

    def ask() -> None:
        try:
            ended.append(watch.connect(address))
        except CardError as error:
            ended.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread, ended


class SlowChip(ScriptedChip):
    """A chip that takes as long as the test likes to start anew."""

    def __init__(self) -> None:
        super().__init__(lambda command: b"\x90\x00")
        self.may_start = threading.Event()
        self.may_start.set()
        self.starting = threading.Event()

    def power_on(self) -> None:
        self.starting.set()
        self.may_start.wait(SECONDS)


def test_a_reader_that_is_busy_is_not_waited_for_for_ever(
    private_pcscd: PrivatePcscd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_line, "CONNECT_SECONDS", 0.1)
    chip = SlowChip()
    with SerialCcidBoard() as device:
        address = f"serial:acs-ccid-serial:{device.path}"
        with watching(private_pcscd, address) as watch:
            device.put(chip)
            assert next_event(watch).kind is PRESENT
            with watch.connect(address):
                chip.starting.clear()
                chip.may_start.clear()
            assert connected_elsewhere(watch, address, ReaderGone).facts == {"reader": address}
            assert chip.starting.wait(SECONDS)
            monkeypatch.setattr(watch_line, "CONNECT_SECONDS", SECONDS)
            threads, ends = zip(*(asking(watch, address) for _thread in range(2)), strict=True)
            chip.may_start.set()
            # One gets the connection, and keeps it, and the other is refused.
            for thread in threads:
                thread.join(SECONDS)
            found = [end for ended in ends for end in ended]
            assert [type(end) for end in found if isinstance(end, CardError)] == [CardInUse]
            (lent,) = (end for end in found if not isinstance(end, CardError))
            assert lent.atr == chip.atr


def test_a_card_that_can_t_be_activated_is_told_and_says_why(private_pcscd: PrivatePcscd) -> None:
    with MuteCardBoard() as device:
        address = f"serial:acs-ccid-serial:{device.path}"
        with watching(private_pcscd, address) as watch:
            device.put_mute()
            follow_mute_card(watch, address, device.remove, CardTorn)
            device.put(applet())
            assert next_event(watch).kind is PRESENT


def test_a_card_that_can_t_be_activated_by_nfc_is_told_and_says_why(private_pcscd: PrivatePcscd) -> None:
    with Pn532Board() as device:
        address = f"nfc:{device.path}"
        with watching(private_pcscd, address) as watch:
            device.put_picc(MutePicc())
            follow_mute_card(watch, address, device.remove, CardTorn)


def follow_mute_card(
    watch: ReaderWatch, address: str, remove: Callable[[], None], expected: type[CardError]
) -> None:
    """The card is told, raises what is wrong with it as often as it is asked, and its removal is told."""
    assert next_event(watch) == ReaderEvent(PRESENT, address)
    for _attempt in range(2):
        with pytest.raises(expected):
            watch.connect(address)
    assert watch.next(2 * PATIENCE_SECONDS) is None
    remove()
    assert next_event(watch) == ReaderEvent(REMOVED, address)


def test_a_watch_ends_while_its_connection_is_lent(
    private_pcscd: PrivatePcscd, board: tuple[Pn532Board | SerialCcidBoard, str]
) -> None:
    device, address = board
    with watching(private_pcscd, address) as watch:
        device.put(applet())
        assert next_event(watch).kind is PRESENT
        connection = watch.connect(address)
        watch.close()
        assert reason(check(connection)) is RefusalReason.TORN
    assert f"watch {address}" not in {thread.name for thread in threading.enumerate()}


def test_a_reader_off_pcsc_that_is_unplugged_with_its_card_is_told_and_found_again(
    private_pcscd: PrivatePcscd,
) -> None:
    with SerialCcidBoard() as device:
        address = f"serial:acs-ccid-serial:{device.path}"
        with watching(private_pcscd, address) as watch:
            device.put(applet())
            assert next_event(watch).kind is PRESENT
            device.unplug()
            assert next_event(watch) == ReaderEvent(REMOVED, address)
            assert next_event(watch) == ReaderEvent(LEFT, address)
            device.plug()
            assert next_event(watch) == ReaderEvent(ARRIVED, address)
            assert next_event(watch).kind is PRESENT
            with watch.connect(address) as connection:
                assert reason(check(connection)) is None


def test_a_reader_off_pcsc_that_is_not_there_yet_is_waited_for(private_pcscd: PrivatePcscd) -> None:
    with SerialCcidBoard() as device:
        device.unplug()
        address = f"serial:acs-ccid-serial:{device.path}"
        with ReaderWatch({address: reader_opener(address)}) as watch:
            assert {next_event(watch).reader for _name in private_pcscd.readers} == set(private_pcscd.readers)
            device.plug()
            assert next_event(watch) == ReaderEvent(ARRIVED, address)
