"""What pretrain.py and distil_check.py share: the architecture, batches, and one optimiser."""

import torch
from tokenizers import Tokenizer
from transformers import T5Config, T5ForConditionalGeneration

PAD, END = 0, 1


def make_config(vocabulary_size: int) -> T5Config:
    return T5Config(
        vocab_size=vocabulary_size,
        d_model=96,
        d_kv=24,
        d_ff=192,
        num_layers=2,
        num_decoder_layers=2,
        num_heads=4,
        relative_attention_num_buckets=32,
        relative_attention_max_distance=128,
        dropout_rate=0.0,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        pad_token_id=PAD,
        eos_token_id=END,
        decoder_start_token_id=PAD,
    )


def make_student(vocabulary_size: int, seed: int) -> T5ForConditionalGeneration:
    """Hugging Face's initialisation, but for `lm_head`: with d_model^-0.5 the first loss is near ln(vocabulary)."""
    torch.manual_seed(seed)
    student = T5ForConditionalGeneration(make_config(vocabulary_size))
    student.lm_head.weight.data.normal_(0.0, student.config.d_model**-0.5)
    return student


def pad(rows: list[list[int]], filler: int) -> torch.Tensor:
    """[B, T]"""
    longest = max(map(len, rows))
    return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])


def task_loss(student, inputs: list[list[int]], targets: list[list[int]]) -> torch.Tensor:
    """Mean token loss of one task."""
    ids = pad(inputs, PAD)
    return student(input_ids=ids, attention_mask=(ids != PAD).long(), labels=pad(targets, -100)).loss


def make_optimiser(student, weight_decay: float) -> torch.optim.AdamW:
    """AdamW that spares layer norms and biases, as Hugging Face's Trainer and the studio do."""
    groups: dict[bool, list] = {True: [], False: []}
    for name, parameter in student.named_parameters():
        groups["layer_norm" not in name and "bias" not in name].append(parameter)
    return torch.optim.AdamW(
        [
            {"params": groups[True], "weight_decay": weight_decay},
            {"params": groups[False], "weight_decay": 0.0},
        ],
        lr=1.0,
    )


def step(student, optimiser, loss: torch.Tensor, rate: float, max_norm: float = 1.0) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(student.parameters(), max_norm)
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.step()


def linear_rate(done: int, steps: int, warmup: int, rate: float) -> float:
    """Of the step after `done` finished ones."""
    return rate * (done / warmup if done < warmup else max(0.0, 1 - (done - warmup) / max(1, steps - warmup)))


def encode(tokenizer: Tokenizer, texts: list[str], most: int = 128) -> list[list[int]]:
    """Ids with the end token, cut to `most`."""
    rows = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    return [row if len(row) <= most else [*row[: most - 1], END] for row in rows]


@torch.no_grad()
def answer(student, tokenizer: Tokenizer, prompts: list[str], most: int, batch: int = 128) -> list[str]:
    """Greedy continuations, special tokens left out."""
    student.eval()
    texts: list[str] = []
    for start in range(0, len(prompts), batch):
        ids = pad(encode(tokenizer, prompts[start : start + batch]), PAD)
        made = student.generate(
            input_ids=ids, attention_mask=(ids != PAD).long(), max_new_tokens=most, num_beams=1, do_sample=False
        )
        texts += tokenizer.decode_batch([row.tolist() for row in made], skip_special_tokens=True)
    return texts
