"""URLs are read in one way only, and redirects are URLs like any other."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from service.adapters.fetching.urls import LONGEST_URL, Rules, Target
from service.core.errors import AnalysisError

RULES = Rules()
HERE = "origin.test:8080"
WITH_OWN = Rules(frozenset({HERE, "127.0.0.1:9000", "[::1]:9000"}))


def kind_of(url: str, rules: Rules = RULES) -> str:
    with pytest.raises(AnalysisError) as refusal:
        rules.target(url)
    assert refusal.value.reason
    assert not refusal.value.may_pass
    return refusal.value.kind


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://example.com", "http://example.com/"),
        ("HTTPS://EXAMPLE.com:443/A/../b?c=d#e", "https://example.com/A/../b?c=d"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("http://example.com./a", "http://example.com/a"),
        ("http://example.com?x=/y@z", "http://example.com/?x=/y@z"),
        ('http://example.com/a%20b|c"d^é', "http://example.com/a%20b%7Cc%22d%5E%C3%A9"),
        ("http://straße.example/", "http://xn--strae-oqa.example/"),
        ("http://under_score.example/", "http://under_score.example/"),
        ("http://93.184.216.34/", "http://93.184.216.34/"),
        ("https://[2606:4700:4700:0::1111]/", "https://[2606:4700:4700::1111]/"),
        ("http://7up.example/", "http://7up.example/"),
    ],
)
def test_a_sound_url_is_sent_as_it_was_checked(url: str, sent: str) -> None:
    assert RULES.target(url).url == sent


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/a.jpg",
        "//example.com/a.jpg",
        "http:/example.com",
        "http:example.com",
        "http:///a",
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://example.com/_",
        "data:image/png;base64,AAAA",
        " http://example.com/",
        "http://example.com/\r\nHost: other",
        "http://example.com/a b",
        "http://example.com/\x00",
        "http://example.com/\ud800",
        "http://user@example.com/",
        "http://user:password@example.com/",
        "http://example.com@127.0.0.1/",
        "http://example.com\\@127.0.0.1/",
        "http://127.0.0.1\\@example.com/",
        "http://example.com:80@127.0.0.1/",
        "http://example.com:80:80/",
        "http://%31%32%37.0.0.1/",
        "http://127.0.0%2e1/",
        "http://exa%00mple.com/",
        "http://2130706433/",
        "http://127.1/",
        "http://0/",
        "http://0177.0.0.1/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://127.0.0.0x1/",
        "http://127.0.0.01/",
        "http://127.0.0.1.2/",
        "http://99999999999/",
        "http://[::1/",
        "http://[127.0.0.1]/",
        "http://[fe80::1%25eth0]/",
        "http://[::1%eth0]/",
        "http://example..com/",
        "http://.example.com/",
        f"http://{'a' * 64}.example/",
        f"http://{'a.' * 130}example/",
        "http://exam,ple.com/",
        "http://xn--a\u0301\u2488.example/",
        "http://example.com:0/",
        "http://example.com:8080/",
        "http://example.com:65536/",
        "http://example.com:-80/",
        f"http://example.com/{'a' * LONGEST_URL}",
    ],
)
def test_what_could_be_read_otherwise_is_refused(url: str) -> None:
    assert kind_of(url) == "invalid"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "10.1.2.3",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "１２７.０.０.１",
        "①②⑦.0.0.1",
        "127。0。0。1",
    ],
)
def test_addresses_that_are_not_public_are_refused_before_anything_is_sent(host: str) -> None:
    assert kind_of(f"http://{host}/") == "address-refused"


@pytest.mark.parametrize("own", ["origin.test:8080", "127.0.0.1:9000", "[::1]:9000"])
def test_only_what_the_operator_names_need_not_be_public(own: str) -> None:
    target = WITH_OWN.target(f"http://{own}/a")
    assert (target.origin, target.is_allowed) == (own, True)
    assert not WITH_OWN.target("http://origin.test/").is_allowed
    assert kind_of("http://127.0.0.1:9001/", WITH_OWN) == "invalid"
    assert kind_of("http://127.0.0.1/", WITH_OWN) == "address-refused"
    assert kind_of("http://127.0.0.2:9000/", WITH_OWN) == "invalid"
    assert kind_of("http://evil.test:9000/", WITH_OWN) == "invalid"


@pytest.mark.parametrize(
    ("location", "followed"),
    [
        ("/b", "https://example.com/b"),
        ("b?c", "https://example.com/x/b?c"),
        ("?c", "https://example.com/x/a?c"),
        ("//other.example/b", "https://other.example/b"),
        (" https://other.example/a b ", "https://other.example/a%20b"),
        ("https://other.example/é", "https://other.example/%C3%A9"),
        (f"/{'a' * 3000}", f"https://example.com/{'a' * 3000}"),
    ],
)
def test_redirects_lead_on(location: str, followed: str) -> None:
    assert RULES.redirected(RULES.target("https://example.com/x/a"), location).url == followed


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("", "redirects"),
        ("http://example.com/", "redirects"),
        ("//example.com\\@127.0.0.1/", "redirects"),
        ("file:///etc/passwd", "redirects"),
        ("https://example.com:22/", "redirects"),
        ("https://user@example.com/", "redirects"),
        ("//[", "redirects"),
        ("https://0x7f.1/", "redirects"),
        ("\udcff", "redirects"),
        ("https://127.0.0.1/", "address-refused"),
        ("//[::1]/", "address-refused"),
        ("//169.254.169.254/latest/meta-data/", "address-refused"),
    ],
)
def test_redirects_lead_nowhere_else(location: str, kind: str) -> None:
    with pytest.raises(AnalysisError) as refusal:
        RULES.redirected(RULES.target("https://example.com/x/a"), location)
    assert refusal.value.kind == kind


_PARTS = st.sampled_from(
    [*"htps:/@\\#?%[].0127x", "http://", "https://", "127.0.0.1", "example.com", "user", "::1", ":80", "%31", "。"]
)


@given(
    st.text(max_size=40)
    | st.lists(_PARTS, max_size=12).map("".join)
    | st.lists(_PARTS, max_size=12).map(lambda parts: "http://" + "".join(parts))
)
def test_whoever_reads_what_is_sent_finds_what_was_checked(url: str) -> None:
    with suppress(AnalysisError):
        check(RULES.target(url))


def check(target: Target) -> None:
    split, sent = urlsplit(target.url), URL(target.url, encoded=True)
    assert split.hostname == sent.raw_host == target.host.strip("[]")
    assert (split.port or {"http": 80, "https": 443}[split.scheme]) == sent.port == target.port
    assert sent.raw_path_qs == target.path
    assert target.url.isascii()
    assert sent.raw_user is sent.raw_password is None
