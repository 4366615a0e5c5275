"""A ticket office that is served, for all tests of a module that leave no sale open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from card.simulator.boards.pcscd import PrivatePcscd
from tests.terminal.local_api.served import ServedApi, office, serving


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, private_pcscd: PrivatePcscd) -> Iterator[ServedApi]:
    """The office; whatever it was asked, it has nothing to say on standard error."""
    folder: Path = tmp_path_factory.mktemp("api")
    with serving(office(folder / "park"), private_pcscd, folder / "log", reader=0) as served:
        yield served
        assert served.messages() == ""
