"""Whether a folder gives a key away."""

import base64
import subprocess
from pathlib import Path

from crypto.signer import KeyHolder
from crypto.sm2 import PrivateKey


def holds_nothing_of(folder: Path, key: KeyHolder) -> None:
    """Neither the private number, nor its hexadecimal digits, nor a line of its PEM file is in the files."""
    assert isinstance(key, PrivateKey)
    pem = key.to_pem()
    shown = subprocess.run(
        ["openssl", "pkey", "-noout", "-text"], input=pem, capture_output=True, check=True
    ).stdout.decode()
    digits = "".join(shown.partition("priv:")[2].partition("pub:")[0].replace(":", "").split())
    number = bytes.fromhex(digits)
    assert len(number) in (32, 33)
    lines = [line for line in pem.splitlines() if not line.startswith(b"-")]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for file in files:
        content = file.read_bytes()
        for secret in (number[-32:], digits.encode(), base64.b64decode(b"".join(lines)), *lines[:2]):
            assert secret not in content, file
