"""Sealing: only the same secret opens it, and nothing may be changed."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.sealing import seal, unseal


@given(data=st.binary(max_size=300), secret=st.binary(min_size=1, max_size=64))
def test_data_comes_back_when_the_secret_is_the_same(data: bytes, secret: bytes) -> None:
    assert unseal(seal(data, secret=secret), secret=secret) == data


def test_sealing_twice_gives_other_bytes() -> None:
    assert seal(b"same", secret=b"s") != seal(b"same", secret=b"s")


def test_data_is_hidden_when_it_is_sealed() -> None:
    sealed = seal(b"cnd_secret", secret=b"s")
    assert b"cnd_secret" not in sealed
    assert b"cnd_secret" not in base64.urlsafe_b64decode(sealed)


@pytest.mark.parametrize("place", [0, 20, -8])
def test_sealed_data_is_refused_when_a_byte_was_changed(place: int) -> None:
    sealed = bytearray(seal(b"0 EUR", secret=b"s"))
    sealed[place] ^= 1
    with pytest.raises(ValueError, match="not sealed"):
        unseal(bytes(sealed), secret=b"s")


def test_sealed_data_is_refused_when_the_secret_is_another() -> None:
    with pytest.raises(ValueError, match="not sealed"):
        unseal(seal(b"data", secret=b"one"), secret=b"two")
