"""Distils this folder's student step by step, on one process or on many: see README.md.

    python train.py                                    one process
    torchrun --nproc-per-node 8 train.py               the GPUs of one machine
    accelerate launch --num_processes 8 train.py       the same
    python ray_train.py --workers 16                   a Ray cluster

Two tasks, "predict: " + input -> label and "explain: " + input -> rationale, with
loss = alpha * answer + (1 - alpha) * rationale, each the mean over its own target tokens of a whole step, on all
processes. A step has the same rows however many processes there are: batchSize * accumulation of them.
"""

import argparse
import json
import math
import os
import signal
import sys
import time
from pathlib import Path

import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
from transformers.modeling_outputs import BaseModelOutput
from transformers.utils import logging as transformers_logging

from run_folder import HERE, RunError, RunFolder
from studio import (
    IGNORED,
    TASKS,
    Plan,
    answer_of,
    answer_prompt,
    answer_tokens,
    is_decayed,
    learning_rate,
    part_of,
    tasks,
)
from team import Team

SAVE_EVERY_SECONDS = 180  # where the recipe's saveEvery is later, or 0


def arguments(words=None):
    parser = argparse.ArgumentParser(description="Distils this folder's student, on one process or on many.")
    parser.add_argument("--out", default=str(HERE / "out"), help="the run's folder (default: out, beside this file)")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out from its newest checkpoint")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16; weights and moments stay float32")
    parser.add_argument("--fsdp", action="store_true", help="share the student among the processes (FSDP2)")
    parser.add_argument("--micro-batch", type=int, help="rows at a time on a process (default: the recipe's batchSize)")
    parser.add_argument("--until", type=int, help="stop after this step, with a checkpoint to go on from")
    parser.add_argument("--processes", type=int, help="end at once unless so many processes work together")
    parser.add_argument("--cpu", action="store_true", help="leave GPUs alone")
    return parser.parse_args(words)


class Ending:
    """Whether this process was asked to end (a machine that is taken back): the step in hand is finished first."""

    def __init__(self):
        self.asked = False
        for name in ("SIGTERM", "SIGUSR1"):
            try:
                signal.signal(getattr(signal, name), self.ask)
            except (AttributeError, ValueError):  # another system, or not the main thread (Ray)
                continue

    def ask(self, *_):
        self.asked = True


class Training:
    """A run: the student, its optimiser, and a step at a time."""

    def __init__(self, options, team):
        self.options, self.team = options, team
        self.folder = RunFolder(options.out)
        recipe_text = team.led(self.folder.recipe_text)
        self.recipe = json.loads(recipe_text)
        if self.recipe.get("lora") is not None:
            raise RunError("This recipe trains adapters (lora), which train.py does not. Train them in the studio.")
        if self.recipe.get("optimizer", "adamw") != "adamw":
            raise RunError("This recipe trains with Adafactor, which train.py does not. Train it in the studio.")
        if self.recipe.get("take", "last") != "last" or self.recipe.get("patience", 0) > 0:
            raise RunError('train.py takes all steps and their last weights: choose "last" for take, 0 for patience.')
        team.led(self.folder.check_project)
        student = str(HERE / "student")
        self.tokenizer = AutoTokenizer.from_pretrained(student)
        model = AutoModelForSeq2SeqLM.from_pretrained(student, dropout_rate=self.recipe["dropout"]).float()
        for name, weight in model.named_parameters():
            weight.requires_grad_(part_of(name) not in self.recipe["freeze"])
        model.train()
        self.parameters = sum(weight.numel() for weight in model.parameters())
        self.model, self.net = model, team.spread(model)
        self.optimizer = self.make_optimizer()
        self.train_rows = self.rows("train.jsonl")
        self.test_rows = self.rows("test.jsonl") if (HERE / "test.jsonl").exists() else []
        self.plan = Plan(self.recipe, len(self.train_rows))
        self.step, self.elapsed_ms, self.saved_step, self.saved_at = 0, 0.0, 0, time.monotonic()

    @staticmethod
    def rows(name):
        lines = (HERE / name).read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines if line]

    def weights(self):
        """Parameters by Hugging Face's names; after `spread` they are this process's own."""
        return list(self.model.named_parameters())

    def make_optimizer(self):
        """AdamW as the studio has it."""
        trained = [(name, weight) for name, weight in self.weights() if weight.requires_grad]
        groups = [
            {
                "params": [weight for name, weight in trained if is_decayed(name) == decays],
                "weight_decay": self.recipe["weightDecay"] if decays else 0.0,
            }
            for decays in (True, False)
        ]
        return torch.optim.AdamW(
            [group for group in groups if group["params"]], lr=1.0, betas=(0.9, 0.999), eps=1e-8
        )

    # ── One step ────────────────────────────────────────────────────────────────────────────────────────────────

    def micro_batches(self, step):
        """This process's rows of a step, in as many parts as every other process has."""
        rows = self.plan.rows_of_step(step)
        mine = rows[self.team.rank :: self.team.size]
        most = math.ceil(len(rows) / self.team.size)
        size = self.options.micro_batch or self.recipe["batchSize"]
        parts = [mine[start : start + size] for start in range(0, most, size)]
        return [self.batch([tasks(self.recipe, self.train_rows[row], self.tokenizer) for row in part]) for part in parts]

    def batch(self, rows):
        """Padded tensors [rows, tokens] by task. A process without rows of a task has one that counts in no loss:
        every process runs every forward pass, since gradients and shards are exchanged in it."""
        end = self.tokenizer.eos_token_id
        batch = {}
        for task in TASKS if self.recipe["method"] == "step-by-step" else TASKS[:1]:
            given = [row[task] for row in rows if row[task] is not None]
            pairs = given or [([end], [end])]
            labels = padded([target for _, target in pairs], IGNORED)
            if not given:
                labels[:] = IGNORED
            batch[task] = {
                "input_ids": padded([source for source, _ in pairs], self.tokenizer.pad_token_id).to(self.team.device),
                "attention_mask": padded([[1] * len(source) for source, _ in pairs], 0).to(self.team.device),
                "labels": labels.to(self.team.device),
                "read": sum(len(source) + len(target) for source, target in given),
            }
        return batch

    def take_step(self, step, ending):
        """One optimiser step; says whether anybody was asked to end, and whether a checkpoint is due by the clock."""
        started = time.perf_counter()
        batches = self.micro_batches(step)
        due = self.team.leads and time.monotonic() - self.saved_at >= SAVE_EVERY_SECONDS
        read = sum(batch[task]["read"] for batch in batches for task in batch)
        counts = [
            sum(int(batch[task]["labels"].ne(IGNORED).sum()) for batch in batches if task in batch) for task in TASKS
        ]
        # Of all processes: a mean of the processes' means would weigh rows by who has them.
        *counts, read, ends, due = self.team.sum(*counts, read, float(ending.asked), float(due))
        counts = dict(zip(TASKS, counts))
        # A step without a rationale has the answer loss whole.
        alpha = self.recipe["alpha"] if counts["rationale"] > 0 else 1.0
        shares = {"answer": alpha, "rationale": 1 - alpha}
        # Dropout by step and process, so that a run that resumes goes on alike.
        torch.manual_seed((self.recipe["seed"] * 1_000_003 + step) * 4099 + self.team.rank)
        sums = {task: 0.0 for task in TASKS}
        for place, batch in enumerate(batches):
            with self.team.together(self.net, last=place == len(batches) - 1):
                loss = 0.0
                for task, tensors in batch.items():
                    total = self.token_losses(tensors)
                    sums[task] = sums[task] + total.detach().double()
                    # Gradients are averaged over processes, and these sums are to be added.
                    loss = loss + self.team.size * shares[task] * total / max(1.0, counts[task])
                self.team.accelerator.backward(loss)
        sums = dict(zip(TASKS, self.team.sum(*(float(sums[task]) for task in TASKS))))
        losses = {task: sums[task] / counts[task] if counts[task] else None for task in TASKS}
        loss = sum(shares[task] * losses[task] for task in TASKS if losses[task] is not None)
        limit = self.recipe["maxGradNorm"] or math.inf
        norm = torch.nn.utils.clip_grad_norm_([weight for _, weight in self.weights()], limit)
        norm = float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise RunError(
                f"Step {step} has a loss or gradient that is no number; its weights are as before it. "
                "Lower the learning rate, or leave --bf16 out, and begin again."
            )
        rate = learning_rate(self.recipe, step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step = step
        self.elapsed_ms += (time.perf_counter() - started) * 1000
        point = {
            "step": step,
            "learningRate": rate,
            "answerLoss": losses["answer"],
            "rationaleLoss": losses["rationale"],
            "loss": loss,
            "gradNorm": norm,
            "tokens": int(read),
            "elapsedMs": round(self.elapsed_ms),
        }
        return point, ends > 0, due > 0

    def token_losses(self, tensors):
        """The sum of a task's token losses, in float32."""
        with self.team.forward():
            decoded = self.model._shift_right(tensors["labels"])
            logits = self.net(
                input_ids=tensors["input_ids"],
                attention_mask=tensors["attention_mask"],
                decoder_input_ids=decoded,
            ).logits
        flat = logits.float().flatten(0, 1)
        return torch.nn.functional.cross_entropy(flat, tensors["labels"].flatten(), ignore_index=IGNORED, reduction="sum")

    # ── Keeping and going on ────────────────────────────────────────────────────────────────────────────────────

    def state(self, moments=True):
        """Weights and AdamW's moments by name, whole, on the first process; the others take part."""
        weights, kept = {}, {}
        for name, weight in self.weights():
            weights[name] = self.team.whole(weight)
            if moments and weight.requires_grad:
                for key in ("exp_avg", "exp_avg_sq"):
                    kept[f"{key}.{name}"] = self.team.whole(self.optimizer.state[weight][key])
        return weights, kept

    def save(self):
        if self.step == self.saved_step:
            return
        weights, moments = self.state()
        stamp = self.team.stamp()
        self.team.led(lambda: self.folder.write_checkpoint(self.step, self.elapsed_ms, stamp, weights, moments))
        self.saved_step, self.saved_at = self.step, time.monotonic()

    def restore(self):
        """Goes on from the newest whole checkpoint, the studio's or PyTorch's; the first process reads it for all."""
        step, facts = self.team.led(lambda: self.folder.resume(self.recipe))
        open_file = (lambda name: self.folder.open_tensors(step, name)) if self.team.leads else (lambda name: None)
        weights, moments = open_file("model.safetensors"), open_file("optimizer.safetensors")
        missing = self.team.led(lambda: self.missing(weights, moments))
        if missing:
            raise RunError(f"The checkpoint of step {step} lacks {', '.join(missing[:5])}. It is another student's.")
        for name, weight in self.weights():
            with torch.no_grad():
                weight.copy_(self.team.place(weights and weights.get_tensor(name), weight))
            if weight.requires_grad:
                self.optimizer.state[weight] = {
                    "step": torch.tensor(float(step)),
                    **{
                        key: self.team.place(moments and moments.get_tensor(f"{key}.{name}"), weight)
                        for key in ("exp_avg", "exp_avg_sq")
                    },
                }
        self.step = self.saved_step = step
        self.elapsed_ms = float(facts["elapsedMs"])
        self.team.say(f"Resumes from step {step} of {self.recipe['steps']}.")
        if facts["engine"] != self.team.stamp():
            before = facts["engine"]
            self.team.say(f"It began with {before['engine']} on {before['backend']} ({before['adapter']}).")

    def missing(self, weights, moments):
        have = {name: list(weights.get_slice(name).get_shape()) for name in weights.keys()}
        kept = set(moments.keys())
        return [
            name
            for name, weight in self.weights()
            if have.get(name) != list(weight.shape) or (weight.requires_grad and f"exp_avg.{name}" not in kept)
        ]

    # ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────

    @torch.no_grad()
    def evaluate(self):
        """How many test rows are answered right by greedy search; each process asks its share."""
        self.model.eval()
        recipe, correct, together = self.recipe, 0, 32
        mine = self.test_rows[self.team.rank :: self.team.size]
        most = math.ceil(len(self.test_rows) / self.team.size)
        for start in range(0, most, together):
            part = mine[start : start + together]
            texts = [answer_prompt(recipe, row["input"]) for row in part] or [""]
            cut = {"truncation": True, "max_length": recipe["maxInputTokens"]}
            asked = self.tokenizer(texts, padding=True, return_tensors="pt", **cut).to(self.team.device)
            with self.team.forward():
                ids = self.generate(asked["input_ids"], asked["attention_mask"], answer_tokens(recipe))
            answers = self.tokenizer.batch_decode(ids, skip_special_tokens=True)
            correct += sum(
                answer_of(recipe, answer) == self.written(row["label"]) for answer, row in zip(answers, part)
            )
        self.model.train()
        (correct,) = self.team.sum(correct)
        return {"step": self.step, "correct": int(correct), "total": len(self.test_rows)}

    def generate(self, inputs, mask, most):
        """Greedy search, [rows, tokens]. A student in shards is put together by its whole forward pass alone, which
        every process must call as often."""
        if not self.team.shard:
            asked = {"input_ids": inputs, "attention_mask": mask}
            return self.model.generate(**asked, max_new_tokens=most, num_beams=1, do_sample=False)
        start, end, pad = self.model.config.decoder_start_token_id, self.tokenizer.eos_token_id, self.tokenizer.pad_token_id
        ids = torch.full((len(inputs), 1), start, device=inputs.device)
        ended, source = torch.zeros(len(inputs), dtype=torch.bool, device=inputs.device), {"input_ids": inputs}
        for _ in range(most):
            made = self.net(**source, attention_mask=mask, decoder_input_ids=ids, use_cache=False)
            source = {"encoder_outputs": BaseModelOutput(last_hidden_state=made.encoder_last_hidden_state)}
            chosen = made.logits[:, -1].argmax(-1).masked_fill(ended, pad)
            ids, ended = torch.cat([ids, chosen[:, None]], 1), ended | (chosen == end)
            if self.team.sum(int((~ended).sum())) == [0]:
                break
        return ids

    def written(self, label):
        """The label as the student can write it: what its tokenizer loses is lost on both sides."""
        ids = self.tokenizer(label, truncation=True, max_length=self.recipe["maxTargetTokens"])["input_ids"]
        return self.tokenizer.decode(ids, skip_special_tokens=True)

    # ── All of it ───────────────────────────────────────────────────────────────────────────────────────────────

    def run(self):
        if self.options.resume:
            self.restore()
        else:
            self.team.led(self.folder.begin)
        recipe, ending = self.recipe, Ending()
        last = min(recipe["steps"], self.options.until or recipe["steps"])
        rows = f"{len(self.train_rows)} training rows, {len(self.test_rows)} test rows"
        self.team.say(f"{self.team.stamp()['adapter']}: {rows}; {self.parameters} parameters.")
        point, ends = {"step": self.step}, False
        while self.step < last and not ends:
            point, ends, due = self.take_step(self.step + 1, ending)
            if self.team.leads:
                self.folder.add_metrics(point)
                if self.step % 10 == 0 or self.step in (1, last):
                    print(f"step {self.step} of {recipe['steps']}: loss {point['loss']:.4f}", flush=True)
            if due or (recipe["saveEvery"] and self.step % recipe["saveEvery"] == 0 and self.step < recipe["steps"]):
                self.save()
            if self.test_rows and recipe["evalEvery"] and self.step % recipe["evalEvery"] == 0:
                self.measure()
        is_whole = self.step == recipe["steps"]
        if is_whole and self.test_rows and not (recipe["evalEvery"] and self.step % recipe["evalEvery"] == 0):
            self.measure()
        if not is_whole:
            self.save()
        weights, _ = self.state(moments=False)
        stamp, reason = self.team.stamp(), f"PyTorch {torch.__version__}, {'FSDP2' if self.team.shard else 'DDP'}."
        self.team.led(lambda: self.folder.finish(recipe, self.step, stamp, self.parameters, weights, reason))
        rest = "" if is_whole else f" Go on from step {self.step} with --resume."
        self.team.say(f"The student is in {Path(self.options.out) / 'model'}.{rest}")
        return point

    def measure(self):
        evaluation = self.evaluate()
        if self.team.leads:
            self.folder.add_evaluation(evaluation)
            print("step {step}: {correct} of {total} right".format(**evaluation), flush=True)


def padded(lists, filler):
    width = max(len(ids) for ids in lists)
    return torch.tensor([ids + [filler] * (width - len(ids)) for ids in lists])


def run(options):
    """The whole run on this process; with others, all call it. The last step's metrics. Raises RunError."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    team = Team(options.cpu, "bf16" if options.bf16 else "no", options.fsdp, options.processes)
    try:
        return Training(options, team).run()
    finally:
        team.end()


def main():
    try:
        run(arguments())
    except RunError as fault:
        if os.environ.get("RANK", "0") == "0":
            print(fault, file=sys.stderr, flush=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
