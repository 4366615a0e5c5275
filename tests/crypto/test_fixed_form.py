"""Fixed forms say the same as the strict parser, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.credential import FORM as CREDENTIAL
from crypto.fixed_form import Constructed, FixedForm, Primitive
from crypto.tap_proof import FORM as PROOF
from crypto.tlv import Tlv

NESTED = FixedForm(
    Constructed(0x7F21, (Primitive(0x42, 2), Constructed(0x73, (Primitive(0x80, 0), Primitive(0x5F20, 3)))))
)


def test_a_form_puts_together_what_tlv_would() -> None:
    inner = Tlv(0x73, Tlv(0x80, b"") + Tlv(0x5F20, b"xyz"))
    whole = bytes(Tlv(0x7F21, Tlv(0x42, b"ab") + inner))
    assert NESTED.join(b"ab", b"", b"xyz") == whole
    assert NESTED.split(whole) == [b"ab", b"", b"xyz"]
    assert NESTED.size == len(whole)


@pytest.mark.parametrize("form", [NESTED, CREDENTIAL, PROOF])
@given(data=st.data())
def test_what_is_put_together_is_taken_apart(form: FixedForm, data: st.DataObject) -> None:
    values = [data.draw(st.binary(min_size=size, max_size=size)) for size in form.lengths]
    assert form.split(form.join(*values)) == values


@pytest.mark.parametrize("form", [NESTED, CREDENTIAL, PROOF])
def test_no_changed_tag_or_length_has_the_form(form: FixedForm) -> None:
    whole = form.join(*(bytes(size) for size in form.lengths))
    values = form.split(whole)
    for bit in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        apart = form.split(bytes(changed))
        assert apart is None or (apart != values and form.join(*apart) == bytes(changed))
    for other in (whole[:-1], whole + b"\x00", b""):
        assert form.split(other) is None


@pytest.mark.parametrize("values", [(b"a", b"", b"xyz"), (b"ab", b"", b"xy"), (b"ab", b"")])
def test_values_of_other_lengths_are_refused(values: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match=r"bytes where|shorter|longer"):
        NESTED.join(*values)
