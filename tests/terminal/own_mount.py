"""Genuine disks for tests: a mount below a folder that only the process on it sees.

Root may mount, and on the distribution's kernel anybody else in a user namespace of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

#: Eighty MiB, as a shell command on the folder $1.
SMALL_DISK: Final = 'mount -t tmpfs -o size=80m tmpfs "$1"'


def run_on_mount(folder: Path, mount: str, script: str) -> str:
    """Run a Python script, whose argument is `folder`, after the shell command `mount`; its output.

    Raises AssertionError with what it wrote on standard error where it fails.
    """
    folder.mkdir(exist_ok=True)
    command = f'{mount} && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        [*_namespace(), "sh", "-ec", command, "sh", folder, sys.executable, script],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def _namespace() -> tuple[str, ...]:
    as_whom = ("--map-root-user",) if os.geteuid() else ()
    private = ("unshare", *as_whom, "--mount")
    if subprocess.run([*private, "true"], capture_output=True, check=False).returncode == 0:
        return private
    # Where / is no mount point, as in a chroot, nothing can be made private from there.
    return (*private, "--propagation", "unchanged")
