"""Card profiles."""

from __future__ import annotations

from card.errors.root import CardError
from crypto.explained import Text


class CardProfileRefused(CardError):
    """A card profile can't be used."""

    code = "CRD-140"
    cause = Text(
        zh="卡片描述文件 {file} 无效：{problem}。", en="The card profile {file} is not usable: {problem}."
    )
    next_step = Text(zh="{instead}，再试一次。", en="{instead}, then try again.")
