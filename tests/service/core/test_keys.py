"""Keys as text: told from anything else without asking, and kept only as what cannot be turned back."""

from __future__ import annotations

import hmac
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.errors import ForbiddenError
from service.core.identity import ROLES, Identity, Role, is_tenant_name
from service.core.keys import LENGTH, Seal, Secret, id_in, new_key, redacted

SCANNED = re.compile(r"ls_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}")
DIGITS = string.digits + string.ascii_letters


@given(st.binary(min_size=32, max_size=32))
def test_a_key_is_what_scanners_look_for_and_carries_all_its_bits(bits: bytes) -> None:
    key = new_key(lambda count: bits[:count])
    value = 0
    for digit in key.text.split("_")[2][:43]:
        value = value * 62 + "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".index(digit)

    assert value == int.from_bytes(bits, "big")
    assert SCANNED.fullmatch(key.text)
    assert len(key.text) == LENGTH
    assert id_in(key.text.encode()) == key.id == key.text[3:11]
    assert key.text not in f"{key} {key!r}"


@given(st.integers(0, LENGTH - 1), st.sampled_from(DIGITS + "_- \n"))
def test_a_key_with_a_slip_is_none(place: int, letter: str) -> None:
    text = new_key().text
    changed = text[:place] + letter + text[place + 1 :]

    assert (id_in(changed.encode()) is None) == (changed != text)


@pytest.mark.parametrize("token", [b"", b"ls_", b"\xff" * LENGTH, b"ls_" + b"\n" * 58, new_key().text.encode() + b"\n"])
def test_what_is_no_key_is_none(token: bytes) -> None:
    assert id_in(token) is None


@given(st.text(min_size=32, max_size=200), st.binary(max_size=200))
def test_a_digest_is_the_hmac_of_the_standard_library(secret: str, token: bytes) -> None:
    assert Seal(Secret(secret)).digest(token) == hmac.digest(secret.encode(), token, "sha256")


def test_secrets_show_themselves_to_nobody_and_their_seals_can_be_told_apart() -> None:
    one, other = (Secret(letter * 32) for letter in "ab")

    assert {f"{one}", repr(one), f"{[one]}"} == {"***", "[***]"}
    assert Seal(one).id == Seal(Secret("a" * 32)).id != Seal(other).id
    with pytest.raises(ValueError, match="at least 32 bytes"):
        Secret("a" * 31)


def test_what_is_secret_in_a_text_is_starred() -> None:
    key = new_key()
    text = (
        f"GET /x/{key.text}?k={key.text} to postgresql://me:hunter2@db:5432/x?password=hunter2&y=1 and http://host:80/"
    )
    starred = f"GET /x/ls_{key.id}_***?k=ls_{key.id}_*** to postgresql://me:***@db:5432/x?password=***&y=1 and http://host:80/"

    assert redacted(text) == starred
    assert redacted("nothing:here@all is secret") == "nothing:here@all is secret"


@given(st.text(), st.text())
def test_no_text_around_a_key_hides_it(before: str, after: str) -> None:
    secret = new_key().text[12:]
    assert secret not in redacted(f"{before}ls_abcdefgh_{secret}{after}")


@pytest.mark.parametrize("held", Role)
@pytest.mark.parametrize("needed", Role)
def test_a_role_includes_those_before_it(held: Role, needed: Role) -> None:
    order = ["read", "write", "admin"]
    identity = Identity("id", "acme", held)
    if order.index(held.word) >= order.index(needed.word):
        identity.require(needed)
    else:
        with pytest.raises(ForbiddenError, match=f"needs a key with the role {needed.word}"):
            identity.require(needed)
    assert list(ROLES) == order


@pytest.mark.parametrize("name", ["acme", "Acme-2", "a", "0", "a.b_c-d", "x" * 64])
def test_names_of_tenants(name: str) -> None:
    assert is_tenant_name(name)


@pytest.mark.parametrize("name", ["", "-a", ".", "a b", "a'b", "x" * 65, "acmé", "a\n", "a/b"])
def test_no_names_of_tenants(name: str) -> None:
    assert not is_tenant_name(name)
