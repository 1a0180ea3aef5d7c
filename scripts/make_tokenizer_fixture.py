"""Makes tests/fixtures/tokenizer/cases.json: what Python's transformers makes of texts with the bundled tokenizer.

Run from the repository's root after scripts/make-sample.mjs and scripts/make-student.mjs:
 python scripts/make_tokenizer_fixture.py
(needs transformers 4.57 and tokenizers). The tests compare the studio's tokenizer with this table.
"""

import json
import random

from transformers import AutoTokenizer

SPACES = "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2003\u2009\u2028\u2029\u202f\u205f\u3000"
NAMED = {
    "plain": "The quick brown fox jumps over the lazy dog.",
    "predict prefix": "predict: What is it?",
    "explain prefix": "explain: where would you find a river ?",
    "prefix alone": "predict: ",
    "choices": "What do people do?\nAnswer Choices:\n(a) talk to each other\n(b) read a book\n(c) 12 things",
    "empty": "",
    "only spaces": "   ",
    "spaces at the ends": "  two  words  ",
    "every white space": "a".join(SPACES) + "b",
    "zero width and byte order mark": "a\u200bb \ufeffc",
    "byte order mark first": "\ufeffstart",
    "end token inside": "a man sleeps.</s>A person rests.",
    "end token with spaces": " </s> one </s> two ",
    "unk and pad inside": "a<unk>b <pad> c",
    "metaspace in text": "a\u2581b \u2581\u2581c",
    "contractions": "I don't think it's theirs, we've said they're not mine; I'm sure.",
    "spaces before signs": "Hello , world ! Is it n't ' so ' ? I 'm here .",
    "every sign": "".join(chr(code) for code in range(33, 127)),
    "signs apart": " ".join(chr(code) for code in range(33, 127)),
    "numbers": "1,234,567.89 0.5 .5 5. 12345678901234567890",
    "accents": "café naïve façade Ångström résumé",
    "combining acute": "cafe\u0301",
    "full width and ligature": "ＡＢＣ１２３ ﬁnd ½ ① x² Ⅳ ™",
    "other scripts": "中文 Привет αβγ مرحبا こんにちは",
    "emoji": "fine 👍🏽 thanks 👩‍👩‍👧",
    "control characters": "a\u0000b\u0007c\u001bd\u007fe",
    "markup": '<img src=x onerror="alert(1)"> &amp; <b>',
    "unknown between words": "one 中 two中three",
    "long word": "pneumonoultramicroscopicsilicovolcanoconiosis" * 3,
}
CUT = [("predict: one two three four five", 4), ("one two", 3), ("one two", 2), ("one two", 1), ("</s></s></s>", 3)]
RANDOM_CASES = 60
SAMPLE_ROWS = 5


def main():
    tokenizer = AutoTokenizer.from_pretrained("public/students/nano")
    cases = []

    def add(name, text, max_length=None):
        limit = {} if max_length is None else {"truncation": True, "max_length": max_length}
        ids = tokenizer(text, **limit)["input_ids"]
        case = {
            "name": name,
            "text": text,
            "ids": ids,
            "decoded": tokenizer.decode(ids, skip_special_tokens=True),
            "decodedRaw": tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False),
        }
        cases.append(case if max_length is None else {**case, "maxLength": max_length})

    for name, text in NAMED.items():
        add(name, text)
    for text, max_length in CUT:
        add(f"cut to {max_length}: {text}", text, max_length)
    chance = random.Random(7)
    parts = ["the", "person", "ing", "un", "Q", "zx", " ", "  ", "\n", ".", ",", "'", "é", "中", "7", "</s>", "▁", "ﬁ", "n't"]
    for number in range(RANDOM_CASES):
        add(f"random {number}", "".join(chance.choice(parts) for _ in range(chance.randint(1, 14))))
    with open("public/sample/train.jsonl", encoding="utf-8") as file:
        for number, line in zip(range(SAMPLE_ROWS), file):
            row = json.loads(line)
            add(f"sample row {number}, answer task", "predict: " + row["input"])
            add(f"sample row {number}, rationale", row["rationale"])
    with open("tests/fixtures/tokenizer/cases.json", "w", encoding="utf-8") as file:
        file.write(json.dumps(cases, ensure_ascii=True, indent=None, separators=(",", ":")).replace('},{"name"', '},\n{"name"'))
        file.write("\n")
    print(f"{len(cases)} cases")


if __name__ == "__main__":
    main()
