"""
Asks others of exported graphs what tests/onnx/onnx.python.test.ts compares: python check.py TASK.json RESULT.json

The task has `members`, each with `model` (a Hugging Face folder), `onnx` (a folder for each storage), `inputs` (ids) and
how many new tokens there may be. transformers answers from the first; onnxruntime, by a loop of our own and by optimum,
from the others. onnx's checker goes through every graph with shape inference.
"""

import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import onnx
import onnxruntime as ort
import torch
import transformers
from optimum.onnxruntime import ORTModelForSeq2SeqLM
from transformers import AutoModelForSeq2SeqLM

transformers.utils.logging.set_verbosity_error()
torch.set_num_threads(1)
SUFFIXES = {"f32": "", "f16": "_fp16", "w8": "_int8", "q8": "_quantized"}


def padded(rows, value):
    width = max(map(len, rows))
    return np.array([row + [value] * (width - len(row)) for row in rows], dtype=np.int64)


def until_end(rows, end):
    return [row[: row.index(end) + 1] if end in row else row for row in rows]


def generated(model, config, rows, batch):
    """Greedy answers of anything that has transformers' `generate`, as generation_config.json has it."""
    found = []
    for first in range(0, len(rows), batch):
        some = rows[first : first + batch]
        ids = torch.from_numpy(padded(some, config["pad_token_id"]))
        mask = torch.from_numpy(padded([[1] * len(row) for row in some], 0))
        with torch.no_grad():
            found += model.generate(input_ids=ids, attention_mask=mask)[:, 1:].tolist()
    return until_end(found, config["eos_token_id"])


def session(path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def greedy(encoder, decoder, config, rows, tokens, batch):
    """Greedy answers through encoder and merged decoder."""
    names = [one.name for one in decoder.get_inputs() if one.name.startswith("past_key_values")]
    shapes = {one.name: one.shape for one in decoder.get_inputs()}
    presents = [one.name for one in decoder.get_outputs()][1:]
    found = []
    for first in range(0, len(rows), batch):
        some = rows[first : first + batch]
        mask = padded([[1] * len(row) for row in some], 0)
        ids = padded(some, config["pad_token_id"])
        hidden = encoder.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        past = {name: np.zeros((len(some), shapes[name][1], 0, shapes[name][3]), np.float32) for name in names}
        last = np.full((len(some), 1), config["decoder_start_token_id"], dtype=np.int64)
        answers, done, cached = [[] for _ in some], [False] * len(some), False
        for _ in range(tokens):
            feeds = {"input_ids": last, "encoder_hidden_states": hidden, "encoder_attention_mask": mask, **past}
            logits, *states = decoder.run(None, {**feeds, "use_cache_branch": np.array([cached])})
            cached = True
            past = {name.replace("present", "past_key_values"): value for name, value in zip(presents, states)}
            best = logits[:, -1].argmax(-1)
            for row, token in enumerate(best.tolist()):
                if not done[row]:
                    answers[row].append(token)
                    done[row] = token == config["eos_token_id"]
            if all(done):
                break
            last = best[:, None].astype(np.int64)
        found += answers
    return found


def different(a, b):
    return sum(one != other for one, other in zip(a, b, strict=True))


def member(task):
    config = json.loads(Path(task["model"], "config.json").read_text())
    rows, tokens = task["inputs"], task["tokens"]
    model = AutoModelForSeq2SeqLM.from_pretrained(task["model"], dtype="float32").eval()
    truth = generated(model, config, rows, 25)
    told = {"answers": truth, "checked": 0, "dtypes": {}, "apart": {}, "changed": {}}
    for storage, folder in task["onnx"].items():
        for path in sorted(Path(folder, "onnx").iterdir()):
            onnx.checker.check_model(str(path), full_check=True)
            told["checked"] += 1
        said = json.loads(Path(folder, "config.json").read_text())["transformers.js_config"]
        told["dtypes"][storage] = said["dtype"]
        graphs = [session(Path(folder, "onnx", f"{name}{SUFFIXES[storage]}.onnx")) for name in
                  ("encoder_model", "decoder_model_merged")]  # fmt: skip
        together = greedy(*graphs, config, rows, tokens, 25)
        told["apart"][storage] = different(together, greedy(*graphs, config, rows, tokens, 1))
        told["changed"][storage] = different(together, truth)
    folder = task["onnx"]["f32"]
    told["optimum"] = {
        kind: different(generated(ORTModelForSeq2SeqLM.from_pretrained(folder, **how), config, rows, 25), truth)
        for kind, how in {
            # Its empty caches are d_model / heads wide, whatever d_kv is.
            **({"merged": {"use_merged": True}} if config["d_kv"] * config["num_heads"] == config["d_model"] else {}),
            "with past": {"use_merged": False, "use_cache": True},
            "without past": {"use_merged": False, "use_cache": False},
        }.items()
    }
    return told


def main(task, result):
    asked = json.loads(Path(task).read_text())
    Path(result).write_text(json.dumps([member(one) for one in asked["members"]]))


main(*sys.argv[1:])
