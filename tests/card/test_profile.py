"""Card profiles: what is written is what is used, and nothing unknown is let through."""

from importlib import resources

import pytest

from card.errors import CardProfileRefused
from card.profile import CardProfile, reference_profile
from crypto.explained import Language

REFERENCE = (resources.files("card") / "profiles" / "reference.toml").read_bytes()


def test_the_reference_profiles_aid_is_proprietary() -> None:
    aid = reference_profile().aid_bytes
    assert aid == b"\xf0TKREF1"


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        (b"aid =", b"aids =", "Write `aid` instead"),
        (b"df_name =", b"name =", "Write `df_name` instead"),
        (b"[fci]", b"[zzz]", "Known here are: id, aid, fci, internal_authenticate"),
        (b'"F0544B52454631"', b'"F054"', "$.aid"),
        (b'"84"', b"84", "$.fci.df_name"),
        (b'"84"', b'"00"', "0x0 is no BER-TLV tag - at `$.fci`"),
        (b'credential = ["A5", "73", "7F21"]', b"credential = []", "$.fci.credential"),
        (b"challenge_bytes = 55", b"challenge_bytes = 256", "$.internal_authenticate.challenge_bytes"),
        (b"55", b"", "TOML"),
        (b"# The", b"\xff", "UTF-8"),
    ],
)
def test_a_wrong_profile_is_refused_with_what_to_write(written: bytes, instead: bytes, told: str) -> None:
    assert written in REFERENCE
    with pytest.raises(CardProfileRefused) as refused:
        CardProfile.from_bytes(REFERENCE.replace(written, instead, 1), "reference.toml")
    assert "reference.toml" in str(refused.value)
    assert told in str(refused.value)
    assert refused.value.explain(Language.ZH).code == "CRD-140"
