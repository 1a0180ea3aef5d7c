"""Nano's Unigram tokenizer: the words of its lessons, common English words, endings and single characters."""

import math
import re
from collections import Counter

from lessons import SENTINELS
from world import World

METASPACE = "▁"
SPECIAL = ["<pad>", "</s>", "<unk>"]
ACCENTED = "£€¢°×÷±–—‘’“”«»¿¡•àáâäçèéêëíîïñóôöùúûüßæøåÀÁÄÅÇÈÉÍÑÓÖÜØ"


def pieces_of(text: str) -> list[str]:
    """Runs of letters, single digits, single signs; the metaspace before what follows a space."""
    return [piece for word in text.split() for piece in re.findall(r"▁?(?:[^\W\d_]+|.)", METASPACE + word)]


def make_vocabulary(world: World, texts: list[str]) -> list[list]:
    """Pieces and scores (natural logarithms of relative frequencies), the special ones first."""
    counts: Counter = Counter()
    for text in texts:
        counts.update(piece for piece in pieces_of(re.sub(r"<extra_id_\d+>", " ", text)) if piece != METASPACE)

    def at_least(piece: str, count: float) -> None:
        counts[piece] = max(counts[piece], count)

    # What the lessons do not show has a count that keeps known words whole and makes spelling the last resort.
    for word in [*world.words, *world.common_words]:
        at_least(METASPACE + word, 0.5)
    for suffix in world.suffixes:
        at_least(suffix, 0.2)
    at_least(METASPACE, 0.2)
    ascii_signs = [chr(code) for code in range(33, 127)]
    for character in [*ascii_signs, *ACCENTED]:
        at_least(character, 0.05)
    for character in ascii_signs:
        if character.isalnum():
            at_least(METASPACE + character, 0.05)
    total = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [[piece, 0.0] for piece in SPECIAL] + [[p, round(math.log(n / total), 6)] for p, n in ordered]


def make_tokenizer(vocabulary: list[list]) -> dict:
    """`tokenizer.json`; the sentinels of span corruption have the ids after the pieces."""

    def special(content: str, token: int) -> dict:
        flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
        return {"id": token, "content": content, **flags}

    def sequence(name: str) -> dict:
        return {"Sequence": {"id": name, "type_id": 0}}

    end = {"SpecialToken": {"id": "</s>", "type_id": 0}}
    spaces = {"replacement": METASPACE, "prepend_scheme": "always", "split": True}
    added = [special(content, token) for token, content in enumerate(SPECIAL)]
    added += [special(content, len(vocabulary) + index) for index, content in enumerate(SENTINELS)]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "NFKC"},
                {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "},
                # Not `Strip`: it also takes a byte order mark in JavaScript, and does not in Rust.
                {"type": "Replace", "pattern": {"Regex": "^ +| +$"}, "content": ""},
            ],
        },
        "pre_tokenizer": {"type": "Metaspace", **spaces},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [sequence("A"), end],
            "pair": [sequence("A"), end, sequence("B"), end],
            "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}},
        },
        "decoder": {"type": "Metaspace", **spaces},
        "model": {"type": "Unigram", "unk_id": 2, "vocab": vocabulary, "byte_fallback": False},
    }
