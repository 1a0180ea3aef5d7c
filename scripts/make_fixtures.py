"""
Writes tests/fixtures/engine: what PyTorch and Hugging Face compute for tiny T5s, against which the engine is tested.

    python -m pip install "torch==2.15.0" "transformers==4.57.6" safetensors numpy
    python scripts/make_fixtures.py

CPU, float32, one thread, seeded: running it again with the same versions writes the same numbers. Layout:

    tiny-gated/, tiny-tied/   T5 v1.1 and v1.0: config.json, model.safetensors, {,long-}batch.safetensors (ids, mask,
                              labels), {,long-}expected.safetensors (encoder_output, logits, grad.<weight>) and .json
                              (loss, tokens, gradNorm)
    training/                 16 micro-batches of two tasks; 8 AdamW steps over two each, some of them clipped: losses,
                              norms, final weights and both moments. Starts from tiny-gated.
    dropout/                  3 such steps with dropout, its masks made by the rule of src/engine/dropout.ts
    family/<kind>/            each member of T5's family: a pass as above; training.json (20 AdamW steps over two of
                              training/'s micro-batches each, in turn), final.safetensors; generation.json (greedy, before
                              and after)
    generation/               a tiny-gated trained to copy; greedy and beam search, and rules.json: with settings of
                              generation_config.json that choose other tokens
    relative-buckets.json     20 rows of relative positions and their buckets
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy
from transformers import (
    MT5Config,
    MT5ForConditionalGeneration,
    T5Config,
    T5ForConditionalGeneration,
    UMT5Config,
    UMT5ForConditionalGeneration,
)
from transformers.models.t5 import modeling_t5

OUT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "engine"

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)

COMMON = dict(
    dropout_rate=0.0,
    pad_token_id=0,
    eos_token_id=1,
    decoder_start_token_id=0,
    layer_norm_epsilon=1e-6,
    initializer_factor=1.0,
)
GATED = T5Config(
    vocab_size=29, d_model=16, d_kv=4, d_ff=12, num_layers=1, num_decoder_layers=2, num_heads=2,
    relative_attention_num_buckets=32, relative_attention_max_distance=128,
    feed_forward_proj="gated-gelu", tie_word_embeddings=False, **COMMON,
)
TIED = T5Config(
    vocab_size=41, d_model=14, d_kv=4, d_ff=18, num_layers=2, num_decoder_layers=1, num_heads=3,
    relative_attention_num_buckets=8, relative_attention_max_distance=32,
    feed_forward_proj="relu", tie_word_embeddings=True, **COMMON,
)  # fmt: skip

FAMILY_SHAPE = dict(
    vocab_size=31, d_model=14, d_kv=3, d_ff=10, num_layers=2, num_decoder_layers=3, num_heads=2,
    relative_attention_num_buckets=8, relative_attention_max_distance=16, **COMMON,
)  # fmt: skip
UNTIED = dict(tie_word_embeddings=False, **FAMILY_SHAPE)
FAMILY = {
    "t5-v1.0": (
        T5ForConditionalGeneration,
        T5Config(feed_forward_proj="relu", tie_word_embeddings=True, **FAMILY_SHAPE),
    ),
    "t5-v1.1": (T5ForConditionalGeneration, T5Config(feed_forward_proj="gated-gelu", **UNTIED)),
    "umt5": (UMT5ForConditionalGeneration, UMT5Config(feed_forward_proj="gated-gelu", **UNTIED)),
    "mt5": (MT5ForConditionalGeneration, MT5Config(feed_forward_proj="gated-gelu", **UNTIED)),
    "gated-silu": (T5ForConditionalGeneration, T5Config(feed_forward_proj="gated-silu", **UNTIED)),
}


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")


def write_tensors(path, tensors):
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}, str(path))


def make_model(config, seed, kind=T5ForConditionalGeneration):
    torch.manual_seed(seed)
    model = kind(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            # Spread what would start out as all ones or nearly equal, so that a mix-up shows.
            if "layer_norm" in name:
                weight.uniform_(0.5, 1.5)
            elif "relative_attention_bias" in name:
                weight.normal_(0.0, 1.0)
            elif not config.tie_word_embeddings and ("shared" in name or "lm_head" in name):
                weight.normal_(0.0, 0.5)
    return model


def write_model(folder, model):
    """config.json under Hugging Face's names, and the weights without copies of shared ones."""
    kept = set(COMMON) | {
        "vocab_size", "d_model", "d_kv", "d_ff", "num_layers", "num_decoder_layers", "num_heads", "feed_forward_proj",
        "relative_attention_num_buckets", "relative_attention_max_distance", "tie_word_embeddings",
    }  # fmt: skip
    config = {key: value for key, value in model.config.to_dict().items() if key in kept}
    write_json(folder / "config.json", {"model_type": model.config.model_type, **config})
    write_tensors(folder / "model.safetensors", dict(model.named_parameters()))


def pad(rows, value):
    length = max(len(row) for row in rows)
    return torch.tensor([list(row) + [value] * (length - len(row)) for row in rows], dtype=torch.int32)


def make_batch(inputs, targets):
    return {
        "input_ids": pad(inputs, 0),
        "attention_mask": pad([[1] * len(row) for row in inputs], 0),
        "labels": pad(targets, -100),
    }


def random_rows(random, lengths, vocab):
    """Rows of the given lengths that end with the end token; ids are drawn unevenly, so that some repeat."""
    return [[int(2 + (vocab - 2) * random.random() ** 2) for _ in range(length - 1)] + [1] for length in lengths]


def forward(model, batch):
    return model(
        input_ids=batch["input_ids"].long(), attention_mask=batch["attention_mask"].long(), labels=batch["labels"].long()
    )


def token_losses(model, batch):
    """Sum of token losses, and the number of tokens."""
    logits = forward(model, batch).logits
    labels = batch["labels"].long()
    loss = cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100, reduction="sum")
    return loss, int((labels != -100).sum())


def global_norm(model):
    return math.sqrt(sum(float((p.grad.double() ** 2).sum()) for p in model.parameters()))


def write_pass(folder, model, batch, kind):
    model.zero_grad()
    result = forward(model, batch)
    result.loss.backward()
    tokens = int((batch["labels"] != -100).sum())
    write_tensors(folder / f"{kind}batch.safetensors", batch)
    expected = {"encoder_output": result.encoder_last_hidden_state, "logits": result.logits}
    for name, weight in model.named_parameters():
        expected[f"grad.{name}"] = weight.grad
    write_tensors(folder / f"{kind}expected.safetensors", expected)
    write_json(
        folder / f"{kind}expected.json",
        {"loss": result.loss.item(), "tokens": tokens, "gradNorm": global_norm(model)},
    )


def write_passes():
    for name, config, seed in (("tiny-gated", GATED, 1), ("tiny-tied", TIED, 2)):
        random = np.random.default_rng(seed)
        model = make_model(config, seed)
        folder = OUT / name
        write_model(folder, model)
        rows = [random_rows(random, lengths, config.vocab_size) for lengths in ((13, 5, 19), (4, 11, 7))]
        write_pass(folder, model, make_batch(*rows), "")
        # Beyond the largest distance of the tied student's buckets, in both stacks.
        if name == "tiny-tied":
            rows = [random_rows(random, [length], config.vocab_size) for length in (60, 45)]
            write_pass(folder, model, make_batch(*rows), "long-")


def training_batches():
    random = np.random.default_rng(3)
    batches = []
    for _ in range(16):
        rows = int(random.integers(2, 4))
        lengths = lambda low, high: [int(n) for n in random.integers(low, high, rows)]
        micro = {}
        for task, longest in (("answer", 5), ("rationale", 12)):
            inputs = random_rows(random, lengths(4, 17), GATED.vocab_size)
            micro[task] = make_batch(inputs, random_rows(random, lengths(2, longest), GATED.vocab_size))
        batches.append(micro)
    return batches


def is_decayed(name):
    return "layer_norm" not in name and "bias" not in name


def run_steps(model, batches, run, steps, state=None):
    """Optimiser steps over two micro-batches each. `state` is told of each pass, for the dropout masks."""
    named = list(model.named_parameters())
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for n, p in named if is_decayed(n)], "weight_decay": run["weightDecay"]},
            {"params": [p for n, p in named if not is_decayed(n)], "weight_decay": 0.0},
        ],
        lr=run["learningRate"], betas=(0.9, 0.999), eps=1e-8,
    )  # fmt: skip
    weights = {"answer": run["alpha"], "rationale": 1 - run["alpha"]}
    log = []
    for step in range(1, steps + 1):
        rate = run["learningRate"] * (1 - (step - 1) / steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        micros = [batches[at % len(batches)] for at in (2 * step - 2, 2 * step - 1)]
        tokens = {task: sum(int((m[task]["labels"] != -100).sum()) for m in micros) for task in weights}
        losses = dict.fromkeys(weights, 0.0)
        if state is not None:
            state.begin_step(step)
        for micro in micros:
            for task, weight in weights.items():
                if state is not None:
                    state.begin_pass(micro[task])
                loss, _ = token_losses(model, micro[task])
                losses[task] += loss.item() / tokens[task]
                (loss * (weight / tokens[task])).backward()
        norm = global_norm(model)
        factor = min(1.0, run["maxGradNorm"] / (norm + 1e-6))
        for _, weight in named:
            weight.grad.mul_(factor)
        optimizer.step()
        log.append({
            "step": step, "learningRate": rate, "answerLoss": losses["answer"], "rationaleLoss": losses["rationale"],
            "loss": sum(weights[task] * losses[task] for task in weights), "gradNorm": norm,
        })  # fmt: skip
    return optimizer, log


def write_training():
    folder = OUT / "training"
    batches = training_batches()
    tensors = {
        f"{index:02}.{task}.{name}": tensor
        for index, micro in enumerate(batches)
        for task, batch in micro.items()
        for name, tensor in batch.items()
    }
    write_tensors(folder / "batches.safetensors", tensors)
    # The limit lies among the norms: some steps are clipped and some are not.
    run = {"alpha": 0.3, "learningRate": 2e-3, "weightDecay": 0.05, "maxGradNorm": 6.7, "gradientAccumulation": 2}
    model = make_model(GATED, 1)
    optimizer, log = run_steps(model, batches, run, 8)
    clipped = [entry["gradNorm"] > run["maxGradNorm"] for entry in log]
    print("gradient norms", [round(entry["gradNorm"], 2) for entry in log])
    assert any(clipped) and not all(clipped)
    write_json(folder / "expected.json", {"run": run, "steps": log})
    write_tensors(folder / "final.safetensors", dict(model.named_parameters()))
    adam = {}
    for name, weight in model.named_parameters():
        for moment in ("exp_avg", "exp_avg_sq"):
            adam[f"{moment}.{name}"] = optimizer.state[weight][moment]
    write_tensors(folder / "adam.safetensors", adam)
    return batches


def greedy_answers(model, inputs, length):
    """Tokens of each input, and the least lead of a chosen token over the next."""
    answers, lead = [], math.inf
    for row in inputs:
        tokens = []
        while len(tokens) < length and 1 not in tokens:
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([row]), decoder_input_ids=torch.tensor([[0, *tokens]])).logits
            best = torch.topk(logits[0, -1], 2)
            lead = min(lead, float(best.values[0] - best.values[1]))
            tokens.append(int(best.indices[0]))
        answers.append({"tokens": tokens})
    return answers, lead


def write_family(batches):
    run = {"alpha": 0.4, "learningRate": 3e-3, "weightDecay": 0.05, "maxGradNorm": 5, "gradientAccumulation": 2}
    for name, (kind, config) in FAMILY.items():
        folder = OUT / "family" / name
        random = np.random.default_rng(11)
        inputs = [row[:-1] + [1] for row in random_rows(random, (3, 8, 15, 21), config.vocab_size)]
        # The first seed with which no choice hangs on rounding: answers must be equal, not near.
        for seed in range(1, 100):
            model = make_model(config, seed, kind)
            untrained, lead = greedy_answers(model, inputs, 10)
            initial = {key: value.clone() for key, value in model.state_dict().items()}
            _, log = run_steps(model, batches, run, 20)
            final = {key: value.detach().clone() for key, value in model.named_parameters()}
            trained, other = greedy_answers(model, inputs, 10)
            if min(lead, other) > 0.01:
                break
        else:
            raise AssertionError("every seed has a choice that is too close")
        print(name, "seed", seed, "least lead", round(min(lead, other), 4))
        write_json(folder / "training.json", {"run": run, "steps": log})
        write_tensors(folder / "final.safetensors", final)
        rows = [{"input": i, "untrained": u, "trained": t} for i, u, t in zip(inputs, untrained, trained)]
        write_json(folder / "generation.json", {"maxNewTokens": 10, "rows": rows})
        model.load_state_dict(initial)
        write_model(folder, model)
        rows = [random_rows(random, lengths, config.vocab_size) for lengths in ((17, 5, 24), (4, 11, 20))]
        write_pass(folder, model, make_batch(*rows), "")


def pcg4d(x, y, z, w):
    """Four arrays of 32-bit words in, four out: the hash of src/base/random.ts."""
    with np.errstate(over="ignore"):
        v = [np.asarray(word, dtype=np.uint32) * np.uint32(1664525) + np.uint32(1013904223) for word in (x, y, z, w)]
        for last in (False, True):
            v[0] = v[0] + v[1] * v[3]
            v[1] = v[1] + v[2] * v[0]
            v[2] = v[2] + v[0] * v[1]
            v[3] = v[3] + v[1] * v[2]
            if not last:
                v = [word ^ (word >> np.uint32(16)) for word in v]
    return v


class Masks:
    """Dropout masks by the rule of src/engine/dropout.ts."""

    places = ("embedding", "selfProbabilities", "selfOutput", "crossProbabilities", "crossOutput",
              "feedForwardInner", "feedForwardOutput", "final")  # fmt: skip

    def __init__(self, rate, seed):
        self.rate, self.seed = rate, seed

    def begin_step(self, step):
        self.key = [int(word) for word in pcg4d(self.seed, step, 0x5EED, 0)]
        self.next_row = {"encoder": 0, "decoder": 0}

    def begin_pass(self, batch):
        """Packed rows of this pass: [B, T] for each stack, -1 at padding."""
        real = {"encoder": batch["attention_mask"].numpy() == 1, "decoder": batch["labels"].numpy() != -100}
        self.rows = {}
        for stack, mask in real.items():
            rows = np.full(mask.shape, -1, dtype=np.int64)
            rows[mask] = self.next_row[stack] + np.arange(mask.sum())
            self.next_row[stack] += int(mask.sum())
            self.rows[stack] = rows
        self.stack_calls = {"encoder": 0, "decoder": 0}

    def factors(self, stack, layer, place, rows, columns):
        """Factors for packed rows and columns, broadcast against each other."""
        site = ((0 if stack == "encoder" else 1) << 24) | (layer << 8) | self.places.index(place)
        rows, columns = np.broadcast_arrays(rows, columns)
        words = pcg4d(
            (rows.astype(np.int64) & 0xFFFFFFFF).astype(np.uint32) ^ np.uint32(self.key[0]),
            (columns >> 2).astype(np.uint32) ^ np.uint32(self.key[1]),
            np.full(rows.shape, site ^ self.key[2], dtype=np.uint32),
            np.full(rows.shape, self.key[3], dtype=np.uint32),
        )
        bits = np.choose(columns & 3, words).astype(np.float64)
        kept = (bits >= self.rate * 2.0**32) & (rows >= 0)
        return torch.from_numpy(np.where(kept, 1 / (1 - self.rate), 0.0).astype(np.float32))

    def features(self, stack, layer, place, x):
        rows = self.rows[stack][:, :, None]
        return x * self.factors(stack, layer, place, rows, np.arange(x.shape[-1])[None, None, :])

    def probabilities(self, stack, layer, place, x):
        rows = self.rows[stack][:, None, :, None]
        columns = np.arange(x.shape[1])[:, None, None] * 65536 + np.arange(x.shape[3])[None, None, :]
        return x * self.factors(stack, layer, place, rows, columns[None])


class MaskedDropout(torch.nn.Module):
    def __init__(self, masks, stack, layer, place):
        super().__init__()
        self.masks, self.stack, self.layer, self.place = masks, stack, layer, place

    def forward(self, x):
        place = self.place
        if place is None:  # A stack's own: on the embeddings first, then after the last norm.
            place = ("embedding", "final")[self.masks.stack_calls[self.stack]]
            self.masks.stack_calls[self.stack] += 1
        return self.masks.features(self.stack, self.layer, place, x)


def install_masks(model, masks):
    """Puts the masks where Hugging Face's T5 drops values."""
    site = []

    def with_site(attention, *where):
        original = attention.forward

        def call(*args, **kwargs):
            site.append(where)
            try:
                return original(*args, **kwargs)
            finally:
                site.pop()

        attention.forward = call

    for stack in ("encoder", "decoder"):
        module = getattr(model, stack)
        module.dropout = MaskedDropout(masks, stack, 0, None)
        for layer, block in enumerate(module.block):
            block.layer[0].dropout = MaskedDropout(masks, stack, layer, "selfOutput")
            with_site(block.layer[0].SelfAttention, stack, layer, "selfProbabilities")
            if stack == "decoder":
                block.layer[1].dropout = MaskedDropout(masks, stack, layer, "crossOutput")
                with_site(block.layer[1].EncDecAttention, stack, layer, "crossProbabilities")
            block.layer[-1].dropout = MaskedDropout(masks, stack, layer, "feedForwardOutput")
            block.layer[-1].DenseReluDense.dropout = MaskedDropout(masks, stack, layer, "feedForwardInner")
    # Attention asks the functional form; nothing else does now.
    modeling_t5.nn.functional.dropout = lambda x, p=0.5, training=True, inplace=False: masks.probabilities(*site[-1], x)


def write_dropout(batches):
    run = {"alpha": 0.5, "learningRate": 2e-3, "weightDecay": 0, "maxGradNorm": 1, "gradientAccumulation": 2,
           "dropout": 0.1, "seed": 2024}  # fmt: skip
    model = make_model(GATED, 1)
    masks = Masks(run["dropout"], run["seed"])
    original = modeling_t5.nn.functional.dropout
    install_masks(model, masks)
    _, log = run_steps(model, batches, run, 3, masks)
    modeling_t5.nn.functional.dropout = original
    write_json(OUT / "dropout" / "expected.json", {"run": run, "steps": log})


def train_to_copy():
    """A student that knows something, so that its choices are clear."""
    model = make_model(GATED, 4)
    random = np.random.default_rng(5)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.0)
    for step in range(1500):
        for group in optimizer.param_groups:
            group["lr"] = 5e-3 * (1 - step / 1500)
        inputs = [[int(n) for n in random.integers(3, 13, random.integers(1, 7))] + [1] for _ in range(32)]
        batch = make_batch([[2, *row] for row in inputs], inputs)
        optimizer.zero_grad()
        loss = forward(model, batch).loss
        loss.backward()
        optimizer.step()
    print("loss of the copying student", loss.item())
    return model


def generate(model, inputs, **options):
    """One input at a time: the tokens without the start token, cut behind the end token, and the scores."""
    found = []
    for row in inputs:
        ids = torch.tensor([row])
        # Without its cache, which is made too short where there are more decoder than encoder layers.
        result = model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False, use_cache=False,
            return_dict_in_generate=True, output_scores=True, **options,
        )  # fmt: skip
        tokens = []
        for sequence in result.sequences.tolist():
            sequence = sequence[1:]
            tokens.append(sequence[: sequence.index(1) + 1] if 1 in sequence else sequence)
        found.append((tokens, result.sequences_scores.tolist() if "num_beams" in options else None))
    return found


def write_generation():
    folder = OUT / "generation"
    model = train_to_copy()
    inputs = [[2, 5, 1], [2, 9, 4, 12, 1], [2, 7, 7, 3, 11, 8, 1], [2, 20, 1], [2, 4, 12, 3, 3, 6, 11, 5, 10, 1],
              [2, 6, 28, 27, 6, 1]]  # fmt: skip
    beam = dict(num_beams=4, num_return_sequences=4, early_stopping=False, length_penalty=1.0)
    greedy, beams = generate(model, inputs), generate(model, inputs, **beam)
    # No choice may hang on rounding: disturbed weights must give the same.
    weights = {name: weight.clone() for name, weight in model.state_dict().items()}
    for seed in range(3):
        torch.manual_seed(seed)
        model.load_state_dict({n: w * (1 + 1e-5 * torch.randn_like(w)) for n, w in weights.items()})
        assert [t for t, _ in generate(model, inputs)] == [t for t, _ in greedy], "greedy choices are too close"
        assert [t for t, _ in generate(model, inputs, **beam)] == [t for t, _ in beams], "beam choices are too close"
    model.load_state_dict(weights)
    write_model(folder, model)
    batch = make_batch(inputs, inputs)
    del batch["labels"]
    write_tensors(folder / "batch.safetensors", batch)
    rows = [
        {"greedy": {"tokens": g[0]}, "beams": [{"tokens": t, "score": s} for t, s in zip(*b)]}
        for (g, _), b in zip(greedy, beams)
    ]
    write_json(folder / "expected.json", {"maxNewTokens": 12, "beam": {"numBeams": 4}, "rows": rows})
    write_rules(folder, model, inputs)
    for row in rows:
        print(row["greedy"]["tokens"], [(b["tokens"], round(b["score"], 3)) for b in row["beams"]][:2])


# Under the names of src/engine/engine.ts. Weights are disturbed much: a student that copies is too sure for most of them.
RULES = [
    {"noRepeatNgramSize": 1},
    {"noRepeatNgramSize": 2},
    {"noRepeatNgramSize": 3, "repetitionPenalty": 1.7},
    {"repetitionPenalty": 0.6},
    {"minNewTokens": 9},
    {"numBeams": 4, "noRepeatNgramSize": 2},
    {"numBeams": 4, "lengthPenalty": 2.5},
    {"numBeams": 4, "lengthPenalty": -1.5},
    {"numBeams": 4, "lengthPenalty": 0.0, "earlyStopping": "never"},
    {"numBeams": 3, "lengthPenalty": 1.6, "earlyStopping": "never"},
    {"numBeams": 3, "earlyStopping": True},
    {"numBeams": 2, "repetitionPenalty": 2.5, "minNewTokens": 4, "earlyStopping": True},
    {"numBeams": 5, "repetitionPenalty": 1.3, "noRepeatNgramSize": 2, "minNewTokens": 6, "lengthPenalty": 0.6},
]


def snake(name):
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)


def write_rules(folder, model, inputs):
    """Of each set of rules the answers and, of beams, the best one's score. No choice hangs on rounding."""
    random = np.random.default_rng(21)
    inputs = inputs + [[int(n) for n in random.integers(2, 29, random.integers(2, 9))] + [1] for _ in range(6)]
    weights = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    wild = {}
    torch.manual_seed(12)
    for name, weight in weights.items():
        wild[name] = weight + 0.4 * weight.std() * torch.randn_like(weight) if weight.dim() > 1 else weight

    def answers(options, seed):
        torch.manual_seed(seed)
        near = {n: w * (1 + 1e-5 * torch.randn_like(w)) for n, w in wild.items()} if seed else wild
        model.load_state_dict(near, strict=False)
        return generate(model, inputs, **{snake(name): value for name, value in options.items()})

    plain = [tokens for tokens, _ in answers({}, 0)]
    searches = {beams: [t for t, _ in answers({"numBeams": beams}, 0)] for beams in (2, 3, 4, 5)}
    sets = []
    for options in RULES:
        found = answers(options, 0)
        for seed in (1, 2, 3):
            assert [t for t, _ in answers(options, seed)] == [t for t, _ in found], f"{options}: too close"
        without = searches[options["numBeams"]] if "numBeams" in options else plain
        changed = sum(tokens != other for (tokens, _), other in zip(found, without))
        print(options, "changes", changed, "of", len(inputs))
        assert changed > 0, f"{options} change nothing"
        rows = [{"tokens": tokens[0], "score": None if score is None else score[0]} for tokens, score in found]
        sets.append({"options": options, "rows": rows})
    save_file({name: weight.contiguous() for name, weight in wild.items()}, folder / "wild.safetensors")
    write_json(folder / "rules.json", {"maxNewTokens": 12, "inputs": inputs, "sets": sets})
    model.load_state_dict(weights, strict=False)


def write_buckets():
    relative = [-400, -129, -128, -113, -112, -64, -63, -17, -16, -8, -7, -1, 0, 1, 7, 8, 12, 46, 91, 300]
    table = []
    for value in relative:
        row = {"relative": value}
        for key, two_way, count, distance in (
            ("encoder", True, 32, 128), ("decoder", False, 32, 128), ("encoder16", True, 16, 64), ("decoder16", False, 16, 64),
        ):  # fmt: skip
            bucket = modeling_t5.T5Attention._relative_position_bucket(
                torch.tensor(value), bidirectional=two_way, num_buckets=count, max_distance=distance
            )
            row[key] = int(bucket)
        table.append(row)
    write_json(OUT / "relative-buckets.json", table)


if __name__ == "__main__":
    write_passes()
    batches = write_training()
    write_dropout(batches)
    write_family(batches)
    write_generation()
    write_buckets()
    size = sum(file.stat().st_size for file in OUT.rglob("*") if file.is_file())
    print(f"{size} bytes in {OUT}")
