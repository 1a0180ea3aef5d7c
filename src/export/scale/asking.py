"""A student asked by all processes together: how many answers are right, and its losses, on rows it is not trained on."""

import json
import math

import torch
from transformers.modeling_outputs import BaseModelOutput

from judging import is_right, metric_of
from run_folder import HERE
from studio import TASKS, answer_of, answer_prompt, answer_tokens, tasks

ROWS_TOGETHER = {"answers": 32, "losses": 10}


def rows_of(name):
    """Rows of a file of the project; none where it is not there."""
    path = HERE / name
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    return [json.loads(line) for line in lines if line]


class Examiner:
    """Asks the student of a training. Every process has its share of the rows, and all call this together."""

    def __init__(self, training, metric):
        self.training, self.team, self.recipe = training, training.team, training.recipe
        self.model, self.net, self.tokenizer = training.model, training.net, training.tokenizer
        self.metric = metric  # None: what suits the labels

    def share(self, rows, together):
        """This process's rows, in as many parts as every other process has."""
        mine = rows[self.team.rank :: self.team.size]
        return [mine[start : start + together] for start in range(0, math.ceil(len(rows) / self.team.size), together)]

    @torch.no_grad()
    def correct(self, rows):
        """How many rows are answered right by greedy search."""
        self.model.eval()
        recipe, correct = self.recipe, 0
        labels = [self.written(row["label"]) for row in rows]
        metric = self.metric or metric_of([row["label"] for row in rows])
        asked_rows = [{**row, "label": label} for row, label in zip(rows, labels)]
        for part in self.share(asked_rows, ROWS_TOGETHER["answers"]):
            texts = [answer_prompt(recipe, row["input"]) for row in part] or [""]
            cut = {"truncation": True, "max_length": recipe["maxInputTokens"]}
            asked = self.tokenizer(texts, padding=True, return_tensors="pt", **cut).to(self.team.device)
            with self.team.forward():
                ids = self.generate(asked["input_ids"], asked["attention_mask"], answer_tokens(recipe))
            answers = self.tokenizer.batch_decode(ids, skip_special_tokens=True)
            correct += sum(
                is_right(metric, answer_of(recipe, answer), row["label"]) for answer, row in zip(answers, part)
            )
        self.model.train()
        return int(self.team.sum(correct)[0])

    @torch.no_grad()
    def losses(self, rows):
        """Means over all target tokens without dropout, by task, and both weighted as in training. Against the true
        labels, whosever are trained on."""
        self.model.eval()
        gold = {**self.recipe, "labels": "gold"}
        sums, counts = dict.fromkeys(TASKS, 0.0), dict.fromkeys(TASKS, 0)
        for part in self.share(rows, ROWS_TOGETHER["losses"]):
            batch = self.training.batch([tasks(gold, row, self.tokenizer) for row in part])
            for task, tensors in batch.items():
                sums[task] += float(self.training.token_losses(tensors))
                counts[task] += tensors["tokens"]
        self.model.train()
        sums = dict(zip(TASKS, self.team.sum(*sums.values())))
        counts = dict(zip(TASKS, self.team.sum(*counts.values())))
        answer, rationale = (sums[task] / counts[task] if counts[task] else None for task in TASKS)
        alpha = 1.0 if rationale is None else self.recipe["alpha"]
        loss = alpha * answer + (1 - alpha) * (rationale or 0.0)
        return {"split": "validation", "answerLoss": answer, "rationaleLoss": rationale, "loss": loss}

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
