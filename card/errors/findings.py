"""Findings about the card itself."""

from __future__ import annotations

from typing import Protocol

from card.errors.root import RefusalReason, TapRefused
from crypto.explained import Text
from firmware_profiles.title import Title

_ANOTHER_CARD = Text(zh="其他卡片", en="another kind of card")


class ForeignFamily(Protocol):
    """A kind of card that is not ours; `card.foreign_cards` loads them."""

    @property
    def id(self) -> str:
        """Its key."""

    @property
    def title(self) -> Title:
        """Its name."""

    @property
    def sentence(self) -> Title:
        """What a clerk can say to the one who presented it."""


class ForeignCard(TapRefused):
    """The card does not carry the profile's application. `family` says what it is, once that is known."""

    code = "CRD-130"
    reason = RefusalReason.FOREIGN_CARD
    cause = Text(zh="这是{family}，不是可在此使用的证卡。", en="This is {family}, which is not used here.")
    next_step = Text(
        zh="请使用第三代智能化证卡；若几张卡叠放，请只放一张。",
        en="Use the third-generation smart certificate; of several cards in a stack, present one alone.",
    )

    def __init__(self, family: ForeignFamily | None = None) -> None:
        self.family = family
        super().__init__(family=_ANOTHER_CARD if family is None else family.title.text)


class IssuerRevoked(TapRefused):
    """The key that signed the credential was revoked: none of its cards counts any more."""

    code = "CRD-139"
    reason = RefusalReason.ISSUER_REVOKED
    cause = Text(zh="此卡的发卡密钥已被吊销。", en="The key that issued this card was revoked.")
    next_step = Text(
        zh="请持卡人到发卡机构换领新卡；并非持卡人的过错，可凭其他证件人工办理。",
        en="The holder can have the card replaced by its issuer. It is not the holder's fault: serve them by "
        "other papers.",
    )


class UnknownIssuer(TapRefused):
    """The credential names an issuer key that the trust store does not hold for its date of issue."""

    code = "CRD-131"
    reason = RefusalReason.UNKNOWN_ISSUER
    cause = Text(
        zh="本终端不认识此卡的发卡机构密钥。", en="This terminal does not know the card's issuer key."
    )
    next_step = Text(
        zh="请更新终端的信任库后重试，或改用人工核验。",
        en="Update the terminal's trust store and try again, or have staff check the certificate.",
    )


class CredentialForged(TapRefused):
    """The issuer's signature on the credential is not valid."""

    code = "CRD-132"
    reason = RefusalReason.FORGED
    cause = Text(zh="卡片凭证的发卡签名无效。", en="The issuer's signature on the card is not valid.")
    next_step = Text(zh="请由工作人员人工核验证件。", en="Have staff check the certificate by hand.")


class CardCloned(TapRefused):
    """The chip could not prove that it holds the credential's private key."""

    code = "CRD-133"
    reason = RefusalReason.CLONED
    cause = Text(zh="卡片未能证明自己是原卡。", en="The card could not prove that it is the genuine chip.")
    next_step = Text(zh="请由工作人员人工核验证件。", en="Have staff check the certificate by hand.")


class ProofReplayed(TapRefused):
    """The answer to the challenge is one that this terminal has seen before, to another challenge."""

    code = "CRD-138"
    reason = RefusalReason.REPLAYED
    cause = Text(
        zh="卡片重放了以前的一次刷卡证明。", en="The card sent the proof of an earlier tap once again."
    )
    next_step = Text(
        zh="这不是正常卡片的行为：请由工作人员人工核验证件。",
        en="No honest card does so: have staff check the certificate by hand.",
    )


class CredentialNotYetValid(TapRefused):
    """The credential's first day lies in the future."""

    code = "CRD-134"
    reason = RefusalReason.NOT_YET_VALID
    cause = Text(zh="卡片自 {issued} 起有效。", en="The card is valid from {issued} only.")
    next_step = Text(
        zh="请从该日起使用；若终端日期有误，请校正。",
        en="Use it from that day; if the terminal's date is wrong, set it right.",
    )


class CredentialExpired(TapRefused):
    """The credential's last day is past."""

    code = "CRD-135"
    reason = RefusalReason.EXPIRED
    cause = Text(zh="卡片已于 {expires} 到期。", en="The card expired on {expires}.")
    next_step = Text(
        zh="请持卡人到发卡机构换领新卡。", en="The holder should get a new card from the issuer."
    )


class CardHotlisted(TapRefused):
    """The card is on the hotlist. `status` is the list's word for why, for staff alone."""

    code = "CRD-136"
    reason = RefusalReason.HOTLISTED
    cause = Text(zh="此卡已挂失或停用。", en="This card was reported lost or was withdrawn.")
    next_step = Text(zh="请使用新卡，或到发卡机构查询。", en="Use the new card, or ask the issuer.")

    def __init__(self, status: str = "") -> None:
        self.status = status
        super().__init__()


class CardDeactivated(TapRefused):
    """The issuer blocked the application on the card itself, for a time or for good."""

    code = "CRD-137"
    reason = RefusalReason.DEACTIVATED
    cause = Text(zh="此卡已被发卡机构停用。", en="The issuer has blocked this card.")
    next_step = Text(zh="请到发卡机构查询。", en="Ask the issuer.")


class AnswerTooLate(TapRefused):
    """An answer came, but later than a card on this reader needs: a failing card, or one that is relayed."""

    code = "CRD-195"
    reason = RefusalReason.TOO_SLOW
    cause = Text(
        zh="卡片回答太慢：用了 {milliseconds} 毫秒，最多允许 {limit} 毫秒。",
        en="The card answered too slowly: it took {milliseconds} ms; {limit} ms are allowed.",
    )
    next_step = Text(
        zh="请把卡平放在读卡区并保持不动，再试一次；仍如此请由工作人员人工核验证件。",
        en="Lay the card flat on the reader, keep it still and try again; if it stays, have staff check the "
        "certificate by hand.",
    )
