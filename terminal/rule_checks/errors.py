"""Errors of checking rule packs: TRM-330 to 339."""

from crypto.explained import Text
from terminal.errors import TerminalError


class RuleSpaceTooLarge(TerminalError):
    """Rules ask for so many things at one service that not every combination can be tried."""

    code = "TRM-330"
    cause = Text(
        zh="{where}：规则要区分 {cells} 种情形，超过可逐一检查的 {most} 种。",
        en="{where}: the rules tell {cells} situations apart, more than the {most} that can all be tried.",
    )
    next_step = Text(
        zh="请把条件写简单些（与固定值比较，而不做运算），或分成几个规则包分别检查。",
        en="Let conditions compare with fixed values and not reckon, or check the packs apart.",
    )


class CaseFileMalformed(TerminalError):
    """A file of cases can't be used; says which file, case and field, and what to write there.

    Facts: file, place, problem, write.
    """

    code = "TRM-331"
    cause = Text(
        zh="用例文件 {file} 的 {place} 有误：{problem}。", en="Case file {file}, {place}: {problem}."
    )
    next_step = Text(zh="请改写为：{write}。", en="Write {write}.")

    def __init__(
        self, *, file: str, place: str, problem_zh: str, problem_en: str, write_zh: str, write_en: str
    ) -> None:
        super().__init__(
            file=file,
            place=place,
            problem=Text(zh=problem_zh, en=problem_en),
            write=Text(zh=write_zh, en=write_en),
        )


class NoCases(TerminalError):
    """There are rule packs to test and no cases to test them with."""

    code = "TRM-333"
    cause = Text(zh="没有用例文件。", en="There are no cases to test these packs with.")
    next_step = Text(
        zh="请写一个用例文件（docs/write-a-rule.md 有例子），与规则包一起写在命令中，或放进目录的 cases/。",
        en="Write a file of cases (docs/write-a-rule.md has an example) and name it beside the packs, or put "
        "it into the folder's cases/.",
    )


class NoRulePacks(TerminalError):
    """Where rule packs were to be, there are none."""

    code = "TRM-332"
    cause = Text(zh="{path} 中没有规则包（*.toml）。", en="There is no rule pack (*.toml) in {path}.")
    next_step = Text(
        zh="请写规则包文件，或含有规则包、含有 rules/ 的目录。",
        en="Name rule packs, a folder of them, or one with a folder rules/ in it.",
    )
