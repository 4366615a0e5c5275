"""The kiosk on a genuine pcscd: real taps, a service that is gone and comes back, and a clean end."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from queue import Queue

import pytest
from PyQt6.QtGui import QImage

from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from crypto.explained import ExplainedError, Language
from kiosk_ui.application import Kiosk
from kiosk_ui.look import Preferences
from kiosk_ui.party import PartyChoice
from kiosk_ui.states import KioskTimes, Phase, ResultShown, TroubleShown
from kiosk_ui.terminal_thread import TerminalThread
from terminal.content.manifest import HOTLIST_BASE
from terminal.events.outcome import Outcome
from terminal.tap import TapResult
from tests.kiosk_ui.kiosk_help import wait_until
from tests.terminal.enrolled import Enrolled, chip
from tests.terminal.hotlists import hotlist_of

TONGKA = Path(sys.executable).with_name("tongka")
SECONDS = 30


@contextmanager
def kiosk_at(enrolled: Enrolled, reader: str, times: KioskTimes | None = None) -> Iterator[Kiosk]:
    """A kiosk with its window and its terminal."""
    with Kiosk(enrolled.directory, reader, Preferences(still=True), dots_per_inch=102, times=times) as kiosk:
        kiosk.window.resize(1080, 1920)
        kiosk.window.show()
        yield kiosk


def await_phase(kiosk: Kiosk, phase: Phase) -> None:
    wait_until(lambda: kiosk.presenter.state.phase is phase, kiosk.presenter.phase_changed)


def outcome(kiosk: Kiosk) -> Outcome:
    state = kiosk.presenter.state
    assert isinstance(state, ResultShown)
    return state.result.outcome


def trouble(kiosk: Kiosk) -> str:
    state = kiosk.presenter.state
    assert isinstance(state, TroubleShown)
    return state.error.code


def events(enrolled: Enrolled) -> int:
    """How many taps are on the disk."""
    with closing(sqlite3.connect(enrolled.directory.journal)) as journal:
        (number,) = journal.execute("SELECT count(*) FROM events").fetchone()
    assert isinstance(number, int)
    return number


def test_a_real_tap_is_shown_and_journaled(enrolled: Enrolled, private_pcscd: PrivatePcscd) -> None:
    limits = KioskTimes(result=60)
    with kiosk_at(enrolled, private_pcscd.readers[0], limits) as kiosk:
        await_phase(kiosk, Phase.IDLE)
        with VpcdLink(chip(enrolled.card(grade=1)), private_pcscd.ports[0]):
            await_phase(kiosk, Phase.RESULT)
            assert outcome(kiosk) is Outcome.GRANTED
            await_phase(kiosk, Phase.TAKE_CARD)
        await_phase(kiosk, Phase.IDLE)
    assert events(enrolled) == 1


def test_the_companions_chosen_on_the_screen_go_with_the_tap(
    enrolled: Enrolled, private_pcscd: PrivatePcscd
) -> None:
    with kiosk_at(enrolled, private_pcscd.readers[0]) as kiosk:
        await_phase(kiosk, Phase.IDLE)
        kiosk.window.idle_face.choose(2)
        with VpcdLink(chip(enrolled.card(grade=4, categories=(4,))), private_pcscd.ports[0]):
            await_phase(kiosk, Phase.RESULT)
            state = kiosk.presenter.state
            assert isinstance(state, ResultShown)
            assert state.result.holder_pays == 100
            assert state.result.companion_pays == 200
    assert kiosk.presenter.state.phase is Phase.STARTING, "wiped with the window"


def test_a_missing_reader_is_trouble_with_its_code(enrolled: Enrolled, private_pcscd: PrivatePcscd) -> None:
    assert private_pcscd.readers
    with kiosk_at(enrolled, "No such reader 00 00") as kiosk:
        await_phase(kiosk, Phase.TROUBLE)
        assert trouble(kiosk) == "CRD-104"


def test_a_terminal_that_is_not_enrolled_is_trouble_and_recovers(
    enrolled: Enrolled, private_pcscd: PrivatePcscd
) -> None:
    configuration = enrolled.directory.configuration_file
    kept = configuration.read_bytes()
    configuration.unlink()
    with kiosk_at(enrolled, private_pcscd.readers[0], KioskTimes(trouble=50)) as kiosk:
        await_phase(kiosk, Phase.TROUBLE)
        configuration.write_bytes(kept)
        await_phase(kiosk, Phase.IDLE)


def test_a_service_that_is_gone_at_the_start_is_waited_for(
    enrolled: Enrolled, private_pcscd: PrivatePcscd
) -> None:
    hidden = private_pcscd.socket_path.with_suffix(".hidden")
    private_pcscd.socket_path.rename(hidden)
    try:
        with kiosk_at(enrolled, private_pcscd.readers[0], KioskTimes(trouble=50)) as kiosk:
            await_phase(kiosk, Phase.TROUBLE)
            assert trouble(kiosk) == "CRD-102"
            hidden.rename(private_pcscd.socket_path)
            await_phase(kiosk, Phase.IDLE)
            with VpcdLink(chip(enrolled.card()), private_pcscd.ports[0]):
                await_phase(kiosk, Phase.RESULT)
    finally:
        if hidden.exists():
            hidden.rename(private_pcscd.socket_path)


def test_a_service_that_hangs_is_trouble_too(enrolled: Enrolled, private_pcscd: PrivatePcscd) -> None:
    private_pcscd.kill()
    restarted = False
    try:
        with kiosk_at(enrolled, private_pcscd.readers[0], KioskTimes(starting=100, trouble=50)) as kiosk:
            await_phase(kiosk, Phase.TROUBLE)
            assert trouble(kiosk) == "KSK-104"
            private_pcscd.restart()
            restarted = True
            await_phase(kiosk, Phase.IDLE)
    finally:
        if not restarted:
            private_pcscd.restart()


class FaultyParty(PartyChoice):
    """Fails once in a way that nobody foresaw, with a person's data in its text."""

    def __init__(self) -> None:
        super().__init__()
        self.faults = 1

    def take(self) -> int:
        if self.faults:
            self.faults -= 1
            raise LookupError("只给本人")
        return super().take()


def test_a_fault_that_nobody_foresaw_is_shown_without_its_text_and_tapping_goes_on(
    enrolled: Enrolled, private_pcscd: PrivatePcscd
) -> None:
    terminal = TerminalThread(enrolled.directory, private_pcscd.readers[0], FaultyParty())
    troubles: list[ExplainedError] = []
    results: list[TapResult] = []
    terminal.troubled.connect(troubles.append)
    terminal.decided.connect(results.append)
    terminal.start()
    try:
        with VpcdLink(chip(enrolled.card()), private_pcscd.ports[0]):
            wait_until(lambda: bool(results), terminal.decided)
    finally:
        assert terminal.stop(SECONDS)
    assert [error.code for error in troubles] == ["KSK-105"]
    for language in Language:
        shown = troubles[0].explain(language)
        assert "LookupError" in shown.cause
        assert "只给本人" not in f"{shown.cause}{shown.next_step}"
    assert (troubles[0].__cause__, troubles[0].__context__) == (None, None)
    assert results[0].outcome is Outcome.GRANTED


def test_what_the_terminal_works_without_goes_to_the_log_and_not_on_the_screen(
    enrolled: Enrolled, private_pcscd: PrivatePcscd, capsys: pytest.CaptureFixture[str]
) -> None:
    enrolled.put_content(HOTLIST_BASE, hotlist_of((), enrolled.version + 1, date(2025, 1, 1)))
    terminal = TerminalThread(enrolled.directory, private_pcscd.readers[0], PartyChoice())
    troubles: list[ExplainedError] = []
    results: list[TapResult] = []
    terminal.troubled.connect(troubles.append)
    terminal.decided.connect(results.append)
    terminal.start()
    try:
        with VpcdLink(chip(enrolled.card()), private_pcscd.ports[0]):
            wait_until(lambda: bool(results), terminal.decided)
    finally:
        assert terminal.stop(SECONDS)
    assert troubles == []
    assert "TRM-720" in capsys.readouterr().err


class Started:
    """`tongka kiosk …` in a process of its own; its lines, as they come."""

    def __init__(self, service: PrivatePcscd, *arguments: object) -> None:
        environment = {**service.environment(), "QT_QPA_PLATFORM": "offscreen", "TONGKA_LANG": Language.EN}
        self.process = subprocess.Popen(
            [TONGKA, "kiosk", *map(str, arguments)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._follow)
        self._reader.start()

    def _follow(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.strip())

    def end(self) -> tuple[int, str]:
        """Wait for its end: exit status and what it said on standard error."""
        try:
            assert self.process.stderr is not None
            with self.process.stderr as stream:
                errors = stream.read()
            status = self.process.wait(SECONDS)
        finally:
            self.process.kill()
            self._reader.join()
            assert self.process.stdout is not None
            self.process.stdout.close()
        return status, errors


def test_a_picture_is_taken_of_a_real_tap(
    enrolled: Enrolled, private_pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    file = tmp_path / "out" / "result.png"
    place = ("--data", enrolled.directory.path, "--reader", private_pcscd.readers[0])
    started = Started(private_pcscd, "picture", *place, "--out", file, "--timeout", SECONDS)
    assert "waiting for a tap" in started.lines.get(timeout=SECONDS)
    with VpcdLink(chip(enrolled.card()), private_pcscd.ports[0]):
        assert started.end() == (0, "")
    image = QImage(str(file))
    assert (image.width(), image.height()) == (1080, 1920)
    greens = sum(image.pixelColor(540, y).name() == "#0a5227" for y in range(0, 1920, 8))
    assert greens > 5, "the sign for granted"
    assert events(enrolled) == 1


def test_no_tap_in_time_is_an_explained_error(
    enrolled: Enrolled, private_pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    place = ("--data", enrolled.directory.path, "--reader", private_pcscd.readers[0])
    started = Started(private_pcscd, "picture", *place, "--out", tmp_path / "none.png", "--timeout", 1)
    status, errors = started.end()
    assert status == 1
    assert "KSK-201" in errors
    assert not (tmp_path / "none.png").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_kiosk_cleanly(
    enrolled: Enrolled, private_pcscd: PrivatePcscd, tmp_path: Path, number: signal.Signals
) -> None:
    place = ("--data", enrolled.directory.path, "--reader", private_pcscd.readers[0])
    started = Started(private_pcscd, "picture", *place, "--out", tmp_path / "none.png", "--timeout", SECONDS)
    started.lines.get(timeout=SECONDS)
    os.kill(started.process.pid, number)
    status, errors = started.end()
    assert "Traceback" not in errors
    assert status == 1
    assert "KSK-201" in errors


def test_a_kiosk_without_a_display_says_so(enrolled: Enrolled) -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    ended = subprocess.run(
        [TONGKA, "kiosk", "run", "--data", enrolled.directory.path, "--reader", "R"],
        env={**environment, "TONGKA_LANG": Language.EN},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 1
    assert "KSK-101" in ended.stderr
