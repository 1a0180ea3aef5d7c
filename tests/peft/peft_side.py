"""peft's side of peft.python.test.ts: `python peft_side.py FOLDER`. FOLDER/task.json says what to do; what comes out is
written beside it."""

import json
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, get_scheduler

FOLDER = Path(sys.argv[1])
TASK = json.loads((FOLDER / "task.json").read_text())
BASE = str(FOLDER / "base")
TOKENIZER = AutoTokenizer.from_pretrained(BASE)
IGNORED = -100


def model_of(folder):
    return AutoModelForSeq2SeqLM.from_pretrained(folder, dropout_rate=0.0, dtype=torch.float32)


def batch_of(prompts, targets):
    batch = TOKENIZER(prompts, return_tensors="pt", padding=True)
    labels = TOKENIZER(targets, return_tensors="pt", padding=True)
    batch["labels"] = labels.input_ids.masked_fill(labels.attention_mask == 0, IGNORED)
    return batch


def answers_of(model):
    asked = TOKENIZER(TASK["prompts"], return_tensors="pt", padding=True)
    with torch.no_grad():
        ids = model.generate(**asked, max_new_tokens=TASK["maxTokens"], num_beams=1, do_sample=False)
    return TOKENIZER.batch_decode(ids, skip_special_tokens=True)


def logits_of(model):
    with torch.no_grad():
        return model(**batch_of(TASK["prompts"], TASK["targets"])).logits.contiguous()


def make():
    """Adapters with both factors drawn at random, saved by peft."""
    for name, targets in TASK["made"].items():
        torch.manual_seed(3)
        config = LoraConfig(
            r=3, lora_alpha=7, target_modules=targets, init_lora_weights=False, task_type="SEQ_2_SEQ_LM"
        )
        get_peft_model(model_of(BASE), config).save_pretrained(str(FOLDER / name))


def train(name):
    """The recipe's steps from adapters that lie in FOLDER; the losses, and the adapters after them, saved by peft."""
    recipe, steps = TASK["recipe"], TASK["steps"]
    model = PeftModel.from_pretrained(model_of(BASE), str(FOLDER / f"{name}-initial"), is_trainable=True)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=recipe["learningRate"], weight_decay=recipe["weightDecay"])
    schedule = get_scheduler(recipe["schedule"], optimizer, recipe["warmupSteps"], len(steps))
    points = []
    for rows in steps:
        losses = {
            task: model(**batch_of([row["prompt"] for row in rows[task]], [row["target"] for row in rows[task]])).loss
            for task in ("answer", "rationale")
        }
        loss = recipe["alpha"] * losses["answer"] + (1 - recipe["alpha"]) * losses["rationale"]
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(trained, recipe["maxGradNorm"])
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        points.append(
            {
                "answerLoss": losses["answer"].item(),
                "rationaleLoss": losses["rationale"].item(),
                "loss": loss.item(),
                "gradNorm": norm.item(),
            }
        )
    model.save_pretrained(str(FOLDER / f"{name}-trained"))
    return points


def check():
    """All adapters on one base, one after the other: logits and answers; then the training."""
    base = model_of(BASE)
    told = {"base": answers_of(base), "answers": {}, "points": {}}
    logits = {}
    loaded = None
    for name, folder in TASK["adapters"].items():
        if loaded is None:
            loaded = PeftModel.from_pretrained(base, str(FOLDER / folder), adapter_name=name)
        else:
            loaded.load_adapter(str(FOLDER / folder), adapter_name=name)
        loaded.set_adapter(name)
        loaded.eval()
        logits[name] = logits_of(loaded)
        told["answers"][name] = answers_of(loaded)
    for name in TASK["trained"]:
        told["points"][name] = train(name)
    save_file(logits, str(FOLDER / "logits.safetensors"))
    (FOLDER / "told.json").write_text(json.dumps(told))


torch.set_num_threads(1)
make()
check()
