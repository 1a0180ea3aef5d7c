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
import traceback
from pathlib import Path

import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
from transformers.optimization import Adafactor
from transformers.utils import logging as transformers_logging

from adapters import add_adapters, is_factor, kept_name
from asking import Examiner, rows_of
from judging import best_of, has_stalled, kept_steps, named_step, taken_step
from run_folder import HERE, RunFolder
from studio import IGNORED, TASKS, Plan, RunError, is_decayed, learning_rate, part_of, tasks
from team import Team

SAVE_EVERY_SECONDS = 180  # where the recipe's saveEvery is later, or 0
MOMENTS = ("exp_avg", "exp_avg_sq", "exp_avg_sq_row", "exp_avg_sq_col")  # PyTorch's and transformers' names
# Settings that a recipe of an earlier version lacks.
LATER = {"optimizer": "adamw", "lora": None, "patience": 0, "take": "last"}


def count(text):
    if text.isascii() and text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1 on")


def arguments(words=None):
    parser = argparse.ArgumentParser(description="Distils this folder's student, on one process or on many.")
    parser.add_argument("--out", default=str(HERE / "out"), help="the run's folder (default: out, beside this file)")
    parser.add_argument("--resume", action="store_true", help="resume the run in --out from its newest checkpoint")
    parser.add_argument("--force", action="store_true", help="replace a run that --out holds")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16; weights and moments stay float32")
    parser.add_argument("--fsdp", action="store_true", help="share the student among the processes (FSDP2)")
    parser.add_argument("--micro-batch", type=count, help="rows at a time on a process (default: the recipe's batchSize)")
    parser.add_argument("--until", type=count, help="stop after this step, with a checkpoint to resume from")
    parser.add_argument("--processes", type=count, help="end at once unless so many processes work together")
    parser.add_argument("--cpu", action="store_true", help="leave GPUs alone")
    return parser.parse_args(words)


class Ending:
    """Whether this process was asked to end (a machine that is taken back): the current step is finished first."""

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
        self.written_recipe = json.loads(recipe_text)
        self.recipe = {**LATER, **self.written_recipe}
        if self.recipe["optimizer"] != "adamw" and team.shard:
            raise RunError(
                "--fsdp shares the moments of AdamW, and this recipe trains with Adafactor, which keeps hardly any. "
                'Leave --fsdp out, or choose "adamw" for optimizer.'
            )
        team.led(self.folder.check_project)
        student = str(HERE / "student")
        self.tokenizer = AutoTokenizer.from_pretrained(student)
        model = AutoModelForSeq2SeqLM.from_pretrained(student, dropout_rate=self.recipe["dropout"]).float()
        self.parameters = sum(weight.numel() for weight in model.parameters())
        if self.recipe["lora"] is None:
            for name, weight in model.named_parameters():
                weight.requires_grad_(part_of(name) not in self.recipe["freeze"])
        else:
            add_adapters(model, self.recipe["lora"], self.recipe["seed"])
        self.weights_file = "model.safetensors" if self.recipe["lora"] is None else "adapter_model.safetensors"
        model.train()
        self.model, self.net = model, team.spread(model)
        self.optimizer = self.make_optimizer()
        self.train_rows = rows_of("train.jsonl")
        self.validation_rows, self.test_rows = rows_of("validation.jsonl"), rows_of("test.jsonl")
        self.asked_rows = self.validation_rows or self.test_rows
        self.examiner, self.evaluations = Examiner(self, self.folder.scale["job"].get("metric")), []
        self.plan = Plan(self.recipe, len(self.train_rows))
        self.step, self.elapsed_ms, self.saved_step, self.saved_at = 0, 0.0, 0, time.monotonic()

    def kept(self):
        """What checkpoints hold, by name: parameters, or adapters alone. After `spread` they are this process's own."""
        named = self.model.named_parameters()
        whole = self.recipe["lora"] is None
        return [(kept_name(name), weight) for name, weight in named if whole or is_factor(name)]

    def make_optimizer(self):
        """AdamW, or Adafactor as transformers has it, as the studio steps."""
        trained = [(name, weight) for name, weight in self.kept() if weight.requires_grad]
        groups = [
            {
                "params": [weight for name, weight in trained if is_decayed(name) == decays],
                "weight_decay": self.recipe["weightDecay"] if decays else 0.0,
            }
            for decays in (True, False)
        ]
        groups = [group for group in groups if group["params"]]
        if self.recipe["optimizer"] == "adamw":
            return torch.optim.AdamW(groups, lr=1.0, betas=(0.9, 0.999), eps=1e-8)
        relative = self.recipe["optimizer"] == "adafactor-relative"
        own = {"scale_parameter": relative, "relative_step": relative, "warmup_init": False}
        return Adafactor(groups, lr=None if relative else 1.0, **own)

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
                "tokens": sum(len(target) for _, target in given),
            }
        return batch

    def take_step(self, step, ending):
        """One optimiser step; says whether anybody was asked to end, and whether a checkpoint is due by the clock."""
        started = time.perf_counter()
        batches = self.micro_batches(step)
        due = self.team.leads and time.monotonic() - self.saved_at >= SAVE_EVERY_SECONDS
        read = sum(batch[task]["read"] for batch in batches for task in batch)
        counts = [
            sum(batch[task]["tokens"] for batch in batches if task in batch) for task in TASKS
        ]
        # Of all processes: a mean of the processes' means would weigh rows by who has them.
        *counts, read, ends, due = self.team.sum(*counts, read, float(ending.asked), float(due))
        counts = dict(zip(TASKS, counts))
        # A step without a rationale has the answer loss whole.
        alpha = self.recipe["alpha"] if counts["rationale"] > 0 else 1.0
        shares = {"answer": alpha, "rationale": 1 - alpha}
        # Dropout by step and process, so that a resumed run is the same.
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
        norm = torch.nn.utils.clip_grad_norm_([weight for _, weight in self.kept()], limit)
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
        """Weights and the optimiser's moments by name, whole, on the first process; the others take part."""
        weights, kept = {}, {}
        for name, weight in self.kept():
            weights[name] = self.team.whole(weight)
            state = self.optimizer.state[weight] if moments and weight.requires_grad else {}
            for key in (key for key in MOMENTS if key in state):
                kept[f"{key}.{name}"] = self.team.whole(state[key])
        return weights, kept

    def save(self):
        if self.step == self.saved_step:
            return
        weights, moments = self.state()
        stamp, also = self.team.stamp(), kept_steps(self.recipe, self.evaluations)
        self.team.led(lambda: self.folder.write_checkpoint(self.step, self.elapsed_ms, stamp, weights, moments, also))
        self.saved_step, self.saved_at = self.step, time.monotonic()

    def restore(self):
        """Goes on from the newest whole checkpoint, the studio's or PyTorch's; the first process reads it for all."""
        step, facts = self.team.led(lambda: self.folder.resume(self.written_recipe))
        open_file = (lambda name: self.folder.open_tensors(step, name)) if self.team.leads else (lambda name: None)
        weights, moments = open_file(self.weights_file), open_file("optimizer.safetensors")
        missing = self.team.led(lambda: self.missing(weights, moments))
        if missing:
            raise RunError(f"The checkpoint of step {step} lacks {', '.join(missing[:5])}. It is another student's.")
        for name, weight in self.kept():
            with torch.no_grad():
                weight.copy_(self.team.place(weights and weights.get_tensor(name), weight))
            if weight.requires_grad:
                self.optimizer.state[weight] = {
                    **({"step": torch.tensor(float(step))} if self.recipe["optimizer"] == "adamw" else {"step": step}),
                    **{
                        key: self.team.place(moments and moments.get_tensor(f"{key}.{name}"), weight, shape)
                        for key, shape in self.moment_shapes(weight).items()
                    },
                }
        self.evaluations = self.team.led(self.folder.evaluations)
        self.step = self.saved_step = step
        self.elapsed_ms = float(facts["elapsedMs"])
        self.team.say(f"Resumes from step {step} of {self.recipe['steps']}.")
        if facts["engine"] != self.team.stamp():
            before = facts["engine"]
            self.team.say(f"It began with {before['engine']} on {before['backend']} ({before['adapter']}).")

    def moment_shapes(self, weight):
        """What the optimiser keeps of a parameter; Adafactor a row and a column of a matrix."""
        if self.recipe["optimizer"] == "adamw":
            return {"exp_avg": weight.shape, "exp_avg_sq": weight.shape}
        if weight.dim() < 2:
            return {"exp_avg_sq": weight.shape}
        return {"exp_avg_sq_row": weight.shape[:1], "exp_avg_sq_col": weight.shape[1:]}

    def missing(self, weights, moments):
        def have(file):
            return {name: list(file.get_slice(name).get_shape()) for name in file.keys()}

        there, kept = have(weights), have(moments)
        return [
            name
            for name, weight in self.kept()
            if there.get(name) != list(weight.shape)
            or weight.requires_grad
            and any(kept.get(f"{key}.{name}") != list(shape) for key, shape in self.moment_shapes(weight).items())
        ]

    # ── All of it ───────────────────────────────────────────────────────────────────────────────────────────────

    def run(self):
        if self.options.resume:
            self.restore()
        else:
            self.team.led(lambda: self.folder.begin(self.options.force))
        recipe, ending = self.recipe, Ending()
        last = min(recipe["steps"], self.options.until or recipe["steps"])
        counts = {"training": self.train_rows, "validation": self.validation_rows, "test": self.test_rows}
        rows = ", ".join(f"{len(rows)} {split} rows" for split, rows in counts.items() if rows)
        self.team.say(f"{self.team.stamp()['adapter']}: {rows}; {self.parameters} parameters.")
        if not self.validation_rows and self.test_rows and (recipe["take"] == "best" or recipe["patience"] > 0):
            self.team.say("There are no validation rows, so the test rows decide which weights are taken.")
        point, ends = {"step": self.step}, False
        if self.step > 0:
            self.measure_if_due()  # a process may have been ended while it measured
        while self.step < last and not ends and not self.is_early():
            point, ends, due = self.take_step(self.step + 1, ending)
            if self.team.leads:
                self.folder.add_metrics(point)
                if self.step % 10 == 0 or self.step in (1, last):
                    print(f"step {self.step} of {recipe['steps']}: loss {point['loss']:.4f}", flush=True)
            named = due or self.step == named_step(recipe)
            if named or (recipe["saveEvery"] and self.step % recipe["saveEvery"] == 0 and self.step < recipe["steps"]):
                self.save()
            self.measure_if_due()
        early = self.is_early()
        is_whole = early or self.step == recipe["steps"]
        if early:
            self.team.say(f"Ended early: {recipe['patience']} measurements in a row were no better than the best.")
        if not is_whole:
            self.save()
        taken = self.take()
        tally = self.tested(taken) if is_whole else None
        weights, _ = self.state(moments=False)
        stamp, reason = self.team.stamp(), f"PyTorch {torch.__version__}, {'FSDP2' if self.team.shard else 'DDP'}."
        end = {"step": self.step, "taken": taken, "early": early, "tally": tally}
        engine = {**stamp, "reason": reason, "parameters": self.parameters, "bytesHeld": 0}
        self.team.led(lambda: self.folder.finish(recipe, end, engine, weights))
        rest = "" if is_whole else f" Resume from step {self.step} with --resume."
        self.team.say(f"The student is in {Path(self.options.out) / 'model'}.{rest}")
        return point

    def is_early(self):
        return self.step < self.recipe["steps"] and has_stalled(self.evaluations, self.recipe["patience"])

    def measure_if_due(self):
        """Measures, on the validation rows where there are any, else on the test rows, where the step asks for it. The
        best weights so far are kept where they may be taken."""
        every = self.recipe["evalEvery"]
        if not self.asked_rows or not every or self.step % every != 0:
            return
        if self.evaluations and self.evaluations[-1]["step"] >= self.step:
            return
        self.measure()
        if self.recipe["take"] == "best" and best_of(self.evaluations)["step"] == self.step < self.recipe["steps"]:
            self.save()

    def measure(self):
        tally = {"step": self.step, "correct": self.examiner.correct(self.asked_rows), "total": len(self.asked_rows)}
        evaluation = {**tally, **(self.examiner.losses(self.asked_rows) if self.validation_rows else {})}
        self.evaluations.append(evaluation)
        if self.team.leads:
            self.folder.add_evaluation(evaluation)
            print("step {step}: {correct} of {total} right".format(**evaluation), flush=True)

    # ── The end ─────────────────────────────────────────────────────────────────────────────────────────────────

    def take(self):
        """Puts the weights that the recipe takes into the student, where these are not the last; says their step."""
        step = taken_step(self.recipe, self.evaluations, self.step)
        if step == self.step:
            return step
        found = self.team.led(lambda: self.folder.is_whole(step))
        if not found:
            self.team.say(f"The checkpoint of step {step}, which was to be taken, is not whole: the last step is.")
            return self.step
        weights = self.folder.open_tensors(step, self.weights_file) if self.team.leads else None
        for name, weight in self.kept():
            with torch.no_grad():
                weight.copy_(self.team.place(weights and weights.get_tensor(name), weight))
        self.team.say(f"Taken: the weights of step {step}.")
        return step

    def tested(self, taken):
        """Right answers on the test rows, of the weights that are taken; None without test rows."""
        if not self.test_rows:
            return None
        if self.asked_rows is self.test_rows:
            known = [one for one in self.evaluations if one["step"] == taken]
            if not known and taken == self.step:
                self.measure()
                known = self.evaluations[-1:]
            if known:
                return {key: known[-1][key] for key in ("correct", "total")}
        return {"correct": self.examiner.correct(self.test_rows), "total": len(self.test_rows)}


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


def leave(code):
    """Ends this process. One of several skips Python's own end: threads of Gloo that still hold a tensor ask for the
    interpreter while it is taken down, and abort a run that is whole (https://github.com/pytorch/pytorch/pull/179291)."""
    sys.stdout.flush()
    sys.stderr.flush()
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        os._exit(code)
    raise SystemExit(code)


def main():
    try:
        run(arguments())
    except RunError as fault:
        if os.environ.get("RANK", "0") == "0":
            print(fault, file=sys.stderr, flush=True)
        leave(2)
    except Exception:
        traceback.print_exc()
        leave(1)
    leave(0)


if __name__ == "__main__":
    main()
