"""Distils nano on the sample as the studio's preset "small" does, with PyTorch, and prints accuracies on a split.

Run: python scripts/nano/distil_check.py [--student FOLDER] [--rows 400] [--labels teacher] [--seeds 1 2 3]
Each line is one run; the last lines have mean and standard deviation over the seeds.
"""

import argparse
import json
import random
import statistics
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import T5ForConditionalGeneration

from student import answer, encode, linear_rate, make_optimiser, step, task_loss
from world import ROOT

STEPS = 600
BATCH = 16
RATE = 2e-3
WARMUP = 20
WEIGHT_DECAY = 0.01
DROPOUT = 0.1
LABEL_TOKENS = 8


def read(split: str) -> list[dict]:
    path = ROOT / f"public/sample/{split}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def load(folder: Path) -> T5ForConditionalGeneration:
    return T5ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, dropout_rate=DROPOUT)


def accuracy(student, tokenizer: Tokenizer, rows: list[dict], prefix: str) -> float:
    answers = answer(student, tokenizer, [prefix + row["input"] for row in rows], LABEL_TOKENS)
    return sum(text == row["label"] for text, row in zip(answers, rows)) / len(rows)


def distil(folder: Path, tokenizer: Tokenizer, rows: list[dict], labels: str, alpha: float, steps: int, seed: int):
    """A student after standard fine-tuning (alpha 1) or step by step."""
    torch.manual_seed(seed)
    chance = random.Random(seed)
    student = load(folder).train()
    optimiser = make_optimiser(student, WEIGHT_DECAY)
    prefix = "" if alpha == 1 else "predict: "
    inputs = encode(tokenizer, [prefix + row["input"] for row in rows])
    targets = encode(tokenizer, [row["label" if labels == "gold" else "teacherLabel"] for row in rows])
    explain = encode(tokenizer, ["explain: " + row["input"] for row in rows])
    reasons = encode(tokenizer, [row["rationale"] for row in rows])
    order: list[int] = []
    for done in range(steps):
        if not order:
            order = chance.sample(range(len(rows)), len(rows))
        batch, order = order[:BATCH], order[BATCH:]
        loss = task_loss(student, [inputs[i] for i in batch], [targets[i] for i in batch])
        if alpha < 1:
            reason = task_loss(student, [explain[i] for i in batch], [reasons[i] for i in batch])
            loss = alpha * loss + (1 - alpha) * reason
        step(student, optimiser, loss, linear_rate(done, steps, WARMUP, RATE))
    return student


def spread(values: list[float]) -> str:
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.3f} ± {deviation:.3f} ({', '.join(f'{value:.3f}' for value in values)})"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--student", type=Path, default=ROOT / "public/students/nano")
    options.add_argument("--split", default="test", choices=["validation", "test"])
    options.add_argument("--rows", type=int, nargs="+", default=[400])
    options.add_argument("--labels", nargs="+", default=["teacher"], choices=["gold", "teacher"])
    options.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    options.add_argument("--alphas", type=float, nargs="+", default=[1.0, 0.1], help="1 is standard fine-tuning")
    options.add_argument("--steps", type=int, default=STEPS)
    options.add_argument("--threads", type=int, default=1)
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)

    tokenizer = Tokenizer.from_file(str(chosen.student / "tokenizer.json"))
    test = read(chosen.split)
    teacher = sum(row["teacherLabel"] == row["label"] for row in test) / len(test)
    base = accuracy(load(chosen.student), tokenizer, test, "")
    print(f"{chosen.split}: {len(test)} rows, teacher {teacher:.3f}, base {base:.3f}", flush=True)
    summary = []
    for count in chosen.rows:
        train = read("train")[:count]
        for labels in chosen.labels:
            found: dict[float, list[float]] = {alpha: [] for alpha in chosen.alphas}
            for seed in chosen.seeds:
                for alpha in chosen.alphas:
                    begun = time.time()
                    student = distil(chosen.student, tokenizer, train, labels, alpha, chosen.steps, seed)
                    share = accuracy(student, tokenizer, test, "" if alpha == 1 else "predict: ")
                    found[alpha].append(share)
                    took = time.time() - begun
                    print(f"{count} rows, {labels}, alpha {alpha}, seed {seed}: {share:.3f} ({took:.0f} s)", flush=True)
            for alpha, shares in found.items():
                summary.append(f"{count} rows, {labels} labels, alpha {alpha}: {spread(shares)}")
    print("\n".join(summary))


if __name__ == "__main__":
    main()
