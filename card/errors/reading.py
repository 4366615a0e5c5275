"""Reading a card for a person at a counter."""

from __future__ import annotations

from card.errors.root import CardError
from crypto.explained import Text


class PictureNotSaved(CardError):
    """A picture was to be saved and was not."""

    code = "CRD-148"
    cause = Text(zh="照片没有存入 {file}：{detail}。", en="The picture was not saved to {file}: {detail}.")
    next_step = Text(
        zh="请指定一个尚不存在、可写的文件，并确认所读的文件中有照片。",
        en="Name a file that does not exist yet and can be written, and read a file that has a picture.",
    )
