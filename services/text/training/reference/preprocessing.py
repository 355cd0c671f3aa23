"""The reference's preprocessing: tokenise, clean, lower, stop words, part of speech, lemma, pad to 300."""

import re
from collections.abc import Sequence
from functools import lru_cache

from services.text.english import STOP_WORDS
from services.text.features import is_word, tokenize

LENGTH = 300
"""Lemmas of one text; longer ones are cut, shorter ones are padded in front."""
PADDING = ""
NOUN, VERB, ADJECTIVE, ADVERB, OTHER = "noun", "verb", "adjective", "adverb", "other"

_SUBJECTS = frozenset(
    [
        "i",
        "you",
        "he",
        "she",
        "it",
        "we",
        "they",
        "who",
        "to",
        "will",
        "would",
        "can",
        "could",
        "should",
        "might",
        "must",
        "may",
        "do",
        "did",
    ]
)
_DETERMINERS = frozenset(
    [
        "a",
        "an",
        "the",
        "my",
        "your",
        "his",
        "her",
        "its",
        "our",
        "their",
        "this",
        "that",
        "these",
        "those",
        "some",
        "any",
        "no",
    ]
)
_ADJECTIVE_ENDING = re.compile(r"(?:ous|ful|less|ive|able|ible|ish|al|ic)$")
_VERB_ENDING = re.compile(r"(?:ing|ed|ise|ize|ify|ised|ized)$")


def tag(words: Sequence[str]) -> list[str]:
    """Return a part of speech for each word, guessed from its ending and the word before it.

    Rules instead of a trained tagger (Brill 1992 began with such); they decide which words are reduced to
    lemmas, and nothing else.
    """
    found = []
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        if word.endswith("ly"):
            found.append(ADVERB)
        elif before in _SUBJECTS or _VERB_ENDING.search(word):
            found.append(VERB)
        elif _ADJECTIVE_ENDING.search(word) and before not in _DETERMINERS:
            found.append(ADJECTIVE)
        elif word in STOP_WORDS:
            found.append(OTHER)
        else:
            found.append(NOUN)
    return found


@lru_cache(maxsize=100_000)
def lemma(word: str, part: str) -> str:
    """Return dictionary form of a noun or verb; other words as they are."""
    import simplemma

    if part not in (NOUN, VERB):
        return word
    return str(simplemma.lemmatize(word, lang="en")).lower()


def prepare(text: str) -> list[str]:
    """Run the chain as far as lemmas: no marks, numbers or stop words left, in order."""
    words = [token for token in tokenize(text) if is_word(token)]
    tagged = zip(words, tag(words), strict=True)
    kept = [(word, part) for word, part in tagged if word not in STOP_WORDS and len(word) > 1]
    return [lemma(word, part) for word, part in kept]


def pad(lemmas: Sequence[str], length: int = LENGTH) -> list[str]:
    """Pad the first `length` lemmas in front where there are fewer."""
    kept = list(lemmas[:length])
    return [PADDING] * (length - len(kept)) + kept
