"""Fixtures for every test that reads cards through PC/SC."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from card.simulator.pcscd import PrivatePcscd


@pytest.fixture(scope="session")
def private_pcscd() -> Iterator[PrivatePcscd]:
    """A genuine pcscd with two empty virtual readers, which this process uses from now on.

    Where pcscd or vpcd is not installed the tests fail: they are never skipped.
    """
    with PrivatePcscd() as service:
        service.activate()
        yield service
