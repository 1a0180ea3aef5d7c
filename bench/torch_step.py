"""One training step of a T5 v1.1 in PyTorch on the CPU, as lean as PyTorch allows: both tasks in one batch without
padding, one matrix product for q, k and v, the fused AdamW. Reads a case (configuration, threads) as JSON and
prints {"msPerStep": [...], "version": "..."}.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


class Norm(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6))


class Attention(nn.Module):
    def __init__(self, c, cross=False):
        super().__init__()
        self.heads = c["num_heads"]
        inner = c["num_heads"] * c["d_kv"]
        d = c["d_model"]
        self.cross = cross
        self.q = nn.Linear(d, inner if cross else 3 * inner, bias=False)
        self.kv = nn.Linear(d, 2 * inner, bias=False) if cross else None
        self.o = nn.Linear(inner, d, bias=False)

    def forward(self, x, memory, bias):
        if self.cross:
            parts = [self.q(x), *self.kv(memory).chunk(2, -1)]
        else:
            parts = self.q(x).chunk(3, -1)
        q, k, v = (p.unflatten(-1, (self.heads, -1)).transpose(1, 2) for p in parts)
        scores = q @ k.transpose(2, 3)
        if bias is not None:
            scores = scores + bias
        return self.o((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, c, decoder):
        super().__init__()
        d, f = c["d_model"], c["d_ff"]
        self.attention = Attention(c)
        self.cross = Attention(c, cross=True) if decoder else None
        self.norms = nn.ModuleList([Norm(d) for _ in range(3 if decoder else 2)])
        self.wi = nn.Linear(d, 2 * f, bias=False)
        self.wo = nn.Linear(f, d, bias=False)

    def forward(self, x, memory, bias):
        x = x + self.attention(self.norms[0](x), None, bias)
        if self.cross is not None:
            x = x + self.cross(self.norms[1](x), memory, None)
        gate, value = self.wi(self.norms[-1](x)).chunk(2, -1)
        return x + self.wo(F.gelu(gate, approximate="tanh") * value)


class Student(nn.Module):
    def __init__(self, c):
        super().__init__()
        d, v = c["d_model"], c["vocab_size"]
        self.shared = nn.Embedding(v, d)
        self.encoder = nn.ModuleList([Block(c, False) for _ in range(c["num_layers"])])
        self.decoder = nn.ModuleList([Block(c, True) for _ in range(c["num_decoder_layers"])])
        self.norms = nn.ModuleList([Norm(d), Norm(d)])
        self.tables = nn.ModuleList([nn.Embedding(32, c["num_heads"]) for _ in range(2)])
        self.lm_head = nn.Linear(d, v, bias=False)

    def bias(self, table, length, causal):
        positions = torch.arange(length)
        distance = positions[None, :] - positions[:, None]
        # Which bucket is of no matter to the time.
        bias = table(distance.clamp(-15, 16) + 15).permute(2, 0, 1)[None]
        return bias.masked_fill(distance > 0, float("-inf")) if causal else bias

    def forward(self, inputs, targets):
        memory = self.shared(inputs)
        bias = self.bias(self.tables[0], inputs.shape[1], False)
        for block in self.encoder:
            memory = block(memory, None, bias)
        memory = self.norms[0](memory)
        x = self.shared(F.pad(targets[:, :-1], (1, 0)))
        bias = self.bias(self.tables[1], targets.shape[1], True)
        for block in self.decoder:
            x = block(x, memory, bias)
        logits = self.lm_head(self.norms[1](x))
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(targets.shape)


def main():
    case = json.load(sys.stdin)
    torch.set_num_threads(case["threads"])
    torch.manual_seed(0)
    student = Student(case["config"])
    optimizer = torch.optim.AdamW(student.parameters(), lr=1e-4, weight_decay=0.01, fused=True)
    rows, vocabulary = case["batch"], case["config"]["vocab_size"]
    inputs = torch.randint(2, vocabulary, (rows, case["inputLength"]))
    targets = torch.randint(2, vocabulary, (rows, case["targetLength"]))
    elapsed = []
    warm_up = max(2, case["steps"] // 5)
    for index in range(warm_up + case["steps"]):
        start = time.perf_counter()
        losses = student(inputs, targets)
        half = rows // 2
        loss = 0.5 * losses[:half].mean() + 0.5 * losses[half:].mean()
        loss.backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        loss.item()
        if index >= warm_up:
            elapsed.append((time.perf_counter() - start) * 1000)
    print(json.dumps({"msPerStep": elapsed, "version": torch.__version__}))


main()
