"""Adapters (LoRA) as the studio and peft have them: beside the frozen weight W [out, in] of a linear layer lie A [rank, in]
and B [out, rank], and the layer computes x W' + (alpha / rank) drop(x) A' B'. Tensors go by peft's names."""

import json
import re

import torch

from studio import RunError, uniforms

PREFIX = "base_model.model."
LINEAR = re.compile(r"(?:en|de)coder\..*\.(?:q|k|v|o|wi|wi_0|wi_1|wo)")
FIRST_STREAM = 0x10A  # of random numbers; each factor has one of its own


def is_factor(name):
    return ".lora_A." in name or ".lora_B." in name


def kept_name(name):
    """What checkpoints call a parameter."""
    return PREFIX + name if is_factor(name) else name


def last_name(name):
    return name.rpartition(".")[2]


def adapted_layers(model, lora):
    """Name and layer of each that gets adapters, in the model's order. Raises RunError where a target is none."""
    layers = [(name, layer) for name, layer in model.named_modules() if LINEAR.fullmatch(name)]
    there = {last_name(name) for name, _ in layers}
    asked = there if lora["targets"] == "all-linear" else set(lora["targets"])
    missing = sorted(asked - there)
    if missing or not asked:
        raise RunError(f"lora cannot target {missing}: choose among {sorted(there)}, or \"all-linear\".")
    return [(name, layer) for name, layer in layers if last_name(name) in asked]


def of_base(name, weight, lora):
    """A weight of the base as the adapters see it: where they ask for half precision, a matrix holds what float16 does.
    All is computed in float32."""
    is_matrix = weight.dim() == 2 and "relative_attention_bias" not in name and weight.numel() % 2 == 0
    return weight.half().float() if lora.get("baseDtype") == "float16" and is_matrix else weight


def add_adapters(model, lora, seed):
    """Freezes the student and adds adapters that have learnt nothing: A uniform within 1 / sqrt(inputs), B zero. The
    random numbers are counted: the same bits as the studio's."""
    for name, weight in model.named_parameters():
        weight.requires_grad_(False)
        weight.data = of_base(name, weight.data, lora)
    for place, (_, layer) in enumerate(adapted_layers(model, lora)):
        outputs, inputs = layer.weight.shape
        layer.lora_A = torch.nn.Linear(inputs, lora["rank"], bias=False)
        layer.lora_B = torch.nn.Linear(lora["rank"], outputs, bias=False)
        drawn = inputs**-0.5 * (2 * uniforms(seed, FIRST_STREAM + 2 * place, lora["rank"] * inputs) - 1)
        with torch.no_grad():
            layer.lora_A.weight.copy_(torch.from_numpy(drawn).reshape(lora["rank"], inputs))
            layer.lora_B.weight.zero_()
        layer.register_forward_hook(share_of(lora))


def share_of(lora):
    """A hook that adds the adapters' share to what a layer computed."""
    scale, rate = lora["alpha"] / lora["rank"], lora["dropout"]

    def add(layer, inputs, computed):
        dropped = torch.nn.functional.dropout(inputs[0], rate, layer.training)
        return computed + scale * layer.lora_B(layer.lora_A(dropped))

    return add


def merged(base, factors, lora):
    """The student's weights with its adapters in them, by name."""
    base = {name: of_base(name, weight, lora) for name, weight in base.items()}
    weights = dict(base)
    scale = lora["alpha"] / lora["rank"]
    for name, a in factors.items():
        if ".lora_A." not in name:
            continue
        b = factors[name.replace(".lora_A.", ".lora_B.")]
        weight = name.removeprefix(PREFIX).replace(".lora_A.", ".")
        weights[weight] = (base[weight].double() + scale * (b.double() @ a.double())).float()
    return weights


def config_text(factors, lora, student):
    """peft's `adapter_config.json`."""
    targets = sorted({last_name(name.removesuffix(".lora_A.weight")) for name in factors if ".lora_A." in name})
    value = {
        "base_model_name_or_path": student,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "init_lora_weights": True,
        "lora_alpha": lora["alpha"],
        "lora_dropout": lora["dropout"],
        "modules_to_save": None,
        "peft_type": "LORA",
        "r": lora["rank"],
        "target_modules": targets,
        "task_type": "SEQ_2_SEQ_LM",
        "use_dora": False,
        "use_rslora": False,
    }
    return json.dumps(value, indent=2) + "\n"
