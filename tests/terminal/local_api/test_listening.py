"""Where it listens: the socket's file is its owner's from the first instant, and goes with the process."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from terminal.local_api.errors import ListenRefused
from terminal.local_api.listening import Addresses, listen, url_of

_INTERFACES = Path("/proc/net/if_inet6")
#: Not in every container.
HAS_IPV6 = _INTERFACES.exists() and f"{1:032x}" in _INTERFACES.read_text()


def test_the_file_is_never_open_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the process's umask is: looked at before the mode is set for good."""
    seen = []
    monkeypatch.setattr(Path, "chmod", lambda path, _mode: seen.append(path.stat().st_mode))
    before = os.umask(0)
    try:
        with listen(Addresses(tmp_path / "s")):
            pass
    finally:
        os.umask(before)
    assert [stat.S_IMODE(mode) for mode in seen] == [0o600]


def test_what_a_killed_process_left_is_replaced_and_what_answers_is_not(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    assert path.is_socket()
    with listen(Addresses(path)) as [first]:
        assert url_of(first) == f"unix:{path}"
        with pytest.raises(ListenRefused), listen(Addresses(path)):
            pass
        assert path.is_socket()
    assert not path.exists()


def test_a_socket_that_took_its_place_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with listen(Addresses(path)):
        path.rename(tmp_path / "old")
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
    assert path.is_socket()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "s").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ListenRefused), listen(Addresses(tmp_path / "s")):
        pass
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("for_ipv6", [False, True] if HAS_IPV6 else [False])
def test_tcp_is_on_the_loopback_alone(tmp_path: Path, for_ipv6: bool) -> None:
    with listen(Addresses(tmp_path / "s", 0, for_ipv6=for_ipv6)) as [_, tcp]:
        host, port = tcp.getsockname()[:2]
        assert host == ("::1" if for_ipv6 else "127.0.0.1")
        assert url_of(tcp) == (f"http://[::1]:{port}" if for_ipv6 else f"http://127.0.0.1:{port}")
        with pytest.raises(ListenRefused), listen(Addresses(tmp_path / "t", port, for_ipv6=for_ipv6)):
            pass
        assert not (tmp_path / "t").exists()
