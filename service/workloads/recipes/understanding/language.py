"""Which language a recipe is in, by the words that every recipe has."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Final

from service.workloads.recipes.messages import Language
from service.workloads.recipes.understanding.letters import words_of
from service.workloads.recipes.understanding.vocabulary import TONGUES, vocabulary_of

MOST_WORDS: Final = 2_000
"""Words that are looked at."""
LEAST_SHARE: Final = 0.15
"""Of the words, that must speak for a language; each counts less the more languages have it."""

_COMMON: Final = {
    "es": """de la el los las y con en un una para por que se al del su hasta sobre sin mas bien todo agregar mezclar
    horno minutos ingredientes preparacion cucharada cucharadas cucharadita taza tazas receta fuego harina huevos azucar
    leche sal pimienta aceite agua cebolla ajo gusto dejar luego anadir cocinar batir lo o a""",
    "en": """the of and with in a an to for until into or from on at add mix stir bake minutes ingredients directions
    cup cups tablespoon tablespoons teaspoon teaspoons tbsp tsp oven flour sugar salt pepper butter egg eggs milk oil
    water large chopped heat over about well then serves makes it is""",
    "pt": """de da do das dos e o a os as com em um uma para por que ao na no ate sem mais bem nao xicara xicaras colher
    colheres cha sopa farinha acucar ovos ovo leite manteiga sal oleo agua forno minutos modo preparo misture leve
    adicione ingredientes cebola alho gosto fermento receita asse mexa assadeira fogo picada""",
    "it": """di il lo la gli le e con in un una per che si al del della nel fino a da farina zucchero uova uovo
    latte burro sale olio acqua forno minuti ingredienti preparazione cucchiaio cucchiai cucchiaino cipolla aglio pepe
    aggiungete mescolate cuocere quanto basta grammi impasto pasta unite ricetta lievito bicchiere spicchio""",
    "fr": """de la le les des du et avec en un une pour que au aux dans sur jusqu sans a l d farine sucre oeufs
    oeuf lait beurre sel huile eau four minutes ingredients preparation cuillere cuilleres soupe cafe oignon
    ail poivre ajouter melanger cuire pincee recette pate creme faire laisser sachet levure verser""",
    "de": """der die das und mit in ein eine einen fur zu den dem bis auf aus im nicht mehl zucker eier ei milch butter
    salz ol wasser ofen minuten zutaten zubereitung el tl esstoffel teeloffel zwiebel knoblauch pfeffer prise
    vanillezucker backpulver geben verruhren backen rezept teig lassen etwas dann gut""",
}


def language_of(lines: Iterable[str]) -> Language:
    """The language of ``lines``; `other` where neither Spanish nor English is likelier than its neighbours."""
    words = [word for line in lines for word in words_of(line)][:MOST_WORDS]
    weights = _weights()
    scores: defaultdict[str, float] = defaultdict(float)
    for word in words:
        for code, weight in weights.get(word, {}).items():
            scores[code] += weight
    if not scores:
        return "other"
    (best, score), *rest = sorted(scores.items(), key=lambda one: -one[1])[:2]
    if score < LEAST_SHARE * len(words) or (rest and rest[0][1] == score):
        return "other"
    return "es" if best == "es" else "en" if best == "en" else "other"


@cache
def _weights() -> dict[str, dict[str, float]]:
    """What each word says for each language: one, parted among those that have it."""
    known = {code: set(words.split()) for code, words in _COMMON.items()}
    for tongue in TONGUES:
        vocabulary = vocabulary_of(tongue)
        foreign = set().union(*(words for code, words in known.items() if code != tongue))
        names = {name for name in vocabulary.unit_codes if len(name) > 3 and " " not in name}
        known[tongue] |= (vocabulary.food_words | names) - foreign
    holders = Counter(word for words in known.values() for word in words)
    return {word: {code: 1 / holders[word] for code, words in known.items() if word in words} for word in holders}
