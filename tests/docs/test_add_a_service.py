"""What docs/add-a-service.md says is true: its commands run, its example passes, and it lists every name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from terminal.catalogue.near_sounds import ONE_ERROR_FROM, TWO_ERRORS_FROM
from terminal.catalogue.reading_level import MAX_CHARACTERS, MAX_GRADE, MAX_RARE_SHARE, MAX_WORDS
from terminal.decisions.catalogue import CATALOGUE_SHAPE, ServiceDomain, ServiceFeature, ServiceKind
from terminal.decisions.service_guide import PICTOGRAMS, ChannelKind, Weekday
from terminal.starter import starter_catalogue
from tests.docs.shell_blocks import DOCS, bash_blocks, run_bash

GUIDE = (DOCS / "add-a-service.md").read_text(encoding="utf-8")
CHINESE, ENGLISH = GUIDE.split("\n---\n")


def example() -> str:
    found = re.search(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_commands_run_in_order_and_the_example_is_found(tmp_path: Path) -> None:
    (tmp_path / "new-item.toml").write_text("\n" + example(), encoding="utf-8")
    blocks = bash_blocks(DOCS / "add-a-service.md")
    assert len(blocks) == 2

    done = run_bash("\n".join(blocks), tmp_path, TONGKA_LANG="zh_CN.UTF-8", COLUMNS="160")

    assert done.returncode == 0, done.stdout + done.stderr
    count = len(starter_catalogue().items) + 1
    assert f"共 {count} 项服务，问题 0 处" in done.stdout
    assert done.stdout.count("HZ-REPAIR") == 2
    assert "拼音首字母" in done.stdout
    assert "chong qing lu lun yi wei xiu dian" in done.stdout


@pytest.mark.parametrize("half", [CHINESE, ENGLISH], ids=["zh", "en"])
def test_every_name_is_explained_in_both_languages(half: str) -> None:
    named = set(re.findall(r"[\w-]+", " ".join(re.findall(r"`[^`\n]*`", half))))
    fields = {path.rpartition(".")[2] for path in CATALOGUE_SHAPE.hints}
    values = {*ServiceDomain, *ServiceKind, *ServiceFeature, *Weekday, *ChannelKind, *PICTOGRAMS}

    assert (fields | {str(value) for value in values}) - named == set()


@pytest.mark.parametrize("half", [CHINESE, ENGLISH], ids=["zh", "en"])
def test_every_bound_is_the_one_in_force(half: str) -> None:
    easy = half.partition("易读\n" if half is CHINESE else "Easy to read\n")[2]
    bounds = (MAX_CHARACTERS, round(MAX_RARE_SHARE * 100), MAX_WORDS, round(MAX_GRADE))

    assert set(map(str, (*bounds, ONE_ERROR_FROM, TWO_ERRORS_FROM))) <= set(re.findall(r"\d+", easy))
