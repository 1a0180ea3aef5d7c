"""Holds a reduced student against Hugging Face's own code. Not part of `npm test`: it needs torch and transformers.

    python -m venv venv && venv/bin/pip install torch transformers
    venv/bin/python scripts/check_reduced_student.py --whole DIR --train FILE [--texts 2000] [--vocabulary N]
                                                     [--encoder-layers N] [--decoder-layers N] [--generations 40]

Reduces the student with `npm run headless -- reduce` and checks that

1. every text made only of kept pieces has the same pieces in both tokenizers, by transformers and by tokenizers;
2. logits over kept pieces equal those of the whole student (where no layer was left out);
3. greedy generations of transformers are those of our engine, text by text.

Prints what it counted; exits with 1 where anything differs.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

root = Path(__file__).resolve().parent.parent


def headless(*args: str, text: str = "") -> str:
    command = ["npm", "run", "--silent", "headless", "--", *args]
    return subprocess.run(command, cwd=root, input=text, check=True, capture_output=True, text=True).stdout


def read_texts(file: Path, count: int) -> list[str]:
    """Inputs, labels and rationales of rows, behind both prefixes; JSON Lines or one JSON array."""
    content = file.read_text()
    rows = json.loads(content) if content.lstrip().startswith("[") else map(json.loads, content.splitlines())
    texts: list[str] = []
    for row in rows:
        if "choices" in row and "input" not in row:
            choices = "\n".join(f"({letter}) {choice}" for letter, choice in zip("abcde", row["choices"]))
            row = {"input": f"{row['question']}\nAnswer Choices:\n{choices}", "label": row.get("answer", "")}
        source = row.get("input", "")
        texts += [f"predict: {source}", f"explain: {source}", row.get("label", ""), row.get("rationale") or ""]
    return [text for text in dict.fromkeys(texts) if text][:count]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--whole", type=Path, required=True)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--vocabulary")
    parser.add_argument("--encoder-layers")
    parser.add_argument("--decoder-layers")
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--generations", type=int, default=40)
    options = parser.parse_args()
    layers = [options.encoder_layers, options.decoder_layers]
    wishes: list[str] = []
    for name, value in [("vocabulary", options.vocabulary), ("encoder-layers", layers[0]), ("decoder-layers", layers[1])]:
        if value is not None:
            wishes += [f"--{name}", value]

    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "reduced")
        whole_path = str(options.whole.resolve())
        print(headless("reduce", "--student", whole_path, "--train", str(options.train.resolve()), "--out", out,
                       "--precision", options.precision, *wishes))
        texts = read_texts(options.train, options.texts)
        failures = check_tokens(whole_path, out, texts)
        if layers == [None, None] and options.precision == "f32":
            failures += check_logits(whole_path, out, texts[:20])
        failures += check_generations(out, texts[: options.generations])
    sys.exit(1 if failures else 0)


def check_tokens(whole_path: str, out: str, texts: list[str]) -> int:
    whole, reduced = AutoTokenizer.from_pretrained(whole_path), AutoTokenizer.from_pretrained(out)
    plain = Tokenizer.from_file(f"{out}/tokenizer.json")
    known = set(reduced.get_vocab())
    compared = different = 0
    for text in texts:
        pieces = whole.convert_ids_to_tokens(whole(text).input_ids)
        if any(piece not in known for piece in pieces):
            continue
        compared += 1
        ids = reduced(text).input_ids
        if reduced.convert_ids_to_tokens(ids) != pieces or plain.encode(text).ids != ids:
            different += 1
            print("Other pieces:", repr(text))
    print(f"Tokens: {compared} of {len(texts)} texts are made of kept pieces, {different} of them read otherwise.")
    return different + (compared == 0)


def check_logits(whole_path: str, out: str, texts: list[str]) -> int:
    tokenizers = [AutoTokenizer.from_pretrained(path) for path in (whole_path, out)]
    # Whatever they are stored in: half precision would differ by more than a row that is out of step.
    models = [AutoModelForSeq2SeqLM.from_pretrained(path, dtype=torch.float32).eval() for path in (whole_path, out)]
    whole_ids = tokenizers[0].get_vocab()
    kept = [whole_ids[tokenizers[1].convert_ids_to_tokens(i)] for i in range(models[1].config.vocab_size)]
    worst = 0.0
    for text in texts:
        logits = []
        for tokenizer, model in zip(tokenizers, models):
            with torch.no_grad():
                start = torch.tensor([[model.config.decoder_start_token_id]])
                logits.append(model(**tokenizer(text, return_tensors="pt"), decoder_input_ids=start).logits[0, 0])
        worst = max(worst, (logits[0][kept] - logits[1]).abs().max().item())
    print(f"Logits over {len(kept)} kept pieces: the largest difference in {len(texts)} texts is {worst:.1e}.")
    return int(worst > 1e-4)


def check_generations(out: str, texts: list[str]) -> int:
    tokenizer = AutoTokenizer.from_pretrained(out)
    model = AutoModelForSeq2SeqLM.from_pretrained(out, dtype=torch.float32).eval()
    lines = "".join(f"{json.dumps(text)}\n" for text in texts)
    ours = [json.loads(line) for line in
            headless("generate", "--student", out, "--json", "--max-tokens", "24", text=lines).splitlines()]
    theirs = []
    for text in texts:
        ids = model.generate(**tokenizer(text, return_tensors="pt"), max_new_tokens=24, num_beams=1, do_sample=False)
        theirs.append(tokenizer.decode(ids[0], skip_special_tokens=True))
    different = [(text, a, b) for text, a, b in zip(texts, ours, theirs) if a != b]
    for text, a, b in different[:5]:
        print("Other answers:", repr(text), repr(a), repr(b))
    print(f"Generations: {len(texts) - len(different)} of {len(texts)} are the same.")
    return len(different) + (len(ours) != len(texts))


main()
