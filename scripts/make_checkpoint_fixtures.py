"""
Writes tests/fixtures/torch: PyTorch checkpoints, against which src/formats/torch-checkpoint.ts is tested.

    python -m pip install "torch==2.15.0" safetensors numpy
    python scripts/make_checkpoint_fixtures.py

    views.{zip,legacy}.bin    tensors of every dtype, views that share a storage, transposed, repeated and empty ones
    views.json                their dtypes, shapes and values
    tied.{zip,legacy}.bin     the student of tests/fixtures/engine/tiny-tied, with a state dict's `_metadata`
    command.bin               a checkpoint that would run a command if it were unpickled. Nothing here unpickles it.
"""

import json
import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import load_file

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
OUT = FIXTURES / "torch"


def save(tensors: object, name: str) -> None:
    torch.save(tensors, OUT / f"{name}.zip.bin")
    torch.save(tensors, OUT / f"{name}.legacy.bin", _use_new_zipfile_serialization=False)


def views() -> OrderedDict:
    base = torch.arange(24, dtype=torch.float32) / 8 - 1
    whole = torch.tensor([-(2**53) + 1, 0, 7], dtype=torch.int64)
    return OrderedDict(
        f32=base.reshape(4, 6),
        rows=base.reshape(4, 6)[1:3],
        transposed=base.reshape(4, 6).t(),
        columns=base.reshape(4, 6)[:, 1::2],
        repeated=base[5:8].expand(2, 3),
        scalar=base[9],
        empty=torch.zeros(0, 3),
        parameter=torch.nn.Parameter(base[:4].clone()),
        f16=(base[:6] * 1000).half(),
        bf16=base[:6].bfloat16().reshape(2, 3).t(),
        f64=base[:3].double() / 3,
        i64=whole,
        i32=torch.tensor([[-5, 2**31 - 1]], dtype=torch.int32),
    )


class Command:
    def __reduce__(self):
        return os.system, ("echo a command ran",)


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    tensors = views()
    save(tensors, "views")
    described = {
        name: {
            "dtype": str(tensor.dtype).removeprefix("torch."),
            "shape": list(tensor.shape),
            "values": tensor.detach().double().flatten().tolist() if tensor.is_floating_point() else tensor.flatten().tolist(),
        }
        for name, tensor in tensors.items()
    }
    (OUT / "views.json").write_text(json.dumps(described, indent=1) + "\n")

    student = OrderedDict(load_file(FIXTURES / "engine" / "tiny-tied" / "model.safetensors"))
    student["encoder.embed_tokens.weight"] = student["shared.weight"]
    student._metadata = OrderedDict({"": {"version": 1}})
    save(student, "tied")

    with zipfile.ZipFile(OUT / "command.bin", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"shared.weight": Command()}, protocol=2))
        archive.writestr("archive/version", "3\n")


main()
