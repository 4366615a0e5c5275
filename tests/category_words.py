"""Words that may stand in no text for bystanders: each would tell why somebody is entitled."""

from __future__ import annotations

from typing import Final

CATEGORY_WORDS: Final = (
    *("视力", "听力", "言语", "肢体", "智力", "精神", "多重", "盲", "聋", "哑", "残", "级", "轮椅"),
    *("visual", "blind", "hearing", "deaf", "speech", "physical", "intellect", "mental", "multiple"),
    *("disab", "grade", "wheelchair"),
)
