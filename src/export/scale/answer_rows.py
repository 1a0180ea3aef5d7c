"""Answers and rationales of a trained student over a large dataset, with Ray Data: blocks of rows go over the cluster.

    python answer_rows.py --model out/model --data rows.jsonl --out answered --actors 8

Rows are JSON Lines with an "input"; whatever else they have stays. Each gets "teacherLabel" and "rationale", as `train`
reads them: so a large student can be the teacher of a smaller one. --answers-only leaves rationales as they are.
"""

import argparse
import json
from pathlib import Path

import ray

from studio import answer_of, answer_tokens


class Student:
    """One copy of the student, in its own actor."""

    def __init__(self, model, rationales, bf16):
        import torch
        from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

        self.torch, self.rationales = torch, rationales
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.tokenizer = AutoTokenizer.from_pretrained(model)
        dtype = torch.bfloat16 if bf16 else torch.float32
        self.model = AutoModelForSeq2SeqLM.from_pretrained(model, dtype=dtype).to(self.device).eval()
        recipe = json.loads((Path(model) / "run.json").read_text(encoding="utf-8"))
        self.steps = recipe["method"] == "step-by-step"
        self.limits = {"inputs": recipe["maxInputTokens"], "new": answer_tokens(recipe)}
        self.recipe = recipe

    def ask(self, prefix, texts):
        asked = self.tokenizer(
            [prefix + text if self.steps else text for text in texts],
            **{"truncation": True, "max_length": self.limits["inputs"], "padding": True, "return_tensors": "pt"},
        ).to(self.device)
        with self.torch.no_grad():
            ids = self.model.generate(
                input_ids=asked["input_ids"],
                attention_mask=asked["attention_mask"],
                **{"max_new_tokens": self.limits["new"], "num_beams": 1, "do_sample": False},
            )
        return self.tokenizer.batch_decode(ids, skip_special_tokens=True)

    def __call__(self, batch):
        texts = [str(text) for text in batch["input"]]
        batch["teacherLabel"] = [answer_of(self.recipe, text) for text in self.ask("predict: ", texts)]
        if self.rationales and self.steps:
            batch["rationale"] = self.ask("explain: ", texts)
        return batch


def main():
    parser = argparse.ArgumentParser(description="Answers rows with a trained student, over a Ray cluster.")
    parser.add_argument("--model", required=True, help="a model folder that train.py wrote, with run.json in it")
    parser.add_argument("--data", required=True, nargs="+", help="JSON Lines; a folder, several files, s3:// or gs://")
    parser.add_argument("--out", required=True, help="a new folder; each block of rows is a file in it")
    parser.add_argument("--actors", type=int, default=1, help="copies of the student")
    parser.add_argument("--batch", type=int, default=64, help="rows that a copy answers at a time")
    parser.add_argument("--cpu", action="store_true", help="copies without GPUs")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16")
    parser.add_argument("--answers-only", action="store_true", help="make no rationales")
    parser.add_argument("--blocks", type=int, help="parts that the rows are cut into (default: Ray decides)")
    parser.add_argument("--address", help="of a cluster that runs (default: RAY_ADDRESS, else one on this machine)")
    options = parser.parse_args()
    ray.init(address=options.address)
    rows = ray.data.read_json(options.data, lines=True)
    if options.blocks:
        rows = rows.repartition(options.blocks)
    model = options.model if "://" in options.model else str(Path(options.model).resolve())
    answered = rows.map_batches(
        Student,
        fn_constructor_args=(model, not options.answers_only, options.bf16),
        batch_size=options.batch,
        compute=ray.data.ActorPoolStrategy(size=options.actors),
        num_gpus=0 if options.cpu else 1,
        num_cpus=1,
    )
    answered.write_json(options.out)
    print(f"The rows are in {options.out}.")
    ray.shutdown()


if __name__ == "__main__":
    main()
