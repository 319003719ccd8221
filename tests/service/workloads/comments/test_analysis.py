"""What the workload answers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.workloads.comments import WORKLOAD
from service.workloads.comments.analysis import analysed, fast_chances
from service.workloads.comments.features import extract
from service.workloads.comments.messages import Analysis, Comment, CommentsRequest, Quality
from service.workloads.comments.model import shipped
from service.workloads.comments.policy import Item
from service.workloads.comments.signals import Floats

LEGAL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=120).filter(
    str.strip
)


def fast(*texts: str) -> list[Analysis]:
    return analysed(texts, "fast", shipped())


@pytest.mark.parametrize("quality", ["fast", "good"])
@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Excelente servicio, muy rápidos y amables", "positive"),
        ("muy conforme con la atención 👏", "positive"),
        ("Pésima atención, nadie responde 😡", "negative"),
        ("internet muy lento, se corta todos los días", "negative"),
        ("no funciona", "negative"),
        ("¿Hasta qué hora atienden?", "neutral"),
        ("quisiera saber el precio del plan de 200 megas", "neutral"),
    ],
)
def test_plain_judgements_are_understood(text: str, label: str, quality: Quality) -> None:
    assert analysed([text], quality, shipped())[0].sentiment.label == label


@pytest.mark.parametrize("quality", ["fast", "good"])
@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ("muy lento el internet, no llega ni a 10 megas", "speed"),
        ("me cobraron dos veces la factura", "billing"),
        ("muy caro el plan", "price"),
        ("se corta todos los días", "outages"),
        ("el técnico vino puntual a instalar la fibra", "installation"),
    ],
)
def test_themes_are_told(text: str, theme: str, quality: Quality) -> None:
    assert theme in {found.name for found in analysed([text], quality, shipped())[0].themes}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("che, vení a ver si anda", "es"),
        ("che amigo todo bien con ustedes", "es"),
        ("excelente", "es"),
        ("El servicio es muy bueno y llega a toda la casa", "es"),
        ("iporãiterei ha aguyje peẽme", "gn"),
        ("ndoikói mba'eve, che pochy", "gn"),
        ("ndoikói luego ko internet, ya reclamé tres veces", "jopara"),
        ("hepyeterei para lo que dan na, mbegue rasa la velocidad", "jopara"),
        ("the service is very slow and nobody answers", "other"),
        ("o atendimento é muito ruim, não funciona", "other"),
        ("👍👍👍", "und"),
        ("...", "und"),
        ("10", "und"),
    ],
)
def test_languages_are_told_apart(text: str, code: str) -> None:
    assert fast(text)[0].language.code == code


def test_a_guess_is_not_called_reliable() -> None:
    spanish, smile, jopara, nothing = fast(
        "Excelente, muy amables", "😍😍😍", "ndoikói luego ko internet, che pochy", "..."
    )
    assert spanish.reliable
    assert smile.reliable
    assert not jopara.reliable
    assert not nothing.reliable


@given(LEGAL)
def test_any_text_gets_a_well_formed_analysis(text: str) -> None:
    (outcome,) = fast(text)
    assert msgspec.json.decode(msgspec.json.encode(outcome), type=Analysis) == outcome
    assert abs(outcome.sentiment.score) <= outcome.sentiment.confidence + 1e-9
    assert len({theme.name for theme in outcome.themes}) == len(outcome.themes)


def chances(texts: Sequence[str]) -> Floats:
    return fast_chances(extract(texts, shipped().lexicon), shipped())


@settings(max_examples=50)
@given(st.lists(LEGAL, min_size=1, max_size=5), st.randoms())
def test_order_and_company_do_not_matter(texts: list[str], random: Random) -> None:
    order = random.sample(range(len(texts)), len(texts))
    alone = np.concatenate([chances([text]) for text in texts])
    np.testing.assert_allclose(chances([texts[i] for i in order]), alone[order], atol=2e-6)


def test_a_long_batch_is_answered_in_order() -> None:
    texts = [f"{word} {number}" for number in range(200) for word in ("excelente servicio", "muy malo, muy lento")]
    labels = [outcome.sentiment.label for outcome in fast(*texts)]
    assert labels == ["positive", "negative"] * 200


def test_good_answers_do_not_depend_on_company_either() -> None:
    texts = ["muy lento", "excelente atención 👏", "x" * 3_000, "¿cuánto cuesta?", "mal\0a fama"]
    together = analysed(texts, "good", shipped())
    for text, outcome in zip(texts, together, strict=True):
        (alone,) = analysed([text], "good", shipped())
        assert alone.sentiment.label == outcome.sentiment.label
        assert alone.sentiment.score == pytest.approx(outcome.sentiment.score, abs=0.005)


@pytest.mark.parametrize(("quality", "limit"), [("fast", 2_000), ("good", 1_000)])
def test_long_comments_are_read_in_part_and_marked(quality: Quality, limit: int) -> None:
    text = ("muy buen servicio " * 300)[:5_000]
    whole, cut = analysed([text[:limit], text], quality, shipped())
    assert not whole.truncated
    assert cut.truncated
    assert cut.sentiment.score == pytest.approx(whole.sentiment.score, abs=0.005)


def test_both_paths_answer_from_many_threads_as_from_one() -> None:
    texts = ["muy lento", "excelente", "quiero cambiar de plan", "se corta la señal a cada rato"]
    barrier = threading.Barrier(4)

    def work(quality: Quality) -> list[list[Analysis]]:
        barrier.wait()
        return [analysed(texts, quality, shipped()) for _ in range(5)]

    with ThreadPoolExecutor(4) as pool:
        for quality, answers in zip(
            ("fast", "good", "fast", "good"), pool.map(work, ["fast", "good", "fast", "good"]), strict=True
        ):
            expected = analysed(texts, "fast" if quality == "fast" else "good", shipped())
            assert all(answer == expected for answer in answers)


def test_an_answer_joins_names_results_and_counts() -> None:
    request = CommentsRequest(
        comments=("Excelente servicio", Comment(id="b", text="  pésimo, muy lento ")), quality="fast"
    )
    items = WORKLOAD.split(request)
    assert [WORKLOAD.lane_of(item) for item in items] == ["fast", "fast"]
    outcomes = [outcome for outcome in WORKLOAD.analyse("fast", items) if isinstance(outcome, Analysis)]
    answer = WORKLOAD.join(request, outcomes)
    assert [result.id for result in answer.results] == [None, "b"]
    assert answer.quality == "fast"
    assert answer.model.version == WORKLOAD.version
    assert answer.summary.sentiment == {"positive": 1, "negative": 1}
    assert answer.summary.comments == 2
    assert b'"id":null' not in msgspec.json.encode(answer)


def test_nothing_to_analyse_gives_nothing() -> None:
    assert WORKLOAD.analyse("fast", list[Item]()) == []
