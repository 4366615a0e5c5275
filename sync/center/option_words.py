"""What several verbs say of a value that is not of the form they need, in both languages."""

from typing import Final

REGION: Final = "应为六位地区代码，如 330100 / six digits of GB/T 2260 are expected, as 330100"
SIXTEEN_DIGITS: Final = (
    "应为 16 位十六进制，如 0123456789abcdef / 16 hexadecimal digits are expected, as 0123456789abcdef"
)
