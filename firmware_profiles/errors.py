"""The exception tree of `firmware_profiles`."""

from crypto.explained import ExplainedError, Text


class FirmwareProfileError(ExplainedError):
    """Root of everything that `firmware_profiles` raises."""


class ProfileRefused(FirmwareProfileError):
    """A reader profile can't be used: a key or a value is not known."""

    code = "FWP-101"
    cause = Text(
        zh="读卡器描述文件 {file} 无效：{problem}。", en="The reader profile {file} is not usable: {problem}."
    )
    next_step = Text(zh="{instead}，再试一次。", en="{instead}, then try again.")


class ReaderNotRecognised(FirmwareProfileError):
    """No profile describes a reader of this name."""

    code = "FWP-102"
    cause = Text(zh="没有描述“{reader}”的读卡器文件。", en="No profile describes the reader {reader}.")
    next_step = Text(
        zh="请在 firmware_profiles/profiles 中加入一个匹配其名称的 TOML 文件。",
        en="Add a TOML file whose `names` match it to firmware_profiles/profiles.",
    )


class NoSuchProfile(FirmwareProfileError):
    """No profile has the id that was asked for."""

    code = "FWP-110"
    cause = Text(zh="没有名为“{profile}”的读卡器描述。", en="There is no reader profile named {profile}.")
    next_step = Text(
        zh="可用的描述：{known}。也可在 firmware_profiles/profiles 中加入一个。",
        en="There are: {known}. Use one of them, or add yours to firmware_profiles/profiles.",
    )
