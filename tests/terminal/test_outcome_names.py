"""Every outcome, kind, domain and feature has a name of its own in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from crypto.explained import Text
from terminal.decisions.catalogue import ServiceDomain, ServiceFeature, ServiceKind
from terminal.events.outcome import Outcome
from terminal.outcome_names import OUTCOME_NAMES
from terminal.service_names import DOMAIN_NAMES, FEATURE_NAMES, KIND_NAMES


@pytest.mark.parametrize(
    ("members", "names"),
    [
        (Outcome, OUTCOME_NAMES),
        (ServiceDomain, DOMAIN_NAMES),
        (ServiceKind, KIND_NAMES),
        (ServiceFeature, FEATURE_NAMES),
    ],
)
def test_each_has_a_name_in_words(members: type[StrEnum], names: Mapping[Any, Text]) -> None:
    assert set(names) == set(members)
    for said in ({name.zh for name in names.values()}, {name.en for name in names.values()}):
        assert len(said) == len(members)
        assert not any("_" in one for one in said)
    assert not any(name.zh.isascii() for name in names.values())
