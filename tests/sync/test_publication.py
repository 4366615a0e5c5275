"""What the centre gives out: signed, numbered, never changed, and kept for judging old taps."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.center.directory import Center, open_center
from sync.center.ingest import take_batch
from sync.center.publication import publish
from sync.center.reconciliation import reconcile_center
from sync.errors import ContentInvalid
from tests.sync.cast import Chain, Issuer, now_ms

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture
def folder(center: Center, tmp_path: Path) -> Path:
    assert center.publications.current.files
    return tmp_path / "authority"


@pytest.mark.parametrize("name", ["catalogue.toml", "hotlist.bin", "rules/cn.toml"])
@pytest.mark.parametrize("suffix", ["", ".sig"])
def test_altered_content_is_not_opened(folder: Path, name: str, suffix: str) -> None:
    file = folder / "center" / "content" / "000001" / f"{name}{suffix}"
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(ContentInvalid), open_center(folder / "center"):
        pass


def test_a_rule_pack_passed_off_as_a_catalogue_is_not_opened(folder: Path) -> None:
    content = folder / "center" / "content" / "000001"
    for suffix in ("", ".sig"):
        (content / f"catalogue.toml{suffix}").write_bytes(
            (content / "rules" / f"cn.toml{suffix}").read_bytes()
        )
    with pytest.raises(ContentInvalid), open_center(folder / "center"):
        pass


def test_content_that_can_not_be_parsed_changes_nothing(folder: Path, center: Center) -> None:
    (folder / "content-source" / "catalogue.toml").write_text("version = ", "utf-8")
    target = folder / "center" / "content"
    with pytest.raises(ContentInvalid):
        publish(folder / "content-source", target, center.keys.content)
    assert [path.name for path in target.iterdir()] == ["000001"]


def test_a_tap_is_judged_by_the_rules_its_terminal_had(
    folder: Path, center: Center, chain: Chain, issuer: Issuer
) -> None:
    card = issuer.card((4,), 4)
    chain.tap(card)
    rules = folder / "content-source" / "rules" / "chongqing-bus.toml"
    dearer = rules.read_text("utf-8").replace("pays_percent = 50", "pays_percent = 80")
    rules.write_text(dearer.replace("2012.1", "2026.9"), "utf-8")
    publish(folder / "content-source", folder / "center" / "content", center.keys.content)

    with open_center(folder / "center") as newer:
        assert newer.publications.current.rules.version != chain.rules.version
        chain.rules = newer.publications.current.rules
        chain.tap(card)
        take_batch(newer.store, newer.keys, chain.batch(), now_ms())
        result = reconcile_center(newer, now_ms())

    assert result.findings == []
    assert [claim.accepted for claim in result.claims] == [100, 40]
