"""The signing card, which holds the issuer's or the centre's keys."""

from __future__ import annotations

from card.errors.root import CardError
from card.status_word import describe_status_word
from crypto.explained import Text


class SigningCardMissing(CardError):
    """There is no card where the signing card belongs."""

    code = "CRD-160"
    cause = Text(zh="读卡器“{reader}”中没有签名卡。", en="There is no signing card in {reader}.")
    next_step = Text(
        zh="请插入签名卡；下次签名时会自动继续，无需重启。",
        en="Insert the signing card; the next signature goes on by itself, without a restart.",
    )


class NotASigningCard(CardError):
    """The card in the reader is no signing card of docs/reference-signing-card.md."""

    code = "CRD-161"
    cause = Text(zh="读卡器“{reader}”中的卡不是签名卡。", en="The card in {reader} is no signing card.")
    next_step = Text(
        zh="请换上签名卡，或在密钥库设置中改正读卡器名称。",
        en="Insert the signing card, or correct the reader's name in the keystore's settings.",
    )


class OtherSigningCard(CardError):
    """The card in the reader is a signing card, but not the one that holds these keys."""

    code = "CRD-162"
    cause = Text(
        zh="插入的是另一张签名卡：需要 {expected}，读到 {found}。",
        en="This is another signing card: {expected} is needed, {found} was found.",
    )
    next_step = Text(
        zh="请换上序列号为上述所需号码的签名卡。PIN 未被提交，次数不受影响。",
        en="Insert the card with the serial number that is needed. The PIN was not sent; no try was spent.",
    )


class SigningCardRefused(CardError):
    """The signing card answered a command with a status word other than 9000, or with no answer to it.

    `sw` is that status word.
    """

    sw: int | None = None
    code = "CRD-163"
    cause = Text(zh="签名卡拒绝了 {command}：{status}。", en="The signing card refused {command}: {status}.")
    next_step = Text(
        zh="请取出签名卡再插入后重试；仍如此时把此代码报给密钥管理单位。",
        en="Take the card out, put it back and try again; if it stays, report this code to the keeper of the "
        "keys.",
    )

    @classmethod
    def by_status(cls, command: str, sw: int) -> SigningCardRefused:
        """For a status word."""
        refused = cls(command=command, status=describe_status_word(sw))
        refused.sw = sw
        return refused


class SigningCardPinWrong(CardError):
    """The PIN is not this card's. It was tried once and is not tried again by itself."""

    code = "CRD-164"
    cause = Text(
        zh="签名卡 PIN 错误，还可尝试 {tries} 次。",
        en="The signing card's PIN is wrong; {tries} tries are left.",
    )
    next_step = Text(
        zh="请停止服务，改正 PIN，再运行“tongka signing-card check-pin”手工核对；程序不会自动重试。",
        en="Stop the service, correct the PIN and check it by hand with `tongka signing-card check-pin`; it "
        "is not tried again by itself.",
    )


class SigningCardPinBlocked(CardError):
    """Too many wrong PINs in a row: the card signs no more."""

    code = "CRD-165"
    cause = Text(
        zh="签名卡 {card} 因 PIN 多次错误已锁定。",
        en="The signing card {card} is blocked after too many wrong PINs.",
    )
    next_step = Text(
        zh="锁定无法解除。请报告密钥管理单位，换用新的签名卡并按手册轮换密钥。",
        en="It can't be unblocked. Tell the keeper of the keys, take a new card and rotate the keys as the "
        "manual says.",
    )


class SigningCardPinNotSet(CardError):
    """The card was never given a PIN, so that it holds no keys yet."""

    code = "CRD-166"
    cause = Text(zh="签名卡 {card} 尚未设置 PIN。", en="The signing card {card} has no PIN yet.")
    next_step = Text(
        zh="请运行“tongka signing-card set-pin”设置 PIN。", en="Set one with `tongka signing-card set-pin`."
    )


class SigningCardPinDoubtful(CardError):
    """A wrong PIN was tried before; a stored PIN is then not tried, lest restarts block the card."""

    code = "CRD-167"
    cause = Text(
        zh="签名卡此前收到过错误的 PIN（还剩 {tries} 次），因此不自动提交保存的 PIN。",
        en="The signing card got a wrong PIN before ({tries} tries are left), so the stored PIN is not sent.",
    )
    next_step = Text(
        zh="请核对保存的 PIN，再运行“tongka signing-card check-pin”手工输入一次；正确后次数恢复。",
        en="Check the stored PIN, then enter it by hand once with `tongka signing-card check-pin`; a right "
        "one restores the tries.",
    )


class SigningCardPinUnavailable(CardError):
    """Nobody can be asked for the PIN, and no file gives it safely."""

    code = "CRD-168"
    cause = Text(zh="无法取得签名卡 PIN：{detail}。", en="The signing card's PIN can't be had: {detail}.")
    next_step = Text(
        zh="请用服务凭据 tongka-card-pin 或 TONGKA_CARD_PIN_FILE 指定的文件（0600）提供 PIN，"
        "或在终端窗口中运行。",
        en="Hand it in as the service credential tongka-card-pin or in the file (0600) that "
        "TONGKA_CARD_PIN_FILE names, or run this in a terminal.",
    )


class SigningCardPinUnfit(CardError):
    """What was given can't be a PIN of a signing card."""

    code = "CRD-169"
    cause = Text(
        zh="PIN 必须是 {least} 至 {most} 个可打印的 ASCII 字符，不含空格。",
        en="A PIN has {least} to {most} printable ASCII characters without spaces.",
    )
    next_step = Text(zh="请改正 PIN。它未被提交。", en="Correct it. It was not sent to the card.")


class SigningReaderUnclear(CardError):
    """The name in the settings fits several readers."""

    code = "CRD-174"
    cause = Text(zh="“{reader}”对应多台读卡器：{found}。", en="{reader} fits several readers: {found}.")
    next_step = Text(zh="请写完整的读卡器名称。", en="Write the reader's whole name.")
