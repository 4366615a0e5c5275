"""Disks that fail: each has its error, taps are refused before one is lost, and nothing recorded is lost.

The disks are genuine: a small tmpfs and a read-only bind mount, in a mount namespace of the test's own, which
root and, on the distribution's kernel, anybody else may make.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from terminal.journal.verification import verify_journal
from tests.terminal.journal.journals import KEY, append, writer
from tests.terminal.own_mount import SMALL_DISK, run_on_mount

PRELUDE = """
import errno, os, sys
from pathlib import Path
from crypto.sm2 import PrivateKey
from terminal.journal.errors import JournalLocked, TapNotRecorded
from terminal.journal import disk
from terminal.journal.errors import (
    DiskNearlyFull, JournalDiskFull, JournalNotPermitted, JournalQuotaExceeded, JournalReadOnly
)
from terminal.journal.verification import verify_journal
from tests.terminal.journal.journals import KEY, append, writer
folder = Path(sys.argv[1])
path = folder / "journal.db"
"""


def in_mount(folder: Path, mount: str, script: str) -> str:
    """Run a script with a journal's tools below `folder` after `mount`; its output."""
    return run_on_mount(folder, mount, PRELUDE + script)


def test_a_disk_that_fills_up_is_told_and_then_refuses_taps_before_one_is_lost(tmp_path: Path) -> None:
    output = in_mount(
        tmp_path / "disk",
        SMALL_DISK,
        """
def leave(mib):
    used = os.statvfs(folder).f_bavail * 4096 - mib * disk.MIB
    with open(folder / "ballast", "ab") as ballast:
        os.posix_fallocate(ballast.fileno(), ballast.tell(), used)

journal = writer(path)
append(journal, 3)
assert journal.disk.trouble() is None
leave(40)
assert isinstance(journal.disk.trouble(), DiskNearlyFull)
append(journal, 3)
leave(15)
assert isinstance(journal.disk.trouble(), JournalDiskFull)
try:
    journal.next_place()
except JournalDiskFull as error:
    print(error.code)
journal.sign()
assert verify_journal(path, KEY.public_key).signed_up_to == 6
(folder / "ballast").unlink()
append(journal, 3)
leave(15)
journal.close()
writer(path).close()
report = verify_journal(path, KEY.public_key)
assert (report.events, report.signed_up_to, report.faults) == (9, 9, ())
""",
    )
    assert output.split() == ["TRM-420"]


def test_a_disk_that_just_lacks_room_is_told_with_less_than_is_needed(tmp_path: Path) -> None:
    output = in_mount(
        tmp_path / "disk",
        SMALL_DISK,
        """
def leave(count):
    with open(folder / "ballast", "ab") as ballast:
        free = os.statvfs(folder).f_bavail * 4096
        os.posix_fallocate(ballast.fileno(), ballast.tell(), free - count)

for left in (64 * disk.MIB, 64 * disk.MIB - 4096, 16 * disk.MIB, 16 * disk.MIB - 4096, 4096):
    leave(left)
    trouble = disk.JournalDisk(folder).trouble()
    print(trouble and (trouble.code, *trouble.facts.values()))
""",
    )
    assert output.splitlines() == [
        "None",
        "('TRM-421', '63.9 MiB', '16 MiB')",
        "('TRM-421', '16 MiB', '16 MiB')",
        "('TRM-420', '15.9 MiB', '16 MiB')",
        "('TRM-420', '0 MiB', '16 MiB')",
    ]


def test_a_disk_that_others_fill_at_once_loses_nothing(tmp_path: Path) -> None:
    output = in_mount(
        tmp_path / "disk",
        SMALL_DISK,
        """
acknowledged = 0
with writer(path) as journal:
    acknowledged = append(journal, 5)[-1].sequence
    disk.REFUSE_BELOW = 0  # as if others had filled the margin between asking and writing
    with open(folder / "ballast", "wb") as ballast:
        try:
            while True:
                ballast.write(bytes(65536)); ballast.flush()
        except OSError as error:
            assert error.errno == errno.ENOSPC
    try:
        while True:
            acknowledged = append(journal)[-1].sequence
    except TapNotRecorded as error:
        print(error.code)
    try:
        journal.next_place()
    except JournalDiskFull as error:
        print(error.code)
    (folder / "ballast").unlink()
    acknowledged = append(journal)[-1].sequence
report = verify_journal(path, KEY.public_key)
assert (report.events, report.signed_up_to, report.faults) == (acknowledged, acknowledged, ())
""",
    )
    assert output.split() == ["TRM-504", "TRM-420"]


def test_a_new_journal_on_a_full_disk_is_refused_with_its_reason(tmp_path: Path) -> None:
    output = in_mount(
        tmp_path / "disk",
        'mount -t tmpfs -o size=8k tmpfs "$1"',
        """
(folder / "ballast").write_bytes(bytes(4096))
try:
    writer(path)
except JournalDiskFull as error:
    print(error.code)
""",
    )
    assert output.split() == ["TRM-420"]


def test_a_read_only_disk_has_its_error_and_is_still_read(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    with writer(folder / "journal.db") as journal:
        append(journal, 3)
    output = in_mount(
        folder,
        'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1"',
        """
try:
    writer(path)
except JournalReadOnly as error:
    print(error.code)
print(*(fault.kind for fault in verify_journal(path, KEY.public_key).faults))  # the key is another process's
""",
    )
    assert output.split() == ["TRM-422", "checkpoint_forged"]
    assert verify_journal(folder / "journal.db", KEY.public_key).faults == ()


def run_alone(folder: Path, script: str) -> str:
    """Run a script in a process of its own, which may give up rights; its output."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + script, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_limit_that_no_file_system_tells_beforehand_loses_nothing(path: Path) -> None:
    """As a quota does, a limit on file sizes shows at the first write; the next taps are refused before."""
    output = run_alone(
        path.parent,
        """
import resource
journal = writer(path)
acknowledged = append(journal, 3)[-1].sequence
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
for _ in range(3):
    try:
        append(journal)
    except (TapNotRecorded, JournalQuotaExceeded) as error:
        print(error.code)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
append(journal)
journal.close()
report = verify_journal(path, KEY.public_key)
assert (report.events, report.signed_up_to, report.faults) == (acknowledged + 1, acknowledged + 1, ())
""",
    )
    assert output.split() == ["TRM-504", "TRM-424", "TRM-424"]


def test_a_folder_of_somebody_elses_is_refused_with_its_reason(path: Path) -> None:
    with writer(path) as journal:
        append(journal)
    path.parent.chmod(0o555)
    output = run_alone(
        path.parent,
        """
os.chdir(folder)
if os.geteuid() == 0:
    os.setuid(65534)
for name in ("journal.db", "new.db"):
    try:
        writer(Path(name))
    except JournalNotPermitted as error:
        print(error.code)
""",
    )
    path.parent.chmod(0o755)
    assert output.split() == ["TRM-423", "TRM-423"]
    assert verify_journal(path, KEY.public_key).events == 1


def test_another_process_that_holds_the_journal_is_named(path: Path) -> None:
    with writer(path) as journal:
        append(journal)
        output = run_alone(
            path.parent,
            """
try:
    writer(path)
except JournalLocked as error:
    print(error.code)
""",
        )
        append(journal)
    assert output.split() == ["TRM-501"]
    assert verify_journal(path, KEY.public_key).events == 2
