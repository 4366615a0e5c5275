"""Enrolment over HTTP: a code works once, for its own terminal, at its own centre."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crypto.errors import CertificateExpired, KeystoreUnprotected
from crypto.explained import Language
from crypto.pki.request import make_request
from crypto.pki.revocation import RevocationReason
from crypto.sm2 import PrivateKey
from sync.agent.client import CenterClient
from sync.agent.enrolment import KeyPlace, enrol
from sync.center.directory import Center
from sync.center.enrolled_terminals import revoke_terminal, terminals
from sync.center.enrolment import CODE_VALID_FOR, MAX_WRONG_ATTEMPTS, Assignment, issue_code, redeem_code
from sync.center.terminal_command import app as terminal_app
from sync.errors import (
    AlreadyEnrolled,
    AssignmentInvalid,
    CenterNotGenuine,
    CenterRefused,
    CodeRefused,
    EnrolmentRefused,
    EnrolmentUnanswered,
    ProductionRefusesTestIssuer,
    RequestCertificateRefused,
    TerminalUnknown,
)
from sync.protocol.enrolment import EnrolmentCode, EnrolmentRequest
from sync.protocol.refusal import RefusalMessage
from terminal.assembly import open_terminal
from terminal.clock import ClockSource, SystemClock
from terminal.configuration import Mode
from terminal.data_directory import DataDirectory
from tests.sync.cast import BUS, BadNetwork, Issuer, answering, new_center, serving, snapshot
from tests.terminal.enrolled import SetClock

NOW = datetime.now(UTC)


def new_code(center: Center) -> EnrolmentCode:
    return issue_code(center, BUS, NOW)


def request(code: EnrolmentCode) -> EnrolmentRequest:
    return EnrolmentRequest(code=code.presented, csr=make_request(PrivateKey.generate(), "terminal"))


def wrong(code: EnrolmentCode) -> EnrolmentCode:
    return EnrolmentCode(code.locator, "0" * 16, code.fingerprint)


@pytest.mark.parametrize("columns", ["40", "80"])
def test_the_list_of_terminals_never_cuts_their_names(
    center: Center, url: str, tmp_path: Path, columns: str
) -> None:
    enrol(url, new_code(center), tmp_path / "terminal", Mode.TEST, SystemClock())
    [listed] = terminals(center.store)
    revoke_terminal(center.store, listed.terminal, RevocationReason.KEY_COMPROMISE, "uid:7", NOW)
    asked = ["list", "--data", str(tmp_path / "authority" / "center")]
    printed = CliRunner().invoke(terminal_app, asked, env={"COLUMNS": columns}).output
    assert listed.terminal.hex() in printed


def test_an_enrolled_terminal_can_work(terminal: DataDirectory) -> None:
    configuration = terminal.load_configuration()
    assert (configuration.operator, configuration.region, configuration.service) == (
        "test-bus",
        "500103",
        "BUS-1",
    )
    assert configuration.epoch == 1
    assert oct((terminal.path / "keys" / "terminal.key").stat().st_mode)[-3:] == "600"
    assert [path.name for path in terminal.path.parent.iterdir() if path.name.endswith(".enrolling")] == []
    with open_terminal(terminal) as opened:
        assert opened.service.code == "BUS-1"


def test_a_code_works_once(center: Center) -> None:
    code = new_code(center)
    redeem_code(center, request(code), NOW)
    with pytest.raises(CodeRefused):
        redeem_code(center, request(code), NOW)
    assert len(snapshot(center)["terminals"]) == 1


def test_a_code_runs_out(center: Center) -> None:
    code = new_code(center)
    with pytest.raises(CodeRefused):
        redeem_code(center, request(code), NOW + CODE_VALID_FOR + timedelta(seconds=1))
    redeem_code(center, request(code), NOW + CODE_VALID_FOR - timedelta(seconds=1))


def test_guessing_blocks_a_code(center: Center) -> None:
    code, other = new_code(center), new_code(center)
    for _ in range(MAX_WRONG_ATTEMPTS):
        with pytest.raises(CodeRefused):
            redeem_code(center, request(wrong(code)), NOW)
    with pytest.raises(CodeRefused):
        redeem_code(center, request(code), NOW)
    redeem_code(center, request(other), NOW)


def test_one_wrong_attempt_does_no_harm(center: Center) -> None:
    code = new_code(center)
    with pytest.raises(CodeRefused):
        redeem_code(center, request(wrong(code)), NOW)
    redeem_code(center, request(code), NOW)


def test_the_store_holds_no_code(center: Center) -> None:
    code = new_code(center)
    kept = str(snapshot(center, "codes"))
    assert code.secret not in kept
    assert code.presented not in kept


def test_a_request_must_be_signed_by_its_key(center: Center) -> None:
    code = new_code(center)
    csr = bytearray(make_request(PrivateKey.generate(), "terminal"))
    csr[200] ^= 1
    for broken in (bytes(csr), b"garbage", b"-----BEGIN CERTIFICATE REQUEST-----\n"):
        with pytest.raises(RequestCertificateRefused):
            redeem_code(center, EnrolmentRequest(code=code.presented, csr=broken), NOW)
    redeem_code(center, request(code), NOW)


def test_a_lost_answer_does_not_use_up_the_code(center: Center, url: str, tmp_path: Path) -> None:
    code = new_code(center)
    with BadNetwork(url) as network:
        network.answers_to_swallow = 1
        with pytest.raises(EnrolmentUnanswered):
            enrol(network.url, code, tmp_path / "terminal", Mode.TEST, SystemClock())
        assert not (tmp_path / "terminal").exists()
        assert len(snapshot(center)["terminals"]) == 1

        configuration = enrol(network.url, code, tmp_path / "terminal", Mode.TEST, SystemClock())
    assert [row[0].hex() for row in snapshot(center)["terminals"]] == [configuration.terminal]


def test_another_centre_can_not_pass_for_the_one_that_issued_the_code(
    center: Center, tmp_path: Path, issuer: Issuer
) -> None:
    code = new_code(center)
    with new_center(tmp_path / "impostor", issuer) as impostor, serving(impostor) as false_url:
        # The impostor accepts the code, as one that had read it on the way could.
        its_own = issue_code(impostor, BUS, NOW)
        mixed = EnrolmentCode(its_own.locator, its_own.secret, code.fingerprint)
        with pytest.raises(CenterNotGenuine):
            enrol(false_url, mixed, tmp_path / "terminal", Mode.TEST, SystemClock())
    assert not (tmp_path / "terminal").exists()


def test_an_altered_grant_is_not_believed(center: Center) -> None:
    code = new_code(center)
    answer = redeem_code(center, request(code), NOW)
    for place in (0, len(answer.grant) // 2, len(answer.grant) - 1):
        grant = bytearray(answer.grant)
        grant[place] ^= 1
        altered = type(answer)(grant=bytes(grant), root_key=answer.root_key, signature=answer.signature)
        with pytest.raises(CenterNotGenuine):
            altered.open(code)
    assert answer.open(code).service == "BUS-1"


def test_a_certificate_for_somebody_elses_key_is_not_taken(center: Center, url: str, tmp_path: Path) -> None:
    def swap_request(body: bytes) -> tuple[int, bytes]:
        asked = EnrolmentRequest.from_bytes(body)
        own = make_request(PrivateKey.generate(), "terminal")
        with CenterClient(url) as client:
            answer = client.enrol(EnrolmentRequest(code=asked.code, csr=own))
        return 200, answer.to_bytes()

    with answering(swap_request) as between, pytest.raises(CenterNotGenuine):
        enrol(between, new_code(center), tmp_path / "terminal", Mode.TEST, SystemClock())
    assert not (tmp_path / "terminal").exists()


def test_a_clock_without_a_battery_enrols_all_the_same(center: Center, url: str, tmp_path: Path) -> None:
    late = SetClock(now=0, source=ClockSource.FREE)
    enrol(url, new_code(center), tmp_path / "terminal", Mode.TEST, late)
    ahead = SetClock(now=int(NOW.timestamp() * 1000) + 5 * 365 * 86_400_000, source=ClockSource.FREE)
    with pytest.raises(CertificateExpired, match="clock"):
        enrol(url, new_code(center), tmp_path / "other", Mode.TEST, ahead)


def test_production_refuses_an_unprotected_key(center: Center, url: str, tmp_path: Path) -> None:
    with pytest.raises(KeystoreUnprotected):
        enrol(url, new_code(center), tmp_path / "terminal", Mode.PRODUCTION, SystemClock())
    assert not (tmp_path / "terminal").exists()


def test_production_refuses_a_test_issuer(
    center: Center, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_in = tmp_path / "credentials"
    handed_in.mkdir(mode=0o700)
    (handed_in / "tongka-keystore").write_bytes(secrets.token_bytes(16))
    (handed_in / "tongka-keystore").chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed_in))
    place = KeyPlace("credential")
    with pytest.raises(ProductionRefusesTestIssuer):
        enrol(url, new_code(center), tmp_path / "terminal", Mode.PRODUCTION, SystemClock(), place)
    assert not (tmp_path / "terminal").exists()


def test_an_enrolled_folder_is_left_alone(center: Center, url: str, terminal: DataDirectory) -> None:
    before = terminal.configuration_file.read_bytes()
    with pytest.raises(AlreadyEnrolled):
        enrol(url, new_code(center), terminal.path, Mode.TEST, SystemClock())
    assert terminal.configuration_file.read_bytes() == before


def test_a_wrong_code_is_refused_over_http(center: Center, url: str) -> None:
    with CenterClient(url) as client, pytest.raises(CenterRefused) as caught:
        client.enrol(request(wrong(new_code(center))))
    assert caught.value.facts["reason"] == CodeRefused.code


def test_a_refusal_is_told_in_the_centres_own_words(center: Center, url: str, tmp_path: Path) -> None:
    with pytest.raises(EnrolmentRefused) as caught:
        enrol(url, wrong(new_code(center)), tmp_path / "terminal", Mode.TEST, SystemClock())
    for language in Language:
        said, centre = caught.value.explain(language), CodeRefused().explain(language)
        assert CodeRefused.code in said.cause
        assert centre.cause in said.cause
        assert centre.next_step in said.next_step


def test_a_refusal_can_not_write_to_the_screen_what_it_likes(center: Center, tmp_path: Path) -> None:
    hostile = RefusalMessage(
        code="SYN-301", cause={Language.ZH: "\x1b[2J\u202e好", Language.EN: "a\nb"}, next_step={}
    )
    with (
        answering(lambda _: (403, hostile.to_bytes())) as false_url,
        pytest.raises(EnrolmentRefused) as caught,
    ):
        enrol(false_url, new_code(center), tmp_path / "terminal", Mode.TEST, SystemClock())
    for language in Language:
        shown = caught.value.explain(language)
        assert shown.cause.isprintable()
        assert shown.next_step.isprintable()


@pytest.mark.parametrize(
    "address", ["nonsense", "ftp://x", "http://", "http://127.0.0.1:1", "http://a..b", "http://x:99999"]
)
def test_an_address_where_no_centre_is(center: Center, tmp_path: Path, address: str) -> None:
    with pytest.raises(EnrolmentUnanswered) as caught:
        enrol(address, new_code(center), tmp_path / "terminal", Mode.TEST, SystemClock())
    assert address in caught.value.explain(Language.ZH).cause
    assert not (tmp_path / "terminal").exists()


@pytest.mark.parametrize("reply", [(200, b"<html>captive portal</html>"), (404, b"not ours"), (503, b"")])
def test_an_answer_that_is_no_centres(center: Center, tmp_path: Path, reply: tuple[int, bytes]) -> None:
    with answering(lambda _: reply) as false_url, pytest.raises(EnrolmentUnanswered):
        enrol(false_url, new_code(center), tmp_path / "terminal", Mode.TEST, SystemClock())


def test_a_reinstalled_terminal_gets_a_new_epoch(
    center: Center, url: str, tmp_path: Path, terminal: DataDirectory
) -> None:
    who = terminal.load_configuration().terminal_id
    for epoch in (2, 3):
        code = issue_code(center, BUS, NOW, reinstalled=who)
        again = enrol(url, code, tmp_path / f"again-{epoch}", Mode.TEST, SystemClock())
        assert (again.terminal_id, again.epoch) == (who, epoch)
    with pytest.raises(TerminalUnknown):
        issue_code(center, BUS, NOW, reinstalled=bytes(8))


def test_an_operator_is_enrolled_for_its_own_services_alone(center: Center) -> None:
    with pytest.raises(AssignmentInvalid):
        issue_code(center, Assignment("test-garden", "500103", "BUS-1"), NOW)
