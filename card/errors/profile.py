"""Card profiles, and the fields of the files that they declare."""

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


class ProfileLacks(CardError):
    """A card profile does not declare what this work needs."""

    code = "CRD-141"
    cause = Text(zh="卡片描述 {profile} 中没有 {what}。", en="The card profile {profile} has no {what}.")
    next_step = Text(
        zh="请在描述文件中加上，或改用有此内容的卡片描述。",
        en="Add it to the profile, or use a profile that has it.",
    )


class FieldMalformed(CardError):
    """A field's value or bytes do not have the form that the profile gives. Never quotes them."""

    code = "CRD-142"
    cause = Text(zh="字段不符合卡片描述：{detail}。", en="A field is not as the card profile says: {detail}.")
    next_step = Text(
        zh="请按卡片描述（card/profiles）改正该字段。", en="Correct it as the profile in card/profiles says."
    )
