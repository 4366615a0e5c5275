"""The `openssl` command as a second opinion that nobody here wrote."""

import subprocess
from pathlib import Path

SIGNER_ID = "distid:1234567812345678"


def openssl(*arguments: str | Path, accept_failure: bool = False) -> subprocess.CompletedProcess[bytes]:
    """Run openssl; fails the test when it does, unless a failure is what the test wants to see."""
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, timeout=60, check=False)
    assert accept_failure or done.returncode == 0, done.stderr.decode()
    return done


def openssl_verifies(folder: Path, key_pem: bytes, message: bytes, signature_der: bytes) -> bool:
    """Whether openssl accepts a signature."""
    (folder / "key.pem").write_bytes(key_pem)
    (folder / "message").write_bytes(message)
    (folder / "signature").write_bytes(signature_der)
    done = openssl(
        *("pkeyutl", "-verify", "-pubin", "-inkey", folder / "key.pem", "-rawin", "-digest", "sm3"),
        *("-in", folder / "message", "-sigfile", folder / "signature", "-pkeyopt", SIGNER_ID),
        accept_failure=True,
    )
    return done.returncode == 0
