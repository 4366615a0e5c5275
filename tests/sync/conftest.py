"""A centre on loopback and a terminal enrolled at it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from sync.center.directory import Center, open_center
from terminal.data_directory import DataDirectory
from tests.sync.cast import CENTER, Chain, Issuer, chain_of, enrolled, make_center, serving


@dataclass(frozen=True)
class MadeCenter:
    """A centre on disk that nobody has opened, and the issuer that it knows."""

    folder: Path
    issuer: Issuer


@pytest.fixture(scope="module")
def packs() -> Mapping[str, str]:
    """Rule packs that a module's centre has besides the starter's, by file name."""
    return {}


@pytest.fixture(scope="module")
def made_center(tmp_path_factory: pytest.TempPathFactory, packs: Mapping[str, str]) -> MadeCenter:
    """What the tests of a module copy: checking and signing the starter's content takes half a second."""
    made = MadeCenter(tmp_path_factory.mktemp("authority"), Issuer())
    make_center(made.folder, made.issuer, packs)
    return made


@pytest.fixture
def issuer(made_center: MadeCenter) -> Issuer:
    return made_center.issuer


@pytest.fixture
def center(tmp_path: Path, made_center: MadeCenter) -> Iterator[Center]:
    shutil.copytree(made_center.folder, tmp_path / "authority")
    with open_center(tmp_path / "authority" / CENTER) as center:
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
