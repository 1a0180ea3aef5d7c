"""Distils a T5 student step by step with Hugging Face's Trainer: the run that Stillroom was set to.

    python -m venv venv && venv/bin/pip install torch transformers accelerate peft
    venv/bin/python train.py

Two tasks, "predict: " + input -> label and "explain: " + input -> rationale, with
loss = ALPHA * answer + (1 - ALPHA) * rationale, each the mean over its own target tokens of a whole step; or, with another
METHOD, one: input -> label, input -> rationale and label, input -> label and rationale.
Writes the losses of each step to OUT/metrics.jsonl, measurements to OUT/evaluations.jsonl and the student to OUT/model.

The order of shuffled rows and what dropout drops come from PyTorch's random numbers here, from Stillroom's there: with
SHUFFLE = False and DROPOUT = 0 the losses agree but for rounding, else the runs are as alike as two seeds.
"""

import json
import os
import sys
from pathlib import Path

import torch
from torch.utils.data import SequentialSampler
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, Trainer, TrainerCallback, TrainingArguments
from transformers.optimization import Adafactor

# <settings>
IGNORED = -100  # a target position that counts in no loss


def records(file):
    """JSON Lines or one JSON array."""
    text = Path(file).read_text(encoding="utf-8-sig")
    if text.lstrip().startswith("["):
        return json.loads(text)
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def examples(file, rationales_file):
    """Rows as {input, label, rationale, teacher}; rationales from a file of their own are joined by position."""
    rows = records(file)
    taught = None if rationales_file is None else records(rationales_file)
    if taught is not None and len(taught) != len(rows):
        sys.exit(f"{rationales_file} has {len(taught)} rows, but {file} has {len(rows)}.")
    found = []
    for position, row in enumerate(rows):
        try:
            if "input" in row:
                text, label = row["input"], row["label"]
            else:  # a CommonsenseQA row
                choices = "\n".join(f"({letter}) {choice}" for letter, choice in zip("abcde", row["choices"]))
                text, label = f"{row['question']}\nAnswer Choices:\n{choices}", row["answer"]
            if taught is None:
                rationale, teacher = row.get("rationale"), row.get("teacherLabel")
            else:
                rationale, teacher = taught[position]["rationale"], taught[position]["label"]
            if not text.strip() or not label.strip():
                raise ValueError("it is blank")
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            print(f"{file}, row {position + 1}: left out ({fault!r}).", file=sys.stderr)
            continue
        rationale = rationale if rationale and rationale.strip() else None
        found.append({"input": text, "label": label, "rationale": rationale, "teacher": teacher})
    return found


MARKERS = {"rationale-then-label": "answer:", "label-then-rationale": "because:"}  # between the parts of one target


def one_target(label, rationale, tokenizer):
    """Ids of label and rationale as one text. Where it is too long the rationale is cut, never the label behind it."""
    marker = MARKERS[METHOD]
    if METHOD == "label-then-rationale":
        parts = [label, "" if rationale is None else f" {marker} {rationale}"]
    else:
        parts = ["", f"{marker} {label}"] if rationale is None else [rationale, f" {marker} {label}"]
    whole = tokenizer("".join(parts))["input_ids"]
    if len(whole) <= MAX_TARGET_TOKENS:
        return whole
    if METHOD == "label-then-rationale":
        return tokenizer("".join(parts), truncation=True, max_length=MAX_TARGET_TOKENS)["input_ids"]
    end = tokenizer(parts[1], truncation=True, max_length=MAX_TARGET_TOKENS)["input_ids"]
    return tokenizer(parts[0])["input_ids"][:-1][: MAX_TARGET_TOKENS - len(end)] + end


def answer_of(text):
    """The answer in what a student wrote."""
    if METHOD not in MARKERS:
        return text
    before, marker, after = (
        text.rpartition(MARKERS[METHOD]) if METHOD == "rationale-then-label" else text.partition(MARKERS[METHOD])
    )
    if METHOD == "rationale-then-label":
        return after[1:] if marker and after[:1].isspace() else after if marker else ""
    return before[:-1] if marker and before[-1:].isspace() else before


def tasks(example, tokenizer):
    """Token ids of both tasks; methods other than step by step have the bare input and one target."""

    def task(prefix, target):
        source = tokenizer(prefix + example["input"], truncation=True, max_length=MAX_INPUT_TOKENS)
        if METHOD in MARKERS:
            goal = one_target(target, example["rationale"], tokenizer)
        else:
            goal = tokenizer(target, truncation=True, max_length=MAX_TARGET_TOKENS)["input_ids"]
        return {"inputs": source["input_ids"], "targets": goal}

    label = example["teacher"] if LABELS == "teacher" else example["label"]
    if label is None:
        sys.exit("A training row has no label by the teacher, and LABELS says to train on those.")
    if METHOD != "step-by-step":
        return {"answer": task("", label), "rationale": None}
    rationale = example["rationale"]
    return {
        "answer": task("predict: ", label),
        "rationale": None if rationale is None else task("explain: ", rationale),
    }


def collate(rows, pad):
    """Rows as padded batches, one for each task; a row without a rationale is in the answer task alone."""

    def padded(lists, filler):
        width = max(len(ids) for ids in lists)
        return torch.tensor([ids + [filler] * (width - len(ids)) for ids in lists])

    batch = {}
    for task in ("answer", "rationale"):
        given = [row[task] for row in rows if row[task] is not None]
        if not given:
            continue
        inputs = [one["inputs"] for one in given]
        batch[task] = {
            "input_ids": padded(inputs, pad),
            "attention_mask": padded([[1] * len(ids) for ids in inputs], 0),
            "labels": padded([one["targets"] for one in given], IGNORED),
        }
    return batch


class StepByStepTrainer(Trainer):
    """Trainer with the method's loss. Token counts are those of a whole step, accumulated batches included."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # The loss below is that of a whole step already: Trainer must not divide it by the accumulated batches.
        self.model_accepts_loss_kwargs = True

    def get_batch_samples(self, *args, **kwargs):
        batches, _ = super().get_batch_samples(*args, **kwargs)
        self.tokens = {
            task: sum(int(batch[task]["labels"].ne(IGNORED).sum()) for batch in batches if task in batch)
            for task in ("answer", "rationale")
        }
        self.sums = {"answer": 0.0, "rationale": 0.0}
        return batches, sum(self.tokens.values())

    def compute_loss(self, model, inputs, return_outputs=False, **kwargs):
        # A step without a rationale has the answer loss whole.
        alpha = ALPHA if self.tokens["rationale"] > 0 else 1.0
        loss = 0.0
        for task, weight in (("answer", alpha), ("rationale", 1 - alpha)):
            if task not in inputs:
                continue
            logits = model(**inputs[task]).logits
            total = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), inputs[task]["labels"].flatten(), ignore_index=IGNORED, reduction="sum"
            )
            self.sums[task] += total.item()
            loss = loss + weight * total / self.tokens[task]
        return (loss, None) if return_outputs else loss

    def losses(self):
        """Mean token losses of the last step, by task."""
        return {task: self.sums[task] / count if count else None for task, count in self.tokens.items()}

    def create_optimizer(self, *args, **kwargs):
        """AdamW or Adafactor; weight decay spares layer norms and every parameter with "bias" in its name."""
        if self.optimizer is None:
            named = [(name, weight) for name, weight in self.model.named_parameters() if weight.requires_grad]
            spared = [weight for name, weight in named if "layer_norm" in name or "bias" in name]
            decayed = [weight for name, weight in named if not ("layer_norm" in name or "bias" in name)]
            groups = [
                {"params": decayed, "weight_decay": WEIGHT_DECAY},
                {"params": spared, "weight_decay": 0.0},
            ]
            groups = [group for group in groups if group["params"]]
            if OPTIMIZER == "adamw":
                self.optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8)
            else:
                relative = OPTIMIZER == "adafactor-relative"
                self.optimizer = Adafactor(
                    groups,
                    lr=None if relative else LEARNING_RATE,
                    scale_parameter=relative,
                    relative_step=relative,
                    warmup_init=False,
                )
                for group in self.optimizer.param_groups if relative else []:
                    group["lr"] = LEARNING_RATE  # For the schedule, which wants a number. The step takes its own.
        return self.optimizer

    def _get_train_sampler(self, *args, **kwargs):
        return super()._get_train_sampler(*args, **kwargs) if SHUFFLE else SequentialSampler(self.train_dataset)


class Report(TrainerCallback):
    """Writes the two losses of each step, measures every EVAL_EVERY steps, and keeps the weights that TAKE asks for."""

    def __init__(self, trainer, tokenizer, validation, test):
        self.trainer, self.tokenizer, self.validation, self.test = trainer, tokenizer, validation, test
        self.file = (Path(OUT) / "metrics.jsonl").open("w", encoding="utf-8")
        self.evaluations = (Path(OUT) / "evaluations.jsonl").open("w", encoding="utf-8")
        self.best, self.since, self.kept = None, 0, None

    def on_step_end(self, args, state, control, **kwargs):
        step, losses = state.global_step, self.trainer.losses()
        point = {"step": step, "answerLoss": losses["answer"], "rationaleLoss": losses["rationale"]}
        self.file.write(json.dumps(point) + "\n")
        self.file.flush()
        if step == 1 or step % 10 == 0:
            print(point, flush=True)
        if TAKE == str(step):
            self.keep(step)
        rows = self.validation or self.test
        if rows and EVAL_EVERY > 0 and step % EVAL_EVERY == 0:
            self.measure(step, rows, control)

    def measure(self, step, rows, control):
        evaluation = {"step": step, "correct": right(self.trainer.model, self.tokenizer, rows), "total": len(rows)}
        if self.validation:
            evaluation |= {"split": "validation", **validation_losses(self.trainer.model, self.tokenizer, rows)}
        print(evaluation, flush=True)
        self.evaluations.write(json.dumps(evaluation) + "\n")
        self.evaluations.flush()
        # By accuracy; where that is equal by loss. Of equals the later is taken, but patience asks for a better one.
        score = (evaluation["correct"], -evaluation.get("loss", 0.0))
        if self.best is None or score >= self.best:
            if TAKE == "best":
                self.keep(step)
        self.since = 0 if self.best is None or score > self.best else self.since + 1
        self.best = score if self.best is None else max(score, self.best)
        if PATIENCE > 0 and self.since >= PATIENCE:
            print(f"Ended early: {PATIENCE} measurements in a row were no better than the best.")
            control.should_training_stop = True

    def keep(self, step):
        weights = self.trainer.model.state_dict()
        self.kept = step, {name: weight.detach().cpu().clone() for name, weight in weights.items()}

    def take(self):
        """Puts the weights that were kept back into the model."""
        if self.kept is not None:
            step, weights = self.kept
            self.trainer.model.load_state_dict(weights)
            print(f"Taken: the weights of step {step}.")


@torch.no_grad()
def validation_losses(model, tokenizer, rows, batch_size=10):
    """Mean token losses of both tasks without dropout, and both weighted as in training."""
    training, sums, tokens = model.training, {}, {}
    model.eval()
    # As tests are: against the true labels, whosever are trained on.
    lists = [tasks({**row, "teacher": row["label"]}, tokenizer) for row in rows]
    for start in range(0, len(lists), batch_size):
        batch = collate(lists[start : start + batch_size], tokenizer.pad_token_id)
        for task, part in batch.items():
            part = {name: tensor.to(model.device) for name, tensor in part.items()}
            logits = model(**part).logits
            total = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), part["labels"].flatten(), ignore_index=IGNORED, reduction="sum"
            )
            sums[task] = sums.get(task, 0.0) + total.item()
            tokens[task] = tokens.get(task, 0) + int(part["labels"].ne(IGNORED).sum())
    model.train(training)
    answer = sums["answer"] / tokens["answer"]
    rationale = sums["rationale"] / tokens["rationale"] if "rationale" in sums else None
    alpha = 1.0 if rationale is None else ALPHA
    loss = alpha * answer + (1 - alpha) * (rationale or 0.0)
    return {"answerLoss": answer, "rationaleLoss": rationale, "loss": loss}


@torch.no_grad()
def right(model, tokenizer, rows, batch_size=32):
    """How many answers are the true label, letter by letter, as GENERATION has them chosen."""
    training, prefix, correct = model.training, "predict: " if METHOD == "step-by-step" else "", 0
    # A penalty must be a float there.
    generation = {**GENERATION, "repetition_penalty": float(GENERATION["repetition_penalty"])}
    limit = max(GENERATION_MAX_TOKENS, MAX_TARGET_TOKENS) if METHOD == "rationale-then-label" else GENERATION_MAX_TOKENS
    model.eval()
    for start in range(0, len(rows), batch_size):
        part = rows[start : start + batch_size]
        asked = tokenizer(
            [prefix + row["input"] for row in part],
            **{"truncation": True, "max_length": MAX_INPUT_TOKENS, "padding": True, "return_tensors": "pt"},
        ).to(model.device)
        ids = model.generate(
            input_ids=asked["input_ids"],
            attention_mask=asked["attention_mask"],
            **{"max_new_tokens": limit, "do_sample": False, **generation},
        )
        answers = tokenizer.batch_decode(ids, skip_special_tokens=True)
        correct += sum(answer_of(answer) == row["label"] for answer, row in zip(answers, part))
    model.train(training)
    return correct


def part_of(name):
    """The part of the student that a parameter belongs to."""
    if name == "shared.weight":
        return "embeddings"
    return "encoder" if name.startswith("encoder.") else "decoder"


def refuse_several():
    """Each process would train its own run here, and each GPU would enlarge the batch."""
    several = "For several processes or machines: npm run headless -- export --scale."
    processes, gpus = int(os.environ.get("WORLD_SIZE", "1")), torch.cuda.device_count()
    if processes > 1:
        sys.exit(f"WORLD_SIZE says {processes} processes, and this program trains on one. {several}")
    if gpus > 1:
        sys.exit(f"{gpus} GPUs are seen, and this program trains on one: set CUDA_VISIBLE_DEVICES=0. {several}")


def refuse_earlier():
    """A run of days is not replaced by starting the program once more."""
    curve = Path(OUT) / "metrics.jsonl"
    if curve.exists() and curve.stat().st_size > 0:
        sys.exit(f"{OUT} holds a run, which a new one would replace. Change OUT in this file, or move that folder away.")


def round_to_half(model):
    """The base as the studio keeps it in half precision: matrices hold what float16 does, all is computed in float32."""
    for name, weight in model.named_parameters():
        if weight.dim() == 2 and "relative_attention_bias" not in name and weight.numel() % 2 == 0:
            weight.data = weight.data.half().float()


def main():
    refuse_several()
    refuse_earlier()
    tokenizer = AutoTokenizer.from_pretrained(STUDENT)
    model = AutoModelForSeq2SeqLM.from_pretrained(STUDENT, dropout_rate=DROPOUT).float()
    for name, weight in model.named_parameters():
        weight.requires_grad_(part_of(name) not in FREEZE)
    if LORA is not None:
        from peft import LoraConfig, get_peft_model

        if LORA.get("baseDtype") == "float16":
            round_to_half(model)
        model = get_peft_model(
            model,
            LoraConfig(
                task_type="SEQ_2_SEQ_LM",
                r=LORA["rank"],
                lora_alpha=LORA["alpha"],
                lora_dropout=LORA["dropout"],
                target_modules=LORA["targets"],
            ),
        )
    taught = examples(TRAIN, TRAIN_RATIONALES)
    train = [tasks(example, tokenizer) for example in taught]
    validation = [] if VALIDATION is None else examples(VALIDATION, VALIDATION_RATIONALES)
    test = [] if TEST is None else examples(TEST, TEST_RATIONALES)[:TEST_ROWS]
    if METHOD != "standard" and all(row["rationale"] is None for row in taught):
        sys.exit("No training row has a rationale, and this METHOD needs them.")
    print(f"{len(train)} training rows, {len(validation)} validation rows, {len(test)} test rows")
    if test and not validation and (TAKE == "best" or PATIENCE > 0):
        print("There are no validation rows, so the test rows decide which weights are taken.", file=sys.stderr)

    Path(OUT).mkdir(parents=True, exist_ok=True)
    trainer = StepByStepTrainer(
        model=model,
        args=TrainingArguments(
            output_dir=OUT,
            max_steps=STEPS,
            per_device_train_batch_size=BATCH_SIZE,
            gradient_accumulation_steps=ACCUMULATION,
            learning_rate=LEARNING_RATE,
            lr_scheduler_type={"constant": "constant_with_warmup"}.get(SCHEDULE, SCHEDULE),
            warmup_steps=WARMUP_STEPS,
            max_grad_norm=MAX_GRAD_NORM,
            seed=SEED,
            save_strategy="steps" if SAVE_EVERY > 0 else "no",
            save_steps=max(1, SAVE_EVERY),
            save_total_limit=2,
            logging_strategy="no",
            report_to="none",
            remove_unused_columns=False,
        ),
        train_dataset=train,
        data_collator=lambda rows: collate(rows, tokenizer.pad_token_id),
    )
    report = Report(trainer, tokenizer, validation, test)
    trainer.add_callback(report)
    trainer.train()
    report.take()
    if test:
        print(f"after training: {right(model, tokenizer, test)} of {len(test)} right")
    if LORA is not None:
        model.save_pretrained(Path(OUT) / "adapter")
        model = model.merge_and_unload()
    model.save_pretrained(Path(OUT) / "model")
    tokenizer.save_pretrained(Path(OUT) / "model")
    print(f"The student is in {OUT}/model.")


if __name__ == "__main__":
    main()
