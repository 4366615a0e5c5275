"""What the kiosk says by itself; rules and refusals bring their own texts.

Default faces are seen by whoever stands by. What they say of a refusal is the same for every reason, but for
three that say nothing of a person: a card that was not read to its end, another kind of card, and one that
was tapped a moment ago.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from crypto.explained import Text
from terminal.events.outcome import Outcome
from terminal.tap import TapResult
from terminal.yuan import yuan

WINDOW_TITLE: Final = Text(zh="通卡自助终端", en="Tongka kiosk")

STARTING: Final = Text(zh="正在启动", en="Starting")
STARTING_HINT: Final = Text(zh="请稍候", en="One moment please")
IDLE: Final = Text(zh="请刷卡", en="Tap your card")
IDLE_HINT: Final = Text(zh="把卡放在读卡区，停留一秒", en="Hold it there for a second")
READING: Final = Text(zh="正在读卡", en="Reading your card")
READING_HINT: Final = Text(zh="请不要移开卡片", en="Please keep it still")
TAKE_CARD: Final = Text(zh="请取走您的卡", en="Please take your card")
TAKE_CARD_HINT: Final = Text(zh="本次内容已清除", en="Your information has been cleared")
TROUBLE: Final = Text(zh="暂时不能刷卡", en="Out of service")
TROUBLE_HINT: Final = Text(zh="请向工作人员出示证件", en="Please show your certificate to the staff")
TROUBLE_CODE: Final = Text(zh="工作人员请看：故障代码 {code}", en="For staff: error code {code}")

FARE: Final = Text(zh="票价 ¥{yuan}", en="Fare ¥{yuan}")
COMPANIONS: Final = Text(zh="同行人数", en="Companions")
COMPANIONS_LESS: Final = Text(zh="减少一名同行人", en="One companion fewer")
COMPANIONS_MORE: Final = Text(zh="增加一名同行人", en="One companion more")
COMPANIONS_KEYS: Final = Text(zh="也可按数字键 0 到 9", en="Or press a digit from 0 to 9")

TO_PAY: Final = Text(zh="应付", en="To pay")
YUAN: Final = Text(zh="¥{yuan}", en="¥{yuan}")
ASK_FOR_DETAILS: Final = Text(zh="查看原因请按“我的详情”", en="My details say why")

SHOW_DETAILS: Final = Text(zh="我的详情", en="My details")
SHOW_DETAILS_WHY: Final = Text(
    zh="在屏幕上显示只给您本人看的说明，快捷键 D", en="Shows what is meant for you alone; key D"
)
HIDE_DETAILS: Final = Text(zh="隐藏详情", en="Hide details")
HIDE_DETAILS_WHY: Final = Text(zh="从屏幕上隐藏说明，快捷键 D", en="Takes it off the screen; key D")
MORE_TIME: Final = Text(zh="延长时间", en="More time")
MORE_TIME_WHY: Final = Text(
    zh="把本页再保留一会儿，按任意键也可以", en="Keeps this page for longer; any key does so too"
)
DONE: Final = Text(zh="完成", en="Done")
DONE_WHY: Final = Text(zh="立即清除本页，快捷键 Esc", en="Clears this page at once; key Esc")
TIME_LEFT: Final = Text(zh="{seconds} 秒后自动清除", en="Clears in {seconds} s")
TIME_LIMIT: Final = Text(
    zh="本页 {seconds} 秒后自动清除，按任意键可延长。",
    en="This page clears itself in {seconds} seconds; press any key for more time.",
)

DETAILS_TITLE: Final = Text(zh="给您本人的说明", en="For you alone")
DETAILS_REMINDER: Final = Text(zh="请留意", en="Please note")
DETAILS_INSTEAD: Final = Text(zh="您可以", en="What you can do")
DETAILS_BASIS: Final = Text(zh="依据", en="Legal basis")

OTHER_LANGUAGE: Final = Text(zh="English", en="中文")
OTHER_LANGUAGE_WHY: Final = Text(zh="Switch to English, key L", en="切换到中文，快捷键 L")
HIGH_CONTRAST: Final = Text(zh="高对比", en="Contrast")
HIGH_CONTRAST_WHY: Final = Text(zh="高对比度显示，快捷键 C", en="High contrast; key C")
LARGE_TEXT: Final = Text(zh="大字", en="Large")
LARGE_TEXT_WHY: Final = Text(zh="放大文字，快捷键 T", en="Larger letters; key T")
STILL: Final = Text(zh="静态", en="Still")
STILL_WHY: Final = Text(zh="停止动画，快捷键 M", en="Stops the animation; key M")

SHARES_JOINT: Final = Text(zh="；", en="; ")
# A party's total, share by share; sums stay on the line of what they are for.
_HOLDER_PAYS: Final = Text(zh="持卡人\u00a0¥{yuan}", en="Holder\u00a0¥{yuan}")
_COMPANIONS_PAY: Final = Text(
    zh="同行\u00a0{count}\u00a0人\u00a0×\u00a0¥{yuan}", en="Companions\u00a0{count}\u00a0×\u00a0¥{yuan}"
)
_OTHERS_PAY: Final = Text(
    zh="其余\u00a0{count}\u00a0人\u00a0×\u00a0¥{yuan}", en="Others\u00a0{count}\u00a0×\u00a0¥{yuan}"
)

_PAY_FARE: Final = Text(zh="本次按票价付费", en="Pay the fare")
_TAP_AGAIN: Final = Text(zh="请再刷一次", en="Please tap again")
_TAP_AGAIN_HINT: Final = Text(zh="没有读完，请多停留一秒", en="Hold it there for a second")
_OTHER_CARD: Final = Text(zh="请换一张卡", en="Use another card")
_OTHER_CARD_HINT: Final = Text(
    zh="这张卡不能在此使用，也可向工作人员出示证件",
    en="This card is not used here. You can also show your certificate to the staff.",
)
_REPEATED: Final = Text(zh="已刷过", en="Already tapped")
_REPEATED_HINT: Final = Text(zh="以上次结果为准", en="The earlier tap counts")
_ASK_STAFF: Final = Text(zh="请联系工作人员", en="Please ask the staff")


@dataclass(frozen=True)
class DefaultFace:
    """What whoever stands by may read: a headline, a hint or none, and whether there is a sum to pay."""

    headline: Text
    hint: Text | None
    shows_sum: bool


def default_face(result: TapResult) -> DefaultFace:  # noqa: PLR0911  a face each
    """The bystander-safe words for a result."""
    match result.outcome:
        case Outcome.GRANTED | Outcome.GRANTED_WITH_COMPANION:
            return DefaultFace(result.bystander_text, None, shows_sum=True)
        case Outcome.UNREADABLE:
            return DefaultFace(_TAP_AGAIN, _TAP_AGAIN_HINT, shows_sum=False)
        case Outcome.FOREIGN_CARD:
            return DefaultFace(_OTHER_CARD, _OTHER_CARD_HINT, shows_sum=False)
        case Outcome.REPEATED:
            return DefaultFace(_REPEATED, _REPEATED_HINT, shows_sum=False)
        case Outcome.TRANSFERRED:
            return DefaultFace(result.bystander_text, None, shows_sum=True)
        case Outcome.ALREADY_INSIDE:
            return DefaultFace(_ASK_STAFF, None if result.companions else ASK_FOR_DETAILS, shows_sum=False)
    # A party's shares are more words already, and need the room; the details have a button of their own.
    hint = None if result.companions else ASK_FOR_DETAILS
    return DefaultFace(_PAY_FARE, hint, shows_sum=True)


def shares(result: TapResult) -> Iterator[Text]:
    """Who of a party pays what: the holder, the companions admitted, the others; nothing for one alone.

    Sums only: whoever stands by has to pay one of them, and none of them says why.
    """
    if not result.companions:
        return
    yield _HOLDER_PAYS.format(yuan=yuan(result.holder_pays))
    admitted = result.companions_admitted
    if admitted:
        yield _COMPANIONS_PAY.format(count=admitted, yuan=yuan(result.companion_pays))
    if result.companions > admitted:
        others = _OTHERS_PAY if admitted else _COMPANIONS_PAY
        yield others.format(count=result.companions - admitted, yuan=yuan(result.fare))
