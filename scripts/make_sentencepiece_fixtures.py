"""
Writes tests/fixtures/sentencepiece: a tiny model with its own rules, and the ids that SentencePiece gives.

    python -m pip install "sentencepiece==0.2.3" protobuf
    python scripts/make_sentencepiece_fixtures.py

    spiece.model   T5's special pieces, 120 in all, a user-defined piece, rules for wide letters, ligatures and spaces
    cases.json     texts, their ids (T5's end token last) and what the ids are written as; none with the user-defined
                   piece, after which Hugging Face's tokenizers begin a new word and SentencePiece does not
"""

import io
import json
import random
from pathlib import Path

import sentencepiece

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "tests" / "fixtures" / "sentencepiece"
RULES = {"\uff21": "A", "\uff42": "b", "\ufb01": "fi", "\u00a0": " ", "\u00ad": "", "\u00e9": "e\u0301", "\u2026": "..."}
SIGNS = ["\uff21", "\uff42", "\ufb01", "\u00a0", "\u00ad", "e\u0301", "\u00e9", "\u2026", "\U0001f469\u200d\U0001f52c", "{", "  ", "\t", "\u4e2d"]


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    rules = OUT / "rules.tsv"
    point = lambda text: " ".join(f"{ord(sign):X}" for sign in text)
    rules.write_text("".join(f"{point(a)}\t{point(b)}\n" for a, b in RULES.items()))
    words = (ROOT / "CONTRIBUTING.md").read_text().split()
    lines = [" ".join(words[at : at + 12]) for at in range(0, len(words), 12)]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        vocab_size=120,
        model_type="unigram",
        normalization_rule_tsv=str(rules),
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        user_defined_symbols=["<keep>"],
        hard_vocab_limit=False,
        minloglevel=2,
    )
    rules.unlink()
    (OUT / "spiece.model").write_bytes(model.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    chance = random.Random(7)
    texts = ["", "a b", "The tests", *RULES, *(f"a{sign}b" for sign in SIGNS)]
    for _ in range(150):
        parts = [chance.choice([*words, *SIGNS]) + chance.choice(["", " ", " "]) for _ in range(chance.randint(1, 8))]
        texts.append("".join(parts))
    cases = [{"text": text, "ids": [*processor.encode(text), 1], "written": processor.decode(processor.encode(text))} for text in texts]
    (OUT / "cases.json").write_text(json.dumps(cases, ensure_ascii=True, indent=0) + "\n")


main()
