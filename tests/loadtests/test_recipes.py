"""What the recipes scenario sends, and what it takes for a right answer."""

from __future__ import annotations

from itertools import islice
from random import Random
from typing import Any

import msgspec
import pytest
from scipy import stats

from loadtests._exchange import WrongAnswerError
from loadtests._payloads._cards import Card, card
from loadtests._recipes import Payloads, exchanges, hit_ratio, known
from loadtests._recipes_answers import check

SMALL = Payloads(stock=20, languages={"es": 0.7, "en": 0.3}, engines={"auto": 0.8, "rapidocr": 0.2})


def questions(payloads: Payloads, seed: int, count: int) -> list[dict[str, Any]]:
    return [msgspec.json.decode(exchange.body) for exchange in islice(exchanges(payloads, Random(seed)), count)]


def told(sent: Card, **change: Any) -> bytes:
    """What a reader without fault answers."""
    ingredients = [
        {
            "name": line.name,
            "unit": line.unit,
            "amount": None if line.amount is None else {"low": line.amount, "high": line.amount},
            "confidence": 0.9,
        }
        for line in sent.lines
    ]
    answer = {
        "language": sent.language,
        "text": [sent.title],
        "title": sent.title,
        "ingredients": ingredients,
        "steps": ["Mezclar."],
        "engine": "tesseract",
        "reason": "the print is clean",
        "rotation": 0,
    }
    return msgspec.json.encode(answer | change)


def test_equal_seeds_send_equal_bytes_and_others_something_else() -> None:
    assert questions(SMALL, 1, 20) == questions(SMALL, 1, 20) != questions(SMALL, 2, 20)


def test_languages_engines_and_new_cards_come_as_the_plan_has_them() -> None:
    sent = questions(SMALL, 3, 1_000)
    assert stats.binomtest(sum(each["engine"] == "rapidocr" for each in sent), 1_000, 0.2).pvalue > 0.01
    cards = [each["data"] for each in sent]
    assert 0.4 < len(set(cards)) / len(cards) < 0.7, "half of them are new"
    spanish = {msgspec.json.decode(exchange.body)["data"] for exchange in known(Payloads(languages={"es": 1.0}))}
    assert len(spanish) == 100


def test_what_is_known_is_the_whole_stock_in_each_kind() -> None:
    sent = [exchange.body for exchange in known(SMALL)]
    assert len(set(sent)) == len(sent) == 4 * 20


def test_the_expected_hit_ratio_of_a_plan_is_what_its_cards_show() -> None:
    sent = [exchange.body for exchange in islice(exchanges(SMALL, Random(6)), 2_000)]
    assert (len(sent) - len(set(sent))) / len(sent) == pytest.approx(hit_ratio(SMALL, len(sent)), abs=0.04)


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_right_answer_passes_whatever_happens_to_accents(language: Any) -> None:
    sent = card(language, 5)
    check(sent, told(sent))
    answer = msgspec.json.decode(told(sent))
    plain = str.maketrans("áéíóúñ", "aeioun")
    for each in answer["ingredients"]:
        each["name"] = each["name"].translate(plain)
    check(sent, msgspec.json.encode(answer))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"language": "other"}, "the language is es, and other received"),
        ({"rotation": 90}, "said to be turned"),
        ({"steps": []}, "steps"),
        ({"ingredients": []}, "7 ingredients are printed, and 0 of them found"),
        ({"text": None}, "text"),
    ],
)
def test_a_wrong_answer_is_found(change: dict[str, Any], complaint: str) -> None:
    sent = card("es", 5)
    with pytest.raises(WrongAnswerError, match=complaint):
        check(sent, told(sent, **change))


@pytest.mark.parametrize(
    "change", [{"name": "something else"}, {"unit": "barrel"}, {"amount": None}, {"amount": {"low": 77, "high": 77}}]
)
def test_a_line_that_says_something_else_is_not_found(change: dict[str, Any]) -> None:
    cards = (card("es", number) for number in range(16))
    sent = next(each for each in cards if all(line.amount for line in each.lines))
    answer = msgspec.json.decode(told(sent))
    answer["ingredients"][:2] = [each | change for each in answer["ingredients"][:2]]
    with pytest.raises(WrongAnswerError, match="7 ingredients are printed, and 5 of them found"):
        check(sent, msgspec.json.encode(answer))


@pytest.mark.parametrize("table", [{"languages": {"es": 0}}, {"languages": {"fr": 1}}, {"engines": {"eyes": 1}}])
def test_a_table_that_cannot_be_meant_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(table, Payloads)
