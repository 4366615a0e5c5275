"""Whole chains and revocation lists before `openssl verify`.

openssl 3.0 gives -vfyopt's signer id to the leaf alone and verifies authorities and lists with an empty one.
So the hierarchy here is signed with an empty signer id: everything but that is as in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from crypto.errors import CertificateSignatureWrong
from crypto.pki.chain import verify_chain
from crypto.pki.issuing import Authority, Subject, issue, make_root
from crypto.pki.revocation import RevocationList, RevocationReason, Revoked, make_revocation_list
from crypto.pki.role import Role
from crypto.sm2 import PrivateKey
from tests.crypto.openssl import openssl
from tests.crypto.pki.cast import NOW, SINCE, UNTIL

NONE: Final = b""
ROOT_KEY, PROVINCE_KEY, LEAF_KEY = (PrivateKey.generate() for _ in range(3))
ROOT: Final = make_root(ROOT_KEY, "TEST root", SINCE, UNTIL, NONE)
PROVINCE: Final = issue(
    Authority(ROOT_KEY, ROOT),
    Subject("浙江省", PROVINCE_KEY.public_key),
    Role.PROVINCE,
    serial=2,
    not_before=SINCE,
    not_after=UNTIL,
    path_length=0,
    signer_id=NONE,
)
LEAF: Final = issue(
    Authority(PROVINCE_KEY, PROVINCE),
    Subject("终端", LEAF_KEY.public_key),
    Role.TERMINAL,
    serial=7,
    not_before=SINCE,
    not_after=UNTIL,
    signer_id=NONE,
)


def lists(by_root: Sequence[int], by_province: Sequence[int], until: datetime = UNTIL) -> bytes:
    """Both authorities' lists, with these serial numbers."""
    return b"".join(
        make_revocation_list(
            authority,
            [Revoked(serial, SINCE, RevocationReason.KEY_COMPROMISE) for serial in serials],
            1,
            SINCE,
            until,
            NONE,
        )
        for authority, serials in (
            (Authority(ROOT_KEY, ROOT), by_root),
            (Authority(PROVINCE_KEY, PROVINCE), by_province),
        )
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, certificate in (("root", ROOT), ("province", PROVINCE), ("leaf", LEAF)):
        (tmp_path / f"{name}.pem").write_bytes(certificate.pem)
    return tmp_path


def says(folder: Path, *options: str | Path) -> tuple[int, bytes]:
    when = str(int(NOW.timestamp()))
    done = openssl(
        *("verify", "-x509_strict", "-attime", when, *options, "-CAfile", folder / "root.pem"),
        *("-untrusted", folder / "province.pem", folder / "leaf.pem"),
        accept_failure=True,
    )
    return done.returncode, done.stderr


def test_openssl_builds_the_whole_chain(folder: Path) -> None:
    assert says(folder)[0] == 0
    verify_chain(LEAF, [PROVINCE], ROOT, NOW, Role.TERMINAL, signer_id=NONE)
    with pytest.raises(CertificateSignatureWrong):
        verify_chain(LEAF, [PROVINCE], ROOT, NOW, Role.TERMINAL)


@pytest.mark.parametrize(
    ("by_root", "by_province", "until", "words"),
    [
        ([], [], UNTIL, b""),
        ([9], [9], UNTIL, b""),
        ([], [7], UNTIL, b"error 23 at 0 depth lookup: certificate revoked"),
        ([2], [], UNTIL, b"error 23 at 1 depth lookup: certificate revoked"),
        ([], [], SINCE + timedelta(days=1), b"CRL has expired"),
    ],
)
def test_openssl_heeds_our_lists(
    folder: Path, by_root: list[int], by_province: list[int], until: datetime, words: bytes
) -> None:
    (folder / "lists").write_bytes(lists(by_root, by_province, until))
    code, said = says(folder, "-crl_check_all", "-CRLfile", folder / "lists")
    assert (code != 0) is bool(words)
    assert words in said


def test_openssl_verifies_a_lists_signature(folder: Path) -> None:
    made = make_revocation_list(Authority(PROVINCE_KEY, PROVINCE), [], 1, SINCE, UNTIL, NONE)
    (folder / "list").write_bytes(made)
    by = ("crl", "-in", folder / "list", "-noout", "-verify", "-CAfile")
    assert b"verify OK" in openssl(*by, folder / "province.pem").stderr
    assert b"verify OK" not in openssl(*by, folder / "root.pem", accept_failure=True).stderr
    assert RevocationList.from_pem(made).is_signed_by(PROVINCE_KEY.public_key, NONE)
    assert not RevocationList.from_pem(made).is_signed_by(PROVINCE_KEY.public_key)
