/** The Python program of `python-run.ts`; the run's own values take the place of `# CONSTANTS`. */
export const pythonBody = String.raw`"""
Distils a T5 step by step with Hugging Face's Trainer: the run that Stillroom described.

    python -m pip install torch transformers accelerate safetensors
    python train.py

The paths below are where the files are looked for; --student, --train, … name others. Same as in Stillroom: rows, tasks,
loss, AdamW, schedule, clipping, steps and batches. Not the same: the order of rows and the dropout that a seed gives
(with SHUFFLE = False and DROPOUT = 0.0 both agree), and accuracy is measured once, at the end.
"""

import argparse
import json
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from torch.utils.data import SequentialSampler
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, Trainer, TrainingArguments

# CONSTANTS


def read_records(file):
    text = Path(file).read_text(encoding="utf-8-sig")
    if text.lstrip().startswith("["):
        return json.loads(text)
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def filled(value):
    return isinstance(value, str) and value.strip() != ""


def read_examples(file, rationales_file):
    """Rows {input, label, rationale, teacherLabel}; CoS-E rows are composed as the method's authors do."""
    rows = read_records(file)
    taught = None if rationales_file is None else read_records(rationales_file)
    if taught is not None and len(taught) != len(rows):
        raise SystemExit(f"{rationales_file} has {len(taught)} rows, {file} has {len(rows)}: they are joined by position.")
    examples = []
    for index, row in enumerate(rows):
        if all(column in row for column in ("question", "choices", "answer")):
            if not isinstance(row["choices"], list) or len(row["choices"]) != 5:
                continue
            choices = "\n".join(f"({letter}) {choice}" for letter, choice in zip("abcde", row["choices"]))
            text = row["question"] + "\nAnswer Choices:\n" + choices if filled(row["question"]) else None
            label = row.get("answer")
        else:
            text, label = row.get("input"), row.get("label")
        if not filled(text) or not filled(label):
            continue
        if taught is None:
            rationale, teacher = row.get("rationale"), row.get("teacherLabel")
        else:
            rationale, teacher = taught[index].get("rationale"), taught[index].get("label")
        examples.append(
            {"input": text, "label": label, "rationale": rationale if filled(rationale) else None, "teacherLabel": teacher}
        )
    return examples


def tokens_of(tokenizer, text, limit):
    return tokenizer(text, truncation=True, max_length=limit)["input_ids"]


def tasks_of(example, tokenizer):
    """Token ids of the two tasks; a row without a rationale has the answer alone."""
    label = example["teacherLabel"] if TEACHER_LABELS else example["label"]
    if label is None:
        raise SystemExit("A row has no label by the teacher, and the run trains on the teacher's labels.")
    row = {
        "answer": (
            tokens_of(tokenizer, ANSWER_PREFIX + example["input"], MAX_INPUT_TOKENS),
            tokens_of(tokenizer, label, MAX_TARGET_TOKENS),
        )
    }
    if RATIONALE_PREFIX is not None and example["rationale"] is not None:
        row["rationale"] = (
            tokens_of(tokenizer, RATIONALE_PREFIX + example["input"], MAX_INPUT_TOKENS),
            tokens_of(tokenizer, example["rationale"], MAX_TARGET_TOKENS),
        )
    return row


def padded(rows, value):
    length = max(len(row) for row in rows)
    return torch.tensor([list(row) + [value] * (length - len(row)) for row in rows])


def collate(rows, pad):
    batch = {}
    for task in ("answer", "rationale"):
        pairs = [row[task] for row in rows if task in row]
        if pairs:
            batch[task] = {
                "input_ids": padded([inputs for inputs, _ in pairs], pad),
                "attention_mask": padded([[1] * len(inputs) for inputs, _ in pairs], 0),
                "labels": padded([targets for _, targets in pairs], -100),
            }
    return batch


class StepByStepTrainer(Trainer):
    """Loss: ALPHA x answer + (1 - ALPHA) x rationale, each the mean over its own target tokens of the whole step."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # The loss below is divided by the tokens of all batches of a step already, not to be divided once more.
        self.model_accepts_loss_kwargs = True
        self.sums = {"answer": 0.0, "rationale": 0.0}

    def _get_train_sampler(self, *args, **kwargs):
        return super()._get_train_sampler(*args, **kwargs) if SHUFFLE else SequentialSampler(self.train_dataset)

    def get_batch_samples(self, *args, **kwargs):
        batches, _ = super().get_batch_samples(*args, **kwargs)
        self.tokens = {
            task: sum(int((batch[task]["labels"] != -100).sum()) for batch in batches if task in batch)
            for task in ("answer", "rationale")
        }
        self.sums = {"answer": 0.0, "rationale": 0.0}
        return batches, self.tokens["answer"]

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        alpha = ALPHA if self.tokens["rationale"] > 0 else 1.0
        loss = 0.0
        for task, weight in (("answer", alpha), ("rationale", 1 - alpha)):
            if task not in inputs:
                continue
            batch = inputs[task]
            logits = model(**batch).logits
            total = cross_entropy(
                logits.flatten(0, 1).float(), batch["labels"].flatten(), ignore_index=-100, reduction="sum"
            )
            mean = total / self.tokens[task]
            self.sums[task] += mean.item()
            loss = loss + weight * mean
        return loss

    def log(self, logs, *args, **kwargs):
        if "loss" in logs:
            logs["answer_loss"] = self.sums["answer"]
            if self.tokens["rationale"] > 0:
                logs["rationale_loss"] = self.sums["rationale"]
        super().log(logs, *args, **kwargs)


def accuracy(model, tokenizer, examples):
    """Exact match, as the method's authors count it."""
    model.eval()
    right = 0
    for start in range(0, len(examples), 32):
        rows = examples[start : start + 32]
        inputs = [tokens_of(tokenizer, ANSWER_PREFIX + row["input"], MAX_INPUT_TOKENS) for row in rows]
        ids = model.generate(
            input_ids=padded(inputs, model.config.pad_token_id).to(model.device),
            attention_mask=padded([[1] * len(row) for row in inputs], 0).to(model.device),
            max_new_tokens=MAX_NEW_TOKENS,
            num_beams=1,
            do_sample=False,
        )
        answers = tokenizer.batch_decode(ids, skip_special_tokens=True)
        right += sum(answer == row["label"] for answer, row in zip(answers, rows))
    return right


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--student", default=STUDENT)
    parser.add_argument("--train", default=TRAIN)
    parser.add_argument("--train-rationales", default=TRAIN_RATIONALES)
    parser.add_argument("--test", default=TEST)
    parser.add_argument("--test-rationales", default=TEST_RATIONALES)
    parser.add_argument("--out", default="distilled")
    args = parser.parse_args()

    examples = read_examples(args.train, args.train_rationales)
    if not examples:
        raise SystemExit(f"{args.train} has no rows that can be trained on.")
    tokenizer = AutoTokenizer.from_pretrained(args.student)
    model = AutoModelForSeq2SeqLM.from_pretrained(args.student, dropout_rate=DROPOUT).float()
    for name, weight in model.named_parameters():
        part = "embeddings" if name == "shared.weight" else "encoder" if name.startswith("encoder.") else "decoder"
        weight.requires_grad = part not in FREEZE

    trainer = StepByStepTrainer(
        model=model,
        args=TrainingArguments(
            output_dir=args.out,
            max_steps=STEPS,
            per_device_train_batch_size=BATCH_SIZE,
            gradient_accumulation_steps=ACCUMULATION,
            optim="adamw_torch",
            learning_rate=LEARNING_RATE,
            lr_scheduler_type=SCHEDULE,
            warmup_steps=WARMUP_STEPS,
            weight_decay=WEIGHT_DECAY,
            max_grad_norm=MAX_GRAD_NORM,
            seed=SEED,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            remove_unused_columns=False,
        ),
        train_dataset=[tasks_of(example, tokenizer) for example in examples],
        data_collator=lambda rows: collate(rows, model.config.pad_token_id),
    )
    trainer.train()
    trainer.save_state()
    trainer.save_model(args.out)
    tokenizer.save_pretrained(args.out)
    if args.test is not None:
        test = read_examples(args.test, args.test_rationales)[:TEST_ROWS]
        print(f"accuracy: {accuracy(model, tokenizer, test)} of {len(test)} right")
    print(f"The student is in {args.out}.")


if __name__ == "__main__":
    main()
`;
