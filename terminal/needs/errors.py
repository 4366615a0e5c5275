"""What can be wrong about a need, a rating or an answer: TRM-74x."""

from __future__ import annotations

from crypto.explained import Text
from terminal.errors import TerminalError


class WordsRefused(TerminalError):
    """Words are too long, or hold characters that can't be shown safely. Facts: characters, bytes."""

    code = "TRM-740"
    cause = Text(
        zh="留言超过 {characters} 字（UTF-8 {bytes} 字节），或含有不可显示的控制字符。",
        en="The words are longer than {characters} characters ({bytes} bytes of UTF-8), or hold control "
        "characters.",
    )
    next_step = Text(zh="请缩短留言，或只保留普通文字。", en="Shorten them, or keep to plain text.")


class NeedMalformed(TerminalError):
    """What was sealed as a need or rating is none of a known form. Facts: detail."""

    code = "TRM-741"
    cause = Text(zh="需求或评价的数据格式错误：{detail}。", en="The need or rating is malformed: {detail}.")
    next_step = Text(
        zh="记录保持原样；请升级终端与中心的软件后重试。",
        en="The event stays as it is; update terminal and centre and try again.",
    )


class NothingToRate(TerminalError):
    """There is no such event, or it is none that can be rated. Facts: sequence."""

    code = "TRM-742"
    cause = Text(
        zh="第 {sequence} 号记录不存在、已撤销或不能评价。",
        en="Event {sequence} does not exist, was cancelled, or can't be rated.",
    )
    next_step = Text(
        zh="请先接受服务，再评价；只能评价服务，不能评价更正或留言。",
        en="Rate a service after it was given; corrections, needs and ratings can't be rated.",
    )


class NoServiceToday(TerminalError):
    """The card had no service here today that could be rated."""

    code = "TRM-748"
    cause = Text(
        zh="这张证今天在本终端没有可评价的服务。", en="This card had no service here today that can be rated."
    )
    next_step = Text(
        zh="请在接受服务的终端上、当天评价。",
        en="Rate a service on its day, at the terminal where it was given.",
    )


class RatingOfAnother(TerminalError):
    """The card at the reader is not the one that had the service. Facts: sequence."""

    code = "TRM-743"
    cause = Text(zh="第 {sequence} 号记录不是这张证刷的。", en="Event {sequence} was not made by this card.")
    next_step = Text(zh="请用接受服务的那张证评价。", en="Rate with the card that had the service.")


class RatingTooLate(TerminalError):
    """The day of the service is over. Facts: sequence."""

    code = "TRM-744"
    cause = Text(
        zh="第 {sequence} 号记录不是今天的，已无法确认是哪张证。",
        en="Event {sequence} is not of today: nothing here tells any more whose card it was.",
    )
    next_step = Text(
        zh="请在服务当天评价；也可以用 tongka needs leave 留言。",
        en="Rate on the day of the service; or leave words with tongka needs leave.",
    )


class RatedAlready(TerminalError):
    """The service was rated before. Facts: sequence."""

    code = "TRM-745"
    cause = Text(zh="第 {sequence} 号记录已经评价过。", en="Event {sequence} was rated already.")
    next_step = Text(zh="无需再做；一次服务评价一次。", en="Nothing is left to do; a service is rated once.")


class AnswersMalformed(TerminalError):
    """The file of answers is not what a centre makes. Facts: detail."""

    code = "TRM-746"
    cause = Text(zh="答复文件格式错误：{detail}。", en="The file of answers is malformed: {detail}.")
    next_step = Text(
        zh="之前的内容继续有效；请中心重新发布。",
        en="The content before stays in force; the centre has to publish anew.",
    )


class VoiceRefused(TerminalError):
    """A recording is too long, or none of a form that is taken. Facts: detail."""

    code = "TRM-747"
    cause = Text(zh="录音不能使用：{detail}。", en="The recording can't be used: {detail}.")
    next_step = Text(
        zh="请用 WAV 或 Ogg Opus 重新录制，不超过 {limit} 字节；也可以只留文字。",
        en="Record again as WAV or Ogg Opus of at most {limit} bytes; or leave words alone.",
    )
