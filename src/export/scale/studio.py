"""What a step of the studio's is: which rows, in which order, at which learning rate, as which tokens.

Random numbers are counted, not drawn (pcg4d: Jarzynski and Olano, "Hash Functions for GPU Rendering", JCGT 9(3), 2020):
the rows of a step are a pure function of the recipe, the number of rows and the step, on every process alike.
"""

import math

import numpy as np

IGNORED = -100  # a target position that counts in no loss
TASKS = ("answer", "rationale")
SHUFFLE_STREAM = 1
MARKERS = {"rationale-then-label": "answer:", "label-then-rationale": "because:"}  # between the parts of one target


class RunError(Exception):
    """What happened and what to do next, for a person."""


def pcg4d(x, y, z, w):
    """Four arrays of 32-bit words in, four well-mixed ones out."""
    with np.errstate(over="ignore"):
        x, y, z, w = (v * np.uint32(1664525) + np.uint32(1013904223) for v in (x, y, z, w))
        for mixes in (True, False):
            x = x + y * w
            y = y + z * x
            z = z + x * y
            w = w + y * z
            if mixes:
                x, y, z, w = (v ^ (v >> np.uint32(16)) for v in (x, y, z, w))
    return x, y, z, w


def uniforms(seed, stream, count):
    """The first numbers in [0, 1) of a stream, as float64."""
    counters = np.arange((count + 3) // 4, dtype=np.uint32)
    same = [np.full_like(counters, value & 0xFFFFFFFF) for value in (stream, 0x5717, seed)]
    return np.stack(pcg4d(counters, *same), axis=1).reshape(-1)[:count] / 2.0**32


def permutation(seed, stream, length):
    """The numbers 0 … length-1 in the studio's random order (Fisher and Yates, from the last to the first)."""
    lasts = np.arange(length - 1, 0, -1)
    others = np.floor(uniforms(seed, stream, max(0, length - 1)) * (lasts + 1)).astype(np.int64)
    order = list(range(length))
    for last, other in zip(lasts.tolist(), others.tolist()):
        order[last], order[other] = order[other], order[last]
    return order


class Plan:
    """Which rows each step sees; the last step of an epoch has as many as are left."""

    def __init__(self, recipe, rows):
        self.recipe, self.rows = recipe, rows
        batches = math.ceil(rows / recipe["batchSize"])
        self.steps_per_epoch = math.ceil(batches / recipe["accumulation"])
        self.epoch, self.order = -1, []

    def rows_of_step(self, step):
        """Row numbers of a step (from 1), all processes together."""
        epoch, position = divmod(step - 1, self.steps_per_epoch)
        if self.epoch != epoch:
            self.epoch = epoch
            shuffled = self.recipe["shuffle"]
            stream = (SHUFFLE_STREAM << 24) + epoch
            self.order = permutation(self.recipe["seed"], stream, self.rows) if shuffled else list(range(self.rows))
        size = self.recipe["batchSize"] * self.recipe["accumulation"]
        return self.order[position * size : (position + 1) * size]


def learning_rate(recipe, step):
    """Of a step, from 1: the schedule counts the steps before it, as Hugging Face's do."""
    if recipe.get("optimizer") == "adafactor-relative":
        return min(1e-2, step**-0.5)  # as it takes it by itself, with no warm-up
    finished, warmup = step - 1, recipe["warmupSteps"]
    if finished < warmup:
        return recipe["learningRate"] * (finished / warmup)
    progress = (finished - warmup) / max(1, recipe["steps"] - warmup)
    share = {
        "constant": 1.0,
        "linear": max(0.0, 1 - progress),
        "cosine": max(0.0, 0.5 * (1 + math.cos(math.pi * progress))),
    }[recipe["schedule"]]
    return recipe["learningRate"] * share


def answer_prompt(recipe, text):
    return "predict: " + text if recipe["method"] == "step-by-step" else text


def one_target(recipe, label, rationale, tokenizer):
    """Ids of label and rationale as one text. Where it is too long the rationale is cut, never the label behind it."""
    method, limit = recipe["method"], recipe["maxTargetTokens"]
    marker = MARKERS[method]
    if method == "label-then-rationale":
        parts = [label, "" if rationale is None else f" {marker} {rationale}"]
    else:
        parts = ["", f"{marker} {label}"] if rationale is None else [rationale, f" {marker} {label}"]
    whole = tokenizer("".join(parts))["input_ids"]
    if len(whole) <= limit:
        return whole
    if method == "label-then-rationale":
        return tokenizer("".join(parts), truncation=True, max_length=limit)["input_ids"]
    end = tokenizer(parts[1], truncation=True, max_length=limit)["input_ids"]
    return tokenizer(parts[0])["input_ids"][:-1][: limit - len(end)] + end


def answer_of(recipe, text):
    """The answer in what a student wrote."""
    marker = MARKERS.get(recipe["method"])
    if marker is None:
        return text
    if recipe["method"] == "rationale-then-label":
        _, found, after = text.rpartition(marker)
        return (after[1:] if after[:1].isspace() else after) if found else ""
    before, found, _ = text.partition(marker)
    return before[:-1] if found and before[-1:].isspace() else before


def answer_tokens(recipe):
    """New tokens at most of an answer: behind a rationale it needs room for both."""
    limit = recipe["generationMaxTokens"]
    return max(limit, recipe["maxTargetTokens"]) if recipe["method"] == "rationale-then-label" else limit


def tasks(recipe, row, tokenizer):
    """Token ids of a row's two tasks, inputs and targets; a task that the row or the method has not is None."""

    def ids(text, limit):
        return tokenizer(text, truncation=True, max_length=limit)["input_ids"]

    label = row["label"] if recipe["labels"] == "gold" else row["teacherLabel"]
    rationale, limit = row.get("rationale"), recipe["maxTargetTokens"]
    taught = recipe["method"] == "step-by-step" and rationale is not None
    one = recipe["method"] in MARKERS
    target = one_target(recipe, label, rationale, tokenizer) if one else ids(label, limit)
    answer = (ids(answer_prompt(recipe, row["input"]), recipe["maxInputTokens"]), target)
    explained = (ids("explain: " + row["input"], recipe["maxInputTokens"]), ids(rationale, limit)) if taught else None
    return {"answer": answer, "rationale": explained}


def part_of(name):
    """The part of the student that a weight belongs to, as the recipe's "freeze" names them."""
    if name == "shared.weight":
        return "embeddings"
    return "encoder" if name.startswith("encoder.") else "decoder"


def is_decayed(name):
    """Weight decay spares layer norms and every name with "bias"."""
    return "layer_norm" not in name and "bias" not in name
