"""A PC/SC service of our own with two virtual readers, beside whatever service the machine runs.

pcscd is started the way systemd starts it, on a listening socket that it inherits; so it serves a socket in a
private folder and leaves the machine's alone. Programs reach it through the environment variable
PCSCLITE_CSOCK_NAME, which libpcsclite reads once, at its first use in a process.

    with PrivatePcscd() as service:
        service.activate()
        reader = PcscReader(service.readers[0])
        with VpcdLink(chip, service.ports[0]), reader.wait_for_card(5) as connection: …

pcscd looks at a virtual reader every 0.4 s, so one reader makes about one insertion and removal a second;
`PrivatePcscd(pairs=8)` has sixteen readers to take in turns.
"""

from __future__ import annotations

import os
import shutil
import socket
import string
import struct
import subprocess
import tempfile
import threading
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self, cast

from card.errors import PcscdFailed, PcscdMissing

SOCKET_VARIABLE: Final = "PCSCLITE_CSOCK_NAME"
FIRST_PAIR: Final = "Virtual PCD"
SLOTS: Final = ("00 00", "00 01")  # vpcd's two slots, as pcscd names them
MAX_PAIRS: Final = 8  # pcsc-lite: PCSCLITE_MAX_READERS_CONTEXTS is 16
SYSTEM_PID_FILE: Final = Path("/run/pcscd/pcscd.pid")
READY_LINE: Final = "daemon ready"
START_SECONDS: Final = 20.0
STOP_SECONDS: Final = 5.0
ATTEMPTS: Final = 5  # another program may take a port between our look and vpcd's bind
PORT_ATTEMPTS: Final = 100
LAST_LINES: Final = 5
READERS_FOLDER: Final = "readers"
PCSCD: Final = "pcscd"
VPCD_DRIVER: Final = "libifdvpcd.so"

COMMAND_VERSION: Final = 0x11
CLIENT_VERSION: Final = (4, 4)
VERSION_BYTES: Final = 12

# pcscd would take the machine's USB readers from the system's service. It skips every reader whose name
# contains one of these strings; between them the letters fit any name but that of the virtual reader.
OTHER_READERS: Final = ":".join(sorted(set(string.ascii_letters) - set(FIRST_PAIR)))


class PrivatePcscd:
    """A running private service. `readers[n]` is the virtual reader behind `ports[n]`; `pairs` is 1 to 8.

    For tests and demonstrations alone: vpcd listens on every network interface, so whoever reaches a port can
    put a card on its reader.

    Raises PcscdMissing when Debian's pcscd or vpcd is not installed, PcscdFailed when it does not start.
    """

    def __init__(self, pairs: int = 1) -> None:
        if not 1 <= pairs <= MAX_PAIRS:
            raise ValueError(f"{pairs} pairs of readers, allowed are 1 to {MAX_PAIRS}")
        self._pair_names = (FIRST_PAIR, *(f"{FIRST_PAIR} {number}" for number in range(1, pairs)))
        self.readers: Final = tuple(f"{name} {slot}" for name in self._pair_names for slot in SLOTS)
        self.ports: tuple[int, ...] = (0,) * len(self.readers)
        self._driver: Path | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._listener: socket.socket | None = None
        self._daemon: _Daemon | None = None

    def __enter__(self) -> Self:
        pcscd = _find_pcscd()
        self._driver = driver = _find_vpcd_driver()
        self._folder = tempfile.TemporaryDirectory(prefix="tongka-pcscd-")  # mode 0700
        try:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(self.socket_path))
            self._listener.listen()
            self._start_on_free_ports(pcscd, driver)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def socket_path(self) -> Path:
        """Where the service listens."""
        if self._folder is None:
            raise PcscdFailed(detail="not running")
        return Path(self._folder.name) / "pcscd.comm"

    def environment(self) -> dict[str, str]:
        """This process's environment with the variable that leads programs to this service."""
        return {**os.environ, SOCKET_VARIABLE: str(self.socket_path)}

    def activate(self) -> None:
        """Lead this process to this service; without effect once it has used PC/SC."""
        os.environ[SOCKET_VARIABLE] = str(self.socket_path)

    def wait(self) -> None:
        """Block until the service ends by itself. Raises PcscdFailed then."""
        daemon = self._running()
        daemon.ended.wait()
        raise PcscdFailed(detail=daemon.last_lines())

    def kill(self) -> None:
        """End the service as a crash would, its socket kept listening."""
        self._running().kill()

    def restart(self, plugged_in: bool = True) -> None:
        """Start it again on the same socket and ports, after kill(); with no readers if not `plugged_in`.

        pcscd takes virtual readers in when it starts, and only then: to plug them in again needs another
        restart.
        """
        if self._driver is None:
            raise PcscdFailed(detail="not running")
        self._configure(self._driver, plugged_in)
        self._start(_find_pcscd())

    def close(self) -> None:
        """Stop the service and remove its folder."""
        if self._daemon is not None:
            self._daemon.stop()
            self._daemon = None
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _start_on_free_ports(self, pcscd: str, driver: Path) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            self.ports = tuple(port for _name in self._pair_names for port in _free_port_pair())
            self._configure(driver, plugged_in=True)
            try:
                self._start(pcscd)
            except PcscdFailed:
                if attempt == ATTEMPTS:
                    raise
            else:
                return

    def _configure(self, driver: Path, plugged_in: bool) -> None:
        folder = self.socket_path.with_name(READERS_FOLDER)
        folder.mkdir(exist_ok=True)
        entries: list[str] = []
        for number, name in enumerate(self._pair_names if plugged_in else ()):
            port = f"0x{self.ports[number * len(SLOTS)]:X}"
            library = driver
            if number:
                # The driver keeps its slots in static memory: each further pair needs a copy of its own.
                library = self.socket_path.with_name(f"{number}-{driver.name}")
                shutil.copyfile(driver, library)
            entries.append(
                f'FRIENDLYNAME "{name}"\nDEVICENAME /dev/null:{port}\nLIBPATH {library}\nCHANNELID {port}\n'
            )
        (folder / "vpcd").write_text("\n".join(entries))

    def _start(self, pcscd: str) -> None:
        if self._listener is None:
            raise PcscdFailed(detail="not running")
        system_pid_file = SystemPidFile()
        daemon = _Daemon(pcscd, self.socket_path.with_name(READERS_FOLDER), self._listener, system_pid_file)
        try:
            daemon.wait_until_ready(self.socket_path)
        except PcscdFailed:
            daemon.stop()
            raise
        self._daemon = daemon

    def _running(self) -> _Daemon:
        if self._daemon is None:
            raise PcscdFailed(detail="not running")
        return self._daemon


class SystemPidFile:
    """The file with the process id of the machine's service, which every pcscd overwrites and removes."""

    def __init__(self) -> None:
        self._before = self._read()

    def restore(self, ours: int) -> None:
        """Put back what was there, if the process `ours` is the one that overwrote or removed it."""
        current = self._read()
        if current == self._before or (current is not None and current.split()[:1] != [b"%d" % ours]):
            return
        if self._before is None:
            SYSTEM_PID_FILE.unlink(missing_ok=True)
        else:
            SYSTEM_PID_FILE.write_bytes(self._before)

    @staticmethod
    def _read() -> bytes | None:
        try:
            return SYSTEM_PID_FILE.read_bytes()
        except FileNotFoundError:
            return None


class _Daemon:
    """One pcscd process and what it prints."""

    def __init__(
        self, pcscd: str, readers: Path, listener: socket.socket, system_pid_file: SystemPidFile
    ) -> None:
        self.ended: Final = threading.Event()
        self._settled = threading.Event()  # ready, or ended before it was
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self._failed_readers = 0
        self._system_pid_file = system_pid_file
        # systemd's protocol: descriptor 3 listens, and LISTEN_PID is the process that may use it; only the
        # shell that becomes pcscd knows that number. The socket comes in as standard input, because the
        # shell's redirections know no descriptor above 9.
        script = 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" --foreground --info --config "$1" 3<&0 </dev/null'
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", script, pcscd, str(readers)],
            stdin=listener.fileno(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PCSCLITE_FILTER_IGNORE_READER_NAMES": OTHER_READERS},
            start_new_session=True,  # Ctrl-C in a terminal is ours to handle
            text=True,
            errors="replace",
        )
        self._log = threading.Thread(target=self._follow_log, name="pcscd-log", daemon=True)
        self._log.start()

    def wait_until_ready(self, socket_path: Path) -> None:
        """Block until the readers are there and clients are answered. Raises PcscdFailed."""
        settled = self._settled.wait(START_SECONDS)
        if not settled or self.ended.is_set() or self._failed_readers:
            raise PcscdFailed(detail=self.last_lines())
        _shake_hands(socket_path)
        self._system_pid_file.restore(self._process.pid)

    def last_lines(self) -> str:
        """The end of what it printed."""
        return " / ".join(self._lines) or "it printed nothing"

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._process.kill()
        self._reap()

    def stop(self) -> None:
        """SIGTERM, SIGKILL if need be, and wait until it is gone."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._reap()

    def _reap(self) -> None:
        self._process.wait()
        self._log.join()
        self._system_pid_file.restore(self._process.pid)

    def _follow_log(self) -> None:
        with cast("IO[str]", self._process.stdout) as output:
            for line in output:
                self._lines.append(line.strip())
                if "Could not initialize connection to virtual ICC" in line:
                    self._failed_readers += 1
                if READY_LINE in line:
                    self._settled.set()
        self.ended.set()
        self._settled.set()


def _shake_hands(socket_path: Path) -> None:
    """pcsc-lite's version exchange (winscard_msg.h, CMD_VERSION): who answers it is in its main loop."""
    request = struct.pack("=IIiiI", VERSION_BYTES, COMMAND_VERSION, *CLIENT_VERSION, 0)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(START_SECONDS)
        try:
            client.connect(str(socket_path))
            client.sendall(request)
            answer = client.recv(VERSION_BYTES, socket.MSG_WAITALL)
        except OSError as error:
            raise PcscdFailed(detail=f"no answer to its clients: {error}") from error
    if len(answer) != VERSION_BYTES:
        raise PcscdFailed(detail="no answer to its clients")


def _find_pcscd() -> str:
    found = shutil.which(PCSCD, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin")))
    if found is None:
        raise PcscdMissing(what=PCSCD, package="pcscd")
    return found


def _find_vpcd_driver() -> Path:
    folders = (Path("/usr/lib/pcsc/drivers/serial"), *sorted(Path("/usr/lib").glob("*/pcsc/drivers/serial")))
    for folder in folders:
        if (folder / VPCD_DRIVER).exists():
            return folder / VPCD_DRIVER
    raise PcscdMissing(what=VPCD_DRIVER, package="vsmartcard-vpcd")


def _free_port_pair() -> tuple[int, int]:
    """Two adjoining TCP ports that nobody listens on. Raises PcscdFailed."""
    for _ in range(PORT_ATTEMPTS):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("", port + 1))
            except (OSError, OverflowError):
                continue
            return port, port + 1
    raise PcscdFailed(detail="no two adjoining TCP ports are free")
