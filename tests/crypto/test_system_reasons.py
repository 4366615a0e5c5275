"""What the system says of a refusal is told in Chinese to who reads Chinese."""

from __future__ import annotations

from pathlib import Path

import pytest

from crypto.explained import Language
from crypto.system_reasons import IN_CHINESE
from terminal.errors import FileNotRead


def test_a_true_refusal_of_the_system_is_told_in_the_reader_s_language(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        (tmp_path / "typo").read_bytes()
    error = FileNotRead(file="typo", detail=raised.value.strerror)

    assert "没有这个文件或目录" in error.explain(Language.ZH).cause
    assert "No such file" not in error.explain(Language.ZH).cause
    assert "No such file or directory" in error.explain(Language.EN).cause
    assert "something else" in FileNotRead(file="f", detail="something else").explain(Language.ZH).cause


def test_each_is_in_chinese() -> None:
    assert len(IN_CHINESE) > 20
    assert all("\u4e00" <= said[0] <= "\u9fff" for said in IN_CHINESE.values())
