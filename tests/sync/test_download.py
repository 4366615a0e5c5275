"""Fetching content from centres and relays that are old, broken or false: what is held stays in force."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from crypto.errors import CertificateRefused, ContentSignatureInvalid
from crypto.explained import ExplainedError
from crypto.sm2 import PrivateKey
from sync.agent.agent import Agent, Backoff, upload_status
from sync.agent.client import CenterClient
from sync.agent.download import Downloader
from sync.center.directory import Center
from sync.center.standing_lists import ListChanges, ListRegisters
from sync.errors import AnswerMalformed, CenterUnreachable
from terminal.clock import ClockSource
from terminal.content.content import load_content
from terminal.content.errors import ContentDamaged, ContentFromFuture, ContentOlder
from terminal.content.manifest import (
    FORMAT,
    HOTLIST_BASE,
    LIST_BASE,
    TRUST,
    Manifest,
    ManifestFile,
    SignedManifest,
    list_file,
    sign_manifest,
)
from terminal.data_directory import DataDirectory
from terminal.decisions.errors import ServiceUnknown
from terminal.hotlist.card_hash import mix
from terminal.hotlist.errors import HotlistFormatUnknown, StandingListForeign, StandingListMalformed
from tests.sync.cast import (
    Issuer,
    new_center,
    now_ms,
    put_hotlist,
    serving,
    tap_often,
    write_members,
    write_register,
)
from tests.terminal.enrolled import SetClock

SWIMMERS, WALKERS = list_file("swimmers", LIST_BASE), list_file("walkers", LIST_BASE)


@dataclass
class Relay:
    """Passes GET requests on to a centre, and alters what comes back as a test likes."""

    target: str
    alter: Callable[[str, bytes], bytes] = lambda path, body: body
    asked: list[str] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[str]:
        relay = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                relay.asked.append(self.path)
                answer = httpx.get(f"{relay.target}{self.path}", trust_env=False)
                body = relay.alter(self.path, answer.content)
                self.send_response(answer.status_code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "authority"


def publish(folder: Path, center: Center, *listed: bytes, version: int) -> None:
    put_hotlist(folder / "content-source", *listed, version=version)
    center.publish(folder / "content-source", datetime.now(UTC))


def downloader(terminal: DataDirectory, clock: SetClock | None = None, service: str = "BUS-1") -> Downloader:
    used = clock or SetClock(now_ms())
    return Downloader(terminal.content, terminal.load_root(), used, service)


def bring(terminal: DataDirectory, url: str, clock: SetClock | None = None) -> int | None:
    with CenterClient(url) as client:
        return downloader(terminal, clock).bring(client)


def test_what_is_new_alone_is_fetched(
    center: Center, url: str, terminal: DataDirectory, folder: Path
) -> None:
    assert bring(terminal, url) is None  # enrolment brought it
    publish(folder, center, b"12345678", version=2)
    relay = Relay(url)
    with relay.running() as between:
        assert bring(terminal, between) == 2
        assert bring(terminal, between) is None
    # The manifest, the trust store and the hotlist; then the manifest again.
    assert len(relay.asked) == 4


def test_an_older_publication_is_refused(
    center: Center, url: str, terminal: DataDirectory, folder: Path
) -> None:
    old = center.publications.manifest.to_bytes()
    publish(folder, center, version=2)
    assert bring(terminal, url) == 2
    relay = Relay(url, lambda path, body: old if path == "/v1/manifest" else body)
    with relay.running() as between, pytest.raises(ContentOlder):
        bring(terminal, between)
    assert terminal.content.versions()[-1] == 2


def test_two_publications_of_one_number_are_not_both_believed(
    terminal: DataDirectory, issuer: Issuer, tmp_path: Path
) -> None:
    with (
        new_center(tmp_path / "other", issuer) as other,
        serving(other) as other_url,
        pytest.raises(ContentOlder),
    ):
        bring(terminal, other_url)
    assert terminal.content.versions() == (1,)


def test_another_centres_publication_is_refused(
    center: Center, terminal: DataDirectory, issuer: Issuer, tmp_path: Path
) -> None:
    with new_center(tmp_path / "other", issuer) as other, serving(other) as other_url:
        other.publish(None, datetime.now(UTC))
        with pytest.raises(CertificateRefused):
            bring(terminal, other_url)
    assert terminal.content.versions() == (1,)


def _flip(body: bytes) -> bytes:
    return body[:-1] + bytes([body[-1] ^ 1])


@pytest.mark.parametrize(
    ("alter", "expected"),
    [
        (lambda path, body: _flip(body) if "content" in path else body, ContentDamaged),
        (lambda path, body: body[:-1] if "content" in path else body, ContentDamaged),
        (lambda path, body: body + b"x" if "content" in path else body, AnswerMalformed),
        (lambda path, body: _flip(body) if "manifest" in path else body, ContentSignatureInvalid),
        (lambda path, body: b"x" * 300_000 if "manifest" in path else body, AnswerMalformed),
        (lambda path, body: b"" if "manifest" in path else body, AnswerMalformed),
    ],
)
def test_what_a_relay_altered_is_refused_and_the_old_stays(  # noqa: PLR0917  its fixtures
    center: Center,
    url: str,
    terminal: DataDirectory,
    folder: Path,
    alter: Callable[[str, bytes], bytes],
    expected: type[ExplainedError],
) -> None:
    publish(folder, center, b"12345678", version=2)
    with Relay(url, alter).running() as between, pytest.raises(expected):
        bring(terminal, between)
    assert terminal.content.versions() == (1,)
    assert bring(terminal, url) == 2


def test_a_file_that_went_bad_here_is_fetched_again(
    center: Center, url: str, terminal: DataDirectory, folder: Path
) -> None:
    signed = terminal.content.manifest(1).unverified()
    path = terminal.content.blob(signed.file("catalogue.toml").digest)
    assert path is not None
    path.write_bytes(_flip(path.read_bytes()))
    publish(folder, center, version=2)  # lists the same catalogue
    assert bring(terminal, url) == 2
    path.unlink()
    assert bring(terminal, url) is None  # in force already, and whole again
    assert path.exists()


def test_a_file_of_the_content_in_force_that_went_bad_is_fetched_again(
    center: Center, url: str, terminal: DataDirectory
) -> None:
    path = terminal.content.blob(terminal.content.manifest(1).unverified().file("hotlist/base.bin").digest)
    assert path is not None
    good = path.read_bytes()
    path.write_bytes(_flip(good))
    assert upload_status(terminal).content == 0  # nothing that loads
    assert Agent(terminal).fetch() is None
    assert path.read_bytes() == good
    assert upload_status(terminal).content == 1


def test_what_nobody_signed_leaves_nothing_on_the_disk(
    center: Center, url: str, terminal: DataDirectory, folder: Path
) -> None:
    blobs = terminal.path / "content" / "blobs"
    before = sorted(path.name for path in blobs.iterdir())
    for size in (1000, 2_000_000):
        junk = secrets.token_bytes(size)
        manifest = Manifest(FORMAT, 9, now_ms(), (ManifestFile.of(TRUST, junk),))
        signed = sign_manifest(manifest, PrivateKey.generate()).to_bytes()
        relay = Relay(url, lambda path, _body: signed if "manifest" in path else junk)  # noqa: B023
        with relay.running() as between, pytest.raises(ExplainedError):
            bring(terminal, between)
    assert sorted(path.name for path in blobs.iterdir()) == before


def test_well_signed_content_that_is_refused_leaves_nothing_either(
    center: Center, url: str, terminal: DataDirectory, folder: Path
) -> None:
    blobs = terminal.path / "content" / "blobs"
    before = sorted(path.name for path in blobs.iterdir())
    publish(folder, center, b"12345678", version=2)
    with CenterClient(url) as client, pytest.raises(ServiceUnknown):
        downloader(terminal, service="NOSUCH").bring(client)
    assert sorted(path.name for path in blobs.iterdir()) == before


def test_the_future_is_known_to_a_clock_that_is_kept_alone(
    center: Center, url: str, terminal: DataDirectory, folder: Path
) -> None:
    put_hotlist(folder / "content-source", version=2)
    center.publish(folder / "content-source", datetime.now(UTC) + timedelta(days=40))
    with pytest.raises(ContentFromFuture):
        bring(terminal, url)
    late = SetClock(now_ms(), source=ClockSource.FREE)
    assert bring(terminal, url, late) == 2


def test_content_without_the_terminals_service_is_refused(
    center: Center, url: str, terminal: DataDirectory
) -> None:
    center.publish(None, datetime.now(UTC))
    with CenterClient(url) as client, pytest.raises(ServiceUnknown):
        downloader(terminal, service="NOSUCH").bring(client)
    assert terminal.content.versions() == (1,)


def test_a_centre_that_is_gone_or_knows_no_manifest_changes_nothing(terminal: DataDirectory) -> None:
    with pytest.raises(CenterUnreachable):
        bring(terminal, "http://127.0.0.1:1")
    assert terminal.content.versions() == (1,)


def test_refused_content_is_told_and_the_upload_goes_on(
    center: Center, url: str, terminal: DataDirectory, folder: Path
) -> None:
    tap_often(terminal, 3)
    # Published under the nose of the centre's own checks: the hotlist's number went back.
    publish(folder, center, version=3)
    agent = Agent(terminal)
    assert agent.fetch() == 2
    manifest = SignedManifest.from_bytes(center.publications.manifest.to_bytes())
    assert manifest.unverified().version == 2
    older = terminal.content.manifest(1).to_bytes()
    center.publications.store.put_manifest(3, SignedManifest.from_bytes(older))
    stop = threading.Event()
    runner = threading.Thread(target=agent.run, args=(stop, 0.05, Backoff(most=0.2)))
    runner.start()
    try:
        deadline = datetime.now(UTC) + timedelta(seconds=20)
        while datetime.now(UTC) < deadline:
            status = upload_status(terminal)
            if status.unsent == 0 and status.progress.content_error is not None:
                break
            stop.wait(0.05)
    finally:
        stop.set()
        runner.join()
    assert (status.unsent, status.content) == (0, 2)
    assert status.progress.content_error is not None
    assert status.progress.content_error.code == "TRM-410"
    assert status.progress.error is None


MEMBERS = [secrets.token_bytes(8) for _ in range(900)]
OTHERS = [secrets.token_bytes(8) for _ in range(2_100)]
ISSUED = date(2024, 1, 1)


def publish_lists(folder: Path, center: Center, **members: list[bytes]) -> None:
    """Lists made anew, each of these cards."""
    register = write_register(folder / "issued.csv", dict.fromkeys(MEMBERS + OTHERS, ISSUED))
    files = {name: write_members(folder / f"{name}.csv", cards) for name, cards in members.items()}
    lists = ListChanges(ListRegisters(register, date(2026, 9, 1), files))
    center.publish(None, datetime.now(UTC), lists=lists)


def held(terminal: DataDirectory, name: str) -> set[bytes]:
    """The cards that a terminal finds on a list."""
    store = terminal.content
    content = load_content(store, store.manifest(store.versions()[-1]), terminal.load_root(), now_ms())
    return {card for card in MEMBERS + OTHERS if content.lists[name].holds(mix(int.from_bytes(card)), ISSUED)}


def test_of_a_list_what_is_new_alone_is_fetched(
    center: Center, url: str, terminal: DataDirectory, folder: Path
) -> None:
    relay = Relay(url)
    with relay.running() as between:
        publish_lists(folder, center, swimmers=MEMBERS, walkers=OTHERS)
        assert bring(terminal, between) == 2  # one that had no lists until now
        assert len(relay.asked) == 4  # the manifest, the trust store and the bases
        assert (held(terminal, "swimmers"), held(terminal, "walkers")) == (set(MEMBERS), set(OTHERS))
        publish_lists(folder, center, swimmers=MEMBERS[5:] + OTHERS[:9])
        assert bring(terminal, between) == 3
        assert len(relay.asked) == 7  # the manifest, the trust store and the changes
    assert (held(terminal, "swimmers"), held(terminal, "walkers")) == (
        set(MEMBERS[5:] + OTHERS[:9]),
        set(OTHERS),
    )


def _files_of(center: Center, version: int) -> dict[str, ManifestFile]:
    manifest = center.publications.store.manifest(version).unverified()
    return {file.name: file for file in manifest.files}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # Both lists' files swapped: each is genuine, and the manifest well signed.
        (
            lambda old, new: {SWIMMERS: new[WALKERS].digest, WALKERS: new[SWIMMERS].digest},
            StandingListForeign,
        ),
        (lambda old, new: {SWIMMERS: new[HOTLIST_BASE].digest}, StandingListMalformed),
        (lambda old, new: {HOTLIST_BASE: new[SWIMMERS].digest}, HotlistFormatUnknown),
        (lambda old, new: {SWIMMERS: old[SWIMMERS].digest}, ContentOlder),
    ],
)
def test_lists_that_were_exchanged_or_rolled_back_are_refused_by_the_agent(  # noqa: PLR0917  its fixtures
    center: Center,
    url: str,
    terminal: DataDirectory,
    folder: Path,
    change: Callable[[dict[str, ManifestFile], dict[str, ManifestFile]], dict[str, bytes]],
    expected: type[ExplainedError],
) -> None:
    publish_lists(folder, center, swimmers=MEMBERS, walkers=MEMBERS)
    publish_lists(folder, center, swimmers=OTHERS[:900], walkers=MEMBERS)
    assert bring(terminal, url) == 3
    old, new = _files_of(center, 2), _files_of(center, 3)
    by_digest = {file.digest: file for file in (*old.values(), *new.values())}
    files = dict(new)
    for name, digest in change(old, new).items():
        files[name] = ManifestFile(name, by_digest[digest].size, digest)
    forged = Manifest(FORMAT, 4, now_ms(), tuple(files[name] for name in sorted(files)))
    center.publications.store.put_manifest(4, sign_manifest(forged, center.keys.content))
    with pytest.raises(expected) as refused:
        bring(terminal, url)
    assert type(refused.value) is expected
    assert terminal.content.versions()[-1] == 3
    assert held(terminal, "swimmers") == set(OTHERS[:900])


def test_a_newer_publication_with_an_older_hotlist_is_refused_by_the_agent(
    center: Center, url: str, terminal: DataDirectory, folder: Path
) -> None:
    publish(folder, center, b"12345678", version=5)
    assert bring(terminal, url) == 2
    store = center.publications.store
    manifest = store.manifest(2).unverified()
    older = next(one for one in store.manifest(1).unverified().files if one.name == HOTLIST_BASE)
    files = tuple(older if one.name == HOTLIST_BASE else one for one in manifest.files)
    forged = Manifest(FORMAT, 3, manifest.made_ms + 1, files)
    store.put_manifest(3, sign_manifest(forged, center.keys.content))
    with pytest.raises(ContentOlder):
        bring(terminal, url)
    assert terminal.content.versions()[-1] == 2
