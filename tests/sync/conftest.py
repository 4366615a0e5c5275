"""A centre on loopback and a terminal enrolled at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.center.directory import Center
from terminal.data_directory import DataDirectory
from tests.sync.cast import Chain, Issuer, chain_of, enrolled, new_center, serving


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def center(tmp_path: Path, issuer: Issuer) -> Iterator[Center]:
    with new_center(tmp_path / "authority", issuer) as center:
        yield center


@pytest.fixture
def url(center: Center) -> Iterator[str]:
    with serving(center) as url:
        yield url


@pytest.fixture
def terminal(center: Center, url: str, tmp_path: Path) -> DataDirectory:
    return enrolled(center, url, tmp_path / "terminal")


@pytest.fixture
def chain(center: Center, url: str, tmp_path: Path) -> Chain:
    return chain_of(center, url, tmp_path / "chain")
