"""The private service: isolated from the machine's, complete, and gone afterwards."""

import os
import stat
from pathlib import Path

import pytest

from card.errors import PcscdFailed, PcscdMissing
from card.simulator.boards import pcscd
from card.simulator.boards.pcscd import PrivatePcscd, SystemPidFile


def children() -> set[int]:
    """Processes that this one started and that still run."""
    listed = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
    return {int(child) for child in listed.split()}


def test_nothing_is_left_behind() -> None:
    before = children()
    with PrivatePcscd() as service:
        folder = service.socket_path.parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert len(children() - before) == 1
    assert children() == before
    assert not folder.exists()


def test_two_services_run_side_by_side() -> None:
    with PrivatePcscd() as first, PrivatePcscd() as second:
        assert not set(first.ports) & set(second.ports)
        assert first.socket_path != second.socket_path


def test_the_machines_pid_file_stays_as_it_was() -> None:
    before = pcscd.SYSTEM_PID_FILE.read_bytes() if pcscd.SYSTEM_PID_FILE.exists() else None

    def now() -> bytes | None:
        return pcscd.SYSTEM_PID_FILE.read_bytes() if pcscd.SYSTEM_PID_FILE.exists() else None

    with PrivatePcscd() as service:
        assert now() == before
        service.kill()
        assert now() == before
        service.restart()
        assert now() == before
    assert now() == before


@pytest.mark.parametrize(
    ("before", "meanwhile", "after"),
    [
        (None, b"77\n\0", None),
        (b"1\n\0", b"77\n\0", b"1\n\0"),
        (b"1\n\0", None, b"1\n\0"),
        (b"1\n\0", b"1\n\0", b"1\n\0"),
        (None, b"2\n\0", b"2\n\0"),
        (b"1\n\0", b"2\n\0", b"2\n\0"),
    ],
)
def test_only_what_our_own_service_wrote_is_undone(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    before: bytes | None,
    meanwhile: bytes | None,
    after: bytes | None,
) -> None:
    path = tmp_path / "pcscd.pid"
    monkeypatch.setattr(pcscd, "SYSTEM_PID_FILE", path)

    def become(content: bytes | None) -> None:
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)

    become(before)
    kept = SystemPidFile()
    become(meanwhile)
    kept.restore(77)
    assert (path.read_bytes() if path.exists() else None) == after


def test_a_service_that_dies_ends_the_wait_with_what_it_printed() -> None:
    with PrivatePcscd() as service:
        service.kill()
        with pytest.raises(PcscdFailed) as failed:
            service.wait()
        assert "daemon ready" in str(failed.value)


def test_a_service_that_was_not_started_is_refused() -> None:
    with pytest.raises(PcscdFailed):
        _ = PrivatePcscd().socket_path


@pytest.mark.parametrize(("constant", "package"), [("PCSCD", "pcscd"), ("VPCD_DRIVER", "vsmartcard-vpcd")])
def test_what_is_missing_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, constant: str, package: str
) -> None:
    monkeypatch.setattr(pcscd, constant, "no-such-file")
    with pytest.raises(PcscdMissing) as missing, PrivatePcscd():
        pass
    assert f"apt-get install {package}" in str(missing.value)
