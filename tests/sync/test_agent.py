"""The agent through outages, its own death, and a centre that does not tell the truth."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from crypto.signer import Signer
from crypto.sm2 import PrivateKey
from crypto.sm3 import sm3
from sync.agent.agent import Agent, Backoff, upload_status
from sync.agent.client import CenterClient
from sync.agent.state import UploadState
from sync.center.directory import Center
from sync.errors import (
    AgentBusy,
    AnswerMalformed,
    CenterFailing,
    CenterRefused,
    CenterUnreachable,
    EventMalformed,
    ForkFound,
    GapNotInJournal,
    NoProgress,
    ReceiptBeyondJournal,
    ReceiptHashMismatch,
    ReceiptInvalid,
    SyncError,
    TerminalUnknown,
    UploadStateBroken,
)
from sync.protocol.batch import Batch, BatchAnswer, Gap
from sync.protocol.refusal import RefusalMessage
from terminal.data_directory import DataDirectory
from terminal.events.receipt import Receipt, sign_receipt
from tests.sync.cast import BadNetwork, answering, integrity, open_journal, snapshot, tap_often

PROGRAM = [sys.executable, "-c", "from terminal.command_line import main; main()"]
QUICK = Backoff(first=0.01, most=0.05)


def point_at(terminal: DataDirectory, url: str) -> None:
    """Make this the terminal's centre."""
    configuration = terminal.load_configuration()
    terminal.configuration_file.write_bytes(msgspec.structs.replace(configuration, center=url).to_bytes())


def journal_hashes(terminal: DataDirectory) -> list[tuple[int, bytes]]:
    connection = sqlite3.connect(terminal.journal)
    try:
        return connection.execute("SELECT sequence, hash FROM events ORDER BY sequence").fetchall()
    finally:
        connection.close()


def stored_hashes(center: Center) -> list[tuple[int, bytes]]:
    return [(row[2], row[4]) for row in snapshot(center, "events")["events"]]


def delivered_exactly_once(center: Center, terminal: DataDirectory) -> None:
    assert stored_hashes(center) == journal_hashes(terminal)
    assert snapshot(center)["forks"] == []
    assert integrity(center) == "ok"
    status = upload_status(terminal)
    assert (status.unsent, status.oldest_unsent_ms, status.progress.refused) == (0, None, {})


def until_empty(terminal: DataDirectory) -> bool:
    return Agent(terminal).run_until_empty(threading.Event(), QUICK)


def test_everything_arrives_and_the_receipt_is_kept(center: Center, terminal: DataDirectory) -> None:
    assert Agent(terminal).deliver()  # before the first tap there is nothing to do
    tap_often(terminal, 1203)
    assert upload_status(terminal).unsent == 1203

    assert Agent(terminal).deliver()

    delivered_exactly_once(center, terminal)
    with UploadState(terminal.uploads, 1) as state:
        receipt = state.receipt()
    assert receipt is not None
    assert receipt.verify(center.publications.current.trust.center_receipt_key)
    assert (receipt.receipt.watermark, receipt.receipt.hash) == journal_hashes(terminal)[-1]

    tap_often(terminal, 2)
    assert Agent(terminal).deliver()
    delivered_exactly_once(center, terminal)


def test_what_is_not_sold_yet_is_not_claimed(center: Center, terminal: DataDirectory) -> None:
    tap_often(terminal, 2)
    tap_often(terminal, 1, is_unconfirmed=True)
    tap_often(terminal, 1)
    assert not until_empty(terminal)
    assert stored_hashes(center) == journal_hashes(terminal)[:2]
    assert upload_status(terminal).unsent == 2
    with open_journal(terminal) as journal:
        journal.sell(())
    assert until_empty(terminal)
    delivered_exactly_once(center, terminal)


def test_requests_cut_in_the_middle(center: Center, url: str, terminal: DataDirectory) -> None:
    tap_often(terminal, 700)
    with BadNetwork(url) as network:
        point_at(terminal, network.url)
        for cut in (1, 200, 5000):
            network.cut_requests_after = cut
            with pytest.raises(CenterUnreachable):
                Agent(terminal).deliver()
            assert stored_hashes(center) == []
        assert upload_status(terminal).unsent == 700
        network.cut_requests_after = None
        assert until_empty(terminal)
    delivered_exactly_once(center, terminal)


def test_answers_that_get_lost(center: Center, url: str, terminal: DataDirectory) -> None:
    tap_often(terminal, 700)
    with BadNetwork(url) as network:
        point_at(terminal, network.url)
        network.answers_to_swallow = 3
        with pytest.raises(CenterUnreachable):
            Agent(terminal).deliver()
        # The centre has them; the terminal, without a receipt, counts none as delivered.
        assert len(stored_hashes(center)) == 500
        assert upload_status(terminal).progress.acknowledged == 0
        assert until_empty(terminal)
        assert network.answers_to_swallow == 0
    delivered_exactly_once(center, terminal)


def test_no_network_at_all(terminal: DataDirectory) -> None:
    tap_often(terminal, 3)
    point_at(terminal, "http://127.0.0.1:9")
    with pytest.raises(CenterUnreachable):
        Agent(terminal).deliver()
    status = upload_status(terminal)
    assert status.unsent == 3
    assert status.progress.error is not None
    assert status.progress.error.code == CenterUnreachable.code
    assert status.progress.contact_ms is None


def start_agent(terminal: DataDirectory) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*PROGRAM, "agent", "run", "--data", str(terminal.path), "--until-empty"])


@pytest.mark.parametrize("answer_reached_centre", [True, False])
def test_killed_in_the_middle_of_an_upload(
    center: Center, url: str, terminal: DataDirectory, answer_reached_centre: bool
) -> None:
    tap_often(terminal, 600)
    with BadNetwork(url) as network:
        point_at(terminal, network.url)
        if answer_reached_centre:
            network.hold_answers.clear()
        else:
            network.cut_requests_after = 5000
        agent = start_agent(terminal)
        if answer_reached_centre:
            # The batch is stored, its answer hangs in the network, the agent waits for it.
            assert network.answer_arrived.wait(30)
        else:
            assert network.request_was_cut.wait(30)
        agent.send_signal(signal.SIGKILL)
        assert agent.wait(10) == -signal.SIGKILL
        assert upload_status(terminal).progress.acknowledged == 0
        assert len(stored_hashes(center)) == (500 if answer_reached_centre else 0)
        network.cut_requests_after = None
        network.hold_answers.set()

        assert start_agent(terminal).wait(60) == 0
    delivered_exactly_once(center, terminal)


def test_the_agent_ends_when_told_to(url: str, terminal: DataDirectory) -> None:
    tap_often(terminal, 5)
    with BadNetwork(url) as network:
        point_at(terminal, network.url)
        agent = subprocess.Popen([*PROGRAM, "agent", "run", "--data", str(terminal.path)])
        assert network.answer_arrived.wait(30)
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(30) == 0
    # What it was at when it was told to stop, it finished.
    assert upload_status(terminal).unsent == 0


@pytest.mark.parametrize(("arguments", "status"), [([], 0), (["--until-empty"], 1)])
def test_the_agent_ends_when_told_to_while_a_request_hangs(
    center: Center, url: str, terminal: DataDirectory, arguments: list[str], status: int
) -> None:
    tap_often(terminal, 5)
    with BadNetwork(url) as network:
        point_at(terminal, network.url)
        network.hold_answers.clear()
        agent = subprocess.Popen([*PROGRAM, "agent", "run", "--data", str(terminal.path), *arguments])
        assert network.answer_arrived.wait(30)
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(60) == status
        # Had it waited until the request timed out, it would have recorded that.
        assert upload_status(terminal).progress.error is None
        assert upload_status(terminal).progress.acknowledged == 0
    point_at(terminal, url)
    assert until_empty(terminal)
    delivered_exactly_once(center, terminal)


def test_one_agent_a_directory(terminal: DataDirectory) -> None:
    with Agent(terminal).working():
        with pytest.raises(AgentBusy), Agent(terminal).working():
            pass
        assert start_agent(terminal).wait(30) == 1
    with Agent(terminal).working():
        pass


def test_a_clone_is_told_of_its_fork(
    center: Center, url: str, terminal: DataDirectory, tmp_path: Path
) -> None:
    tap_often(terminal, 3)
    clone = DataDirectory(tmp_path / "clone")
    subprocess.run(["cp", "-a", terminal.path, clone.path], check=True)
    tap_often(terminal, 2)
    tap_often(clone, 4)
    assert Agent(terminal).deliver()
    before = stored_hashes(center)

    with pytest.raises(ForkFound) as caught:
        Agent(clone).deliver()

    assert caught.value.facts == {"sequence": 4}
    assert stored_hashes(center) == before
    status = upload_status(clone)
    assert status.recorded == status.unsent == 7
    assert status.progress.error is not None
    assert status.progress.error.code == ForkFound.code
    with pytest.raises(ForkFound):
        until_empty(clone)


def test_losing_the_upload_state_costs_nothing(center: Center, terminal: DataDirectory) -> None:
    tap_often(terminal, 20)
    assert Agent(terminal).deliver()
    for suffix in ("", "-wal", "-shm"):
        terminal.uploads.with_name(terminal.uploads.name + suffix).unlink(missing_ok=True)
    tap_often(terminal, 1)
    assert Agent(terminal).deliver()
    delivered_exactly_once(center, terminal)


def test_a_centre_restored_from_a_backup_gets_everything_again(
    center: Center, terminal: DataDirectory
) -> None:
    tap_often(terminal, 30)
    assert Agent(terminal).deliver()
    with center.store.transaction() as connection:
        connection.execute("DELETE FROM events WHERE sequence > 10")
        connection.execute("UPDATE terminals SET watermark = 10")
    tap_often(terminal, 1)
    assert Agent(terminal).deliver()
    delivered_exactly_once(center, terminal)


def test_some_other_database_is_not_overwritten(terminal: DataDirectory) -> None:
    connection = sqlite3.connect(terminal.uploads)
    connection.execute("CREATE TABLE precious (x)")
    connection.close()
    with pytest.raises(UploadStateBroken):
        upload_status(terminal)


@contextmanager
def false_centre(answer: Callable[[Batch], tuple[int, bytes]]) -> Iterator[str]:
    """A server that answers batches as `answer` says."""
    with answering(lambda body: answer(Batch.from_bytes(body))) as url:
        yield url


def receipt_answer(
    batch: Batch,
    key: Signer,
    *,
    beyond: int = 0,
    digest: bytes | None = None,
    said: int = 0,
    terminal: bytes | None = None,
    gaps: tuple[Gap, ...] = (),
) -> BatchAnswer:
    last = batch.head.checkpoint
    receipt = Receipt(
        terminal or batch.terminal,
        batch.epoch,
        last.sequence + beyond,
        digest or last.hash,
        0,
    )
    return BatchAnswer(
        watermark=receipt.watermark + said, gaps=list(gaps), receipt=sign_receipt(receipt, key)
    )


LIES: dict[str, tuple[Callable[[Batch, Signer], BatchAnswer], type[SyncError]]] = {
    "another hash": (
        lambda batch, key: receipt_answer(batch, key, digest=sm3(b"something else")),
        ReceiptHashMismatch,
    ),
    "more than was recorded": (
        lambda batch, key: receipt_answer(batch, key, beyond=1),
        ReceiptBeyondJournal,
    ),
    "a stranger's signature": (
        lambda batch, _: receipt_answer(batch, PrivateKey.generate()),
        ReceiptInvalid,
    ),
    "about another terminal": (
        lambda batch, key: receipt_answer(batch, key, terminal=bytes(8)),
        ReceiptInvalid,
    ),
    "a watermark above the receipt's": (
        lambda batch, key: receipt_answer(batch, key, beyond=-1, said=1),
        ReceiptInvalid,
    ),
    "no receipt": (lambda batch, _: BatchAnswer(watermark=5), ReceiptInvalid),
    "nothing was taken": (lambda batch, _: BatchAnswer(watermark=0), NoProgress),
    "what was just sent is missing": (
        lambda batch, _: BatchAnswer(watermark=0, gaps=[Gap(1, 5)]),
        NoProgress,
    ),
    "a gap beyond the journal": (
        lambda batch, _: BatchAnswer(watermark=0, gaps=[Gap(6, 9)]),
        ReceiptBeyondJournal,
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_receipt_is_believed_only_if_all_of_it_is_true(
    center: Center, url: str, terminal: DataDirectory, lie: str
) -> None:
    tap_often(terminal, 5)
    tell, error = LIES[lie]
    with false_centre(lambda batch: (200, tell(batch, center.keys.receipt).to_bytes())) as false_url:
        point_at(terminal, false_url)
        with pytest.raises(error):
            Agent(terminal).deliver()
    status = upload_status(terminal)
    assert (status.progress.acknowledged, status.unsent) == (0, 5)
    assert status.progress.error is not None
    assert status.progress.error.code == error.code

    # With the true centre back, nothing is missing.
    point_at(terminal, url)
    assert until_empty(terminal)
    delivered_exactly_once(center, terminal)


@dataclass(frozen=True)
class Reply:
    """What a server that is no centre says, and what the agent makes of it."""

    status: int
    body: bytes
    error: type[SyncError]


_FORBIDDEN = RefusalMessage.of(TerminalUnknown(terminal="00", epoch=1)).to_bytes()
_OURS_BUT_BUSY = RefusalMessage.of(NoProgress(watermark=0)).to_bytes()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<html>captive portal</html>", AnswerMalformed),
        Reply(200, b"", AnswerMalformed),
        Reply(200, bytes(200_000), AnswerMalformed),
        Reply(302, b"", CenterFailing),
        Reply(404, b"not ours", CenterFailing),
        Reply(429, _OURS_BUT_BUSY, CenterFailing),
        Reply(503, b"", CenterFailing),
        Reply(403, _FORBIDDEN, CenterRefused),
    ],
    ids=lambda reply: f"{reply.status}-{reply.error.__name__}",
)
def test_answers_that_are_none(center: Center, url: str, terminal: DataDirectory, reply: Reply) -> None:
    tap_often(terminal, 2)
    with false_centre(lambda _: (reply.status, reply.body)) as false_url:
        point_at(terminal, false_url)
        with pytest.raises(reply.error):
            Agent(terminal).deliver()
    assert upload_status(terminal).unsent == 2
    point_at(terminal, url)
    assert until_empty(terminal)
    delivered_exactly_once(center, terminal)


def test_a_refused_event_is_kept_and_the_rest_goes_on(
    center: Center, url: str, terminal: DataDirectory
) -> None:
    tap_often(terminal, 40)
    bad = journal_hashes(terminal)[16][1]

    def picky(batch: Batch) -> tuple[int, bytes]:
        if any(sm3(event) == bad for event in batch.events):
            return 422, RefusalMessage.of(EventMalformed(position=1)).to_bytes()
        with CenterClient(url) as real:
            return 200, real.send_batch(batch).to_bytes()

    with false_centre(picky) as false_url:
        point_at(terminal, false_url)
        assert Agent(terminal).deliver() is False
        assert Agent(terminal).deliver() is False
    status = upload_status(terminal)
    assert status.progress.refused == {17: EventMalformed.code}
    assert status.progress.acknowledged == 16
    assert [sequence for sequence, _ in stored_hashes(center)] == [*range(1, 17), *range(18, 41)]
    assert len(journal_hashes(terminal)) == 40

    # The centre has learnt to read it.
    point_at(terminal, url)
    agent = Agent(terminal)
    agent.send_refused_again()
    assert agent.deliver()
    delivered_exactly_once(center, terminal)


def test_a_gap_that_the_journal_can_not_fill_is_said(
    center: Center, url: str, terminal: DataDirectory
) -> None:
    tap_often(terminal, 6)
    connection = sqlite3.connect(terminal.journal)
    connection.execute("DELETE FROM events WHERE sequence < 4")
    connection.commit()
    connection.close()

    with pytest.raises(GapNotInJournal) as caught:
        Agent(terminal).deliver()
    assert caught.value.facts == {"first": 1, "last": 3}
    assert [sequence for sequence, _ in stored_hashes(center)] == [4, 5, 6]


def test_backoff_grows_and_stays_within_its_bounds() -> None:
    backoff = Backoff(first=1.0, most=8.0)
    for failures, longest in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (9, 8.0), (10_000, 8.0)):
        delays = {backoff.delay(failures) for _ in range(50)}
        assert all(longest / 2 <= delay <= longest for delay in delays)
        assert len(delays) > 1
