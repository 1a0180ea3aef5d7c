"""
Asks the installed transformers what tests/transformers/*.python.test.ts compares: python check.py TASK.json RESULT.json

The task has `folders` (exported by the studio: answers to ids), `texts` (their tokenizers' ids and texts), `snippets`
(the code of a model card, run as it stands), and `make` (a folder in which each member of the family is stored in each
way that transformers has had, with its loss and its answers). Everything is computed in float32 on one CPU.
"""

import contextlib
import io
import json
import os
import re
import shutil
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, MT5Config, T5Config, UMT5Config

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
torch.set_num_threads(1)
ROWS_AT_ONCE = 125


def padded(rows, value):
    width = max(map(len, rows))
    return torch.tensor([row + [value] * (width - len(row)) for row in rows])


def load(path):
    model, told = AutoModelForSeq2SeqLM.from_pretrained(path, dtype="float32", output_loading_info=True)
    amiss = {key: sorted(map(str, names)) for key, names in told.items() if key != "error_msgs" and names}
    # What both ties and lists it again is no fault: transformers 4 counts the tied names as missing.
    return model.eval(), {key: names for key, names in amiss.items() if key in ("missing_keys", "unexpected_keys")}


def answers(model, rows, max_new_tokens):
    """As the folder's generation_config.json has it; ids without the start token, up to the end token and with it."""
    end, pad = model.config.eos_token_id, model.config.pad_token_id
    given = {} if max_new_tokens is None else {"max_new_tokens": max_new_tokens}
    found = []
    for first in range(0, len(rows), ROWS_AT_ONCE):
        batch = rows[first : first + ROWS_AT_ONCE]
        mask = padded([[1] * len(row) for row in batch], 0)
        with torch.no_grad():
            generated = model.generate(input_ids=padded(batch, pad), attention_mask=mask, **given)
        for row in generated[:, 1:].tolist():
            found.append(row[: row.index(end) + 1] if end in row else row)
    return found


def loss(model, inputs, targets):
    mask = padded([[1] * len(row) for row in inputs], 0)
    with torch.no_grad():
        return model(input_ids=padded(inputs, 0), attention_mask=mask, labels=padded(targets, -100)).loss.item()


def snippet(path, prompts):
    """What the card's code prints for each prompt, in place of the one it stands with."""
    card = Path(path, "README.md").read_text()
    code = re.search(r"```python\n(.*?)```", card, re.S).group(1)
    asked = re.search(r'tokenizer\(("(?:[^"\\]|\\.)*"), return_tensors', code).group(1)
    printed = []
    here = os.getcwd()
    os.chdir(path)
    try:
        for prompt in prompts:
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(code.replace(asked, json.dumps(prompt)), {})
            printed.append(out.getvalue()[:-1])
    finally:
        os.chdir(here)
    return printed


def check(path):
    """What the card's two pieces of code print, one behind the other, as they stand."""
    card = Path(path, "README.md").read_text()
    first, second = re.findall(r"```python\n(.*?)```", card, re.S)
    here = os.getcwd()
    os.chdir(path)
    try:
        out = io.StringIO()
        names = {}
        with contextlib.redirect_stdout(io.StringIO()):
            exec(first, names)
        with contextlib.redirect_stdout(out):
            exec(second, names)
        return out.getvalue()
    finally:
        os.chdir(here)


COMMON = dict(
    vocab_size=40, d_model=12, d_kv=5, d_ff=9, num_layers=2, num_decoder_layers=2, num_heads=2,
    relative_attention_num_buckets=8, relative_attention_max_distance=20, dropout_rate=0.0,
    pad_token_id=0, eos_token_id=1, decoder_start_token_id=0,
)  # fmt: skip

MEMBERS = {
    "t5-v1.0": T5Config(**COMMON, feed_forward_proj="relu", tie_word_embeddings=True),
    "t5-v1.1": T5Config(**COMMON, feed_forward_proj="gated-gelu", tie_word_embeddings=False),
    "gated-silu": T5Config(**COMMON, feed_forward_proj="gated-silu", tie_word_embeddings=False),
    "mt5": MT5Config(**COMMON, feed_forward_proj="gated-gelu", tie_word_embeddings=False),
    "umt5": UMT5Config(**COMMON, feed_forward_proj="gated-gelu", tie_word_embeddings=True),
}


def bin_shards(model, folder):
    """pytorch_model-0000N-of-0000N.bin and their index, as transformers 4 wrote them."""
    state = model.state_dict()
    halves = [dict(list(state.items())[half::2]) for half in (0, 1)]
    names = [f"pytorch_model-0000{number}-of-00002.bin" for number in (1, 2)]
    for name, half in zip(names, halves):
        torch.save(half, folder / name)
    weight_map = {key: name for name, half in zip(names, halves) for key in half}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


STORAGES = {
    "safetensors": lambda model, folder: model.save_pretrained(folder),
    "safetensors in shards": lambda model, folder: model.save_pretrained(folder, max_shard_size="4KB"),
    "safetensors in f16": lambda model, folder: model.half().save_pretrained(folder),
    "safetensors in bf16": lambda model, folder: model.bfloat16().save_pretrained(folder),
    "bin": lambda model, folder: torch.save(model.state_dict(), folder / "pytorch_model.bin"),
    "bin in shards": bin_shards,
    "bin in bf16": lambda model, folder: torch.save(model.bfloat16().state_dict(), folder / "pytorch_model.bin"),
    "bin of old": lambda model, folder: torch.save(
        model.state_dict(), folder / "pytorch_model.bin", _use_new_zipfile_serialization=False
    ),
}


def make(folder, tokenizer, inputs, targets):
    rows = []
    for member, config in MEMBERS.items():
        for storage, save in STORAGES.items():
            torch.manual_seed(len(member))
            model = AutoModelForSeq2SeqLM.from_config(config)
            with torch.no_grad():
                for name, weight in model.named_parameters():
                    weight.normal_(1.0 if "layer_norm" in name else 0.0, 0.3)
            place = Path(folder, f"{member}, {storage}")
            place.mkdir(parents=True)
            if "bin" in storage:
                model.config.architectures = [type(model).__name__]
                model.config.save_pretrained(place)
            save(model, place)
            for file in Path(tokenizer).iterdir():
                shutil.copy(file, place / file.name)
            whole, amiss = load(place)
            rows.append(
                {
                    "path": str(place), "member": member, "storage": storage, "amiss": amiss,
                    "loss": loss(whole, inputs, targets), "answers": answers(whole, inputs, 12),
                }
            )  # fmt: skip
    return rows


def main(task, result):
    asked = json.loads(Path(task).read_text())
    folders = []
    for path in asked["folders"]:
        model, amiss = load(path)
        folders.append({"amiss": amiss, "answers": answers(model, asked["inputs"], None)})
    texts = []
    for path in asked["tokenizers"]:
        tokenizer = AutoTokenizer.from_pretrained(path)
        ids = [tokenizer(text).input_ids for text in asked["texts"]]
        texts.append([[row, tokenizer.decode(row, skip_special_tokens=True)] for row in ids])
    told = {
        "version": transformers.__version__,
        "folders": folders,
        "texts": texts,
        "checks": [check(one["path"]) for one in asked["snippets"]],
        "snippets": [snippet(one["path"], one["prompts"]) for one in asked["snippets"]],
        "made": make(asked["make"], asked["tokenizer"], asked["inputs"][:24], asked["targets"]),
    }
    Path(result).write_text(json.dumps(told))


main(*sys.argv[1:])
