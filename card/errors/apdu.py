"""Commands and answers."""

from __future__ import annotations

from card.errors.root import CardError, RefusalReason, TapRefused
from card.status_word import describe_status_word
from crypto.explained import Text


class CommandMalformed(CardError):
    """Bytes or fields do not make a command APDU."""

    code = "CRD-120"
    cause = Text(zh="命令 APDU 无效：{detail}。", en="This is not a command APDU: {detail}.")
    next_step = Text(
        zh="请按 ISO/IEC 7816-4 检查命令。", en="Check the command against ISO/IEC 7816-4 clause 5."
    )


class AnswerMalformed(TapRefused):
    """The card's answer does not have the form that its profile gives."""

    code = "CRD-121"
    reason = RefusalReason.UNREADABLE
    cause = Text(
        zh="卡片的回答无法读懂（{what}：{detail}）。", en="The card's {what} can't be read: {detail}."
    )
    next_step = Text(
        zh="请重新刷卡；仍如此请持卡人到发卡机构检查卡片。",
        en="Tap again; if it stays, the holder should have the card checked by its issuer.",
    )


class ApduRefused(TapRefused):
    """The card answered a command with a status word other than 9000. `sw` keeps it."""

    code = "CRD-122"
    reason = RefusalReason.UNREADABLE
    cause = Text(zh="卡片拒绝了 {command}：{status}。", en="The card refused {command}: {status}.")
    next_step = Text(
        zh="请重新刷卡；仍如此请持卡人到发卡机构检查卡片。",
        en="Tap again; if it stays, the holder should have the card checked by its issuer.",
    )

    def __init__(self, command: str, sw: int) -> None:
        self.sw = sw
        super().__init__(command=command, status=describe_status_word(sw))


class SecureMessagingBroken(TapRefused):
    """An answer under secure messaging is not, byte for byte, what the card sent, or was not protected."""

    code = "CRD-123"
    reason = RefusalReason.UNREADABLE
    cause = Text(
        zh="与卡片的加密通道已中断（{detail}）。", en="The protected channel to the card broke: {detail}."
    )
    next_step = Text(
        zh="请重新放卡；屡次如此请检查读卡器是否被加装设备。",
        en="Present the card again; if it keeps happening, look whether something was fitted to the reader.",
    )


class AuthenticationRefused(TapRefused):
    """Card and PSAM do not accept each other."""

    code = "CRD-124"
    reason = RefusalReason.UNREADABLE
    cause = Text(
        zh="卡片与终端安全模块（PSAM）未能互相认证：{detail}。",
        en="Card and PSAM did not accept each other: {detail}.",
    )
    next_step = Text(
        zh="请确认 PSAM 属于此发卡机构且密钥版本一致；其他卡正常时，请持卡人到发卡机构检查卡片。",
        en="Check that the PSAM is this issuer's and of the card's key version; if other cards work, the "
        "holder should have the card checked by its issuer.",
    )
