"""Pre-trains nano and writes public/students/nano.

Run from anywhere: python scripts/nano/pretrain.py [--steps 7000] [--out FOLDER]
Needs Node (it asks scripts/sample-world.mjs for the words), PyTorch, transformers, tokenizers and safetensors.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from lessons import Lessons
from pieces import make_tokenizer, make_vocabulary
from student import answer, encode, linear_rate, make_optimiser, make_student, step, task_loss
from world import ROOT, load_world

SEED = 1
BATCH = 32
RATE = 2e-3
WARMUP = 200
REPORT_EVERY = 200
LESSONS_FOR_PIECES = 20_000
ROWS_PER_REPORT = 200


def draw_batch(lessons: Lessons, tokenizer: Tokenizer, size: int) -> tuple[list[list[int]], list[list[int]]]:
    pairs = [lessons.draw() for _ in range(size)]
    return encode(tokenizer, [pair[0] for pair in pairs]), encode(tokenizer, [pair[1] for pair in pairs])


def lesson_accuracy(student, tokenizer: Tokenizer, seed: int) -> dict[str, float]:
    """Exact matches on lessons drawn afresh, by lesson; filling in is left out, since chance filled the gaps."""
    world = load_world()
    result = {}
    for index, name in enumerate(name for name in Lessons(world, 0).names if name != "fill in"):
        lessons = Lessons(world, seed + index)
        pairs = [lessons.by_name[name][1]() for _ in range(ROWS_PER_REPORT)]
        texts = answer(student, tokenizer, [pair[0] for pair in pairs], 48)
        # Decoding drops no space that matters here; compare as the tokenizer writes the target.
        wanted = tokenizer.decode_batch(encode(tokenizer, [pair[1] for pair in pairs]), skip_special_tokens=True)
        result[name] = sum(a == b for a, b in zip(texts, wanted)) / len(pairs)
    return result


def save(student, tokenizer_json: dict, folder: Path, vocabulary_size: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str, content: dict, indent: int | None = 1) -> None:
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=indent) + "\n", encoding="utf-8")

    config = student.config
    keys = """vocab_size d_model d_kv d_ff num_layers num_decoder_layers num_heads relative_attention_num_buckets
        relative_attention_max_distance layer_norm_epsilon feed_forward_proj tie_word_embeddings pad_token_id
        eos_token_id decoder_start_token_id use_cache"""
    write(
        "config.json",
        {
            "architectures": ["T5ForConditionalGeneration"],
            "model_type": "t5",
            "is_encoder_decoder": True,
            **{key: getattr(config, key) for key in keys.split()},
            "dropout_rate": 0.1,
            "dtype": "float16",
            "torch_dtype": "float16",
        },
    )
    write("generation_config.json", {"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0})
    aliases = {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight"}
    tensors = {
        name: tensor.detach().half().contiguous()
        for name, tensor in student.state_dict().items()
        if name not in aliases
    }
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    write("tokenizer.json", tokenizer_json, indent=None)
    names = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    write(
        "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "clean_up_tokenization_spaces": False,
            "model_max_length": 1024,
            "model_input_names": ["input_ids", "attention_mask"],
            **names,
        },
    )
    write("special_tokens_map.json", names)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--steps", type=int, default=7000)
    options.add_argument("--out", type=Path, default=ROOT / "public/students/nano")
    options.add_argument("--threads", type=int, default=1)
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)

    world = load_world()
    sampler = Lessons(world, SEED + 100)
    texts = [text for _ in range(LESSONS_FOR_PIECES) for text in sampler.draw()]
    vocabulary = make_vocabulary(world, texts)
    tokenizer_json = make_tokenizer(vocabulary)
    tokenizer = Tokenizer.from_str(json.dumps(tokenizer_json))
    size = -(-tokenizer.get_vocab_size() // 8) * 8
    student = make_student(size, SEED)
    parameters = sum(parameter.numel() for parameter in student.parameters())
    print(f"{parameters:,} parameters, {len(vocabulary)} pieces, vocabulary {size}", flush=True)

    lessons = Lessons(world, SEED)
    optimiser = make_optimiser(student, 0.01)
    student.train()
    begun = time.time()
    total = 0.0
    for done in range(chosen.steps):
        loss = task_loss(student, *draw_batch(lessons, tokenizer, BATCH))
        step(student, optimiser, loss, linear_rate(done, chosen.steps, WARMUP, RATE))
        total += loss.item()
        if (done + 1) % REPORT_EVERY == 0:
            print(f"{done + 1} loss {total / REPORT_EVERY:.3f} ({time.time() - begun:.0f} s)", flush=True)
            total = 0.0
    save(student, tokenizer_json, chosen.out, size)

    student.load_state_dict({name: tensor.half().float() for name, tensor in student.state_dict().items()})
    accuracy = lesson_accuracy(student, tokenizer, 1000)
    for name, share in accuracy.items():
        print(f"{name}: {share:.3f}")


if __name__ == "__main__":
    main()
