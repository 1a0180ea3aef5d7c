"""The folder of a run, as the studio writes and reads it: metrics, checkpoints, the model. One process writes."""

import hashlib
import json
import os
import re
import shutil
import sys
import time
import zipfile
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save_file

from adapters import config_text, is_factor, merged
from studio import RunError

SLICE_BYTES = 32 * 1024 * 1024  # of which `checkpoint.json` has a SHA-256 each
STUDIO_SLICE_BYTES = 8 * 1024 * 1024  # in checkpoints that the studio wrote
KEPT = 2  # checkpoints
HERE = Path(__file__).resolve().parent
LEFTOVERS = re.compile(r"(?:model|adapter|checkpoint-\d+)(?:\.tmp)?|summary\.json|predictions\.jsonl|evaluations\.jsonl|run\.zip")


def text_of(path):
    return Path(path).read_text(encoding="utf-8")


def lines_of(path):
    """The values of a JSON Lines file; a last line that was cut off is none."""
    found = []
    for line in text_of(path).split("\n")[:-1]:
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


def slices(path, size=SLICE_BYTES):
    """SHA-256 of each slice of a file."""
    found = []
    with open(path, "rb") as file:
        while block := file.read(size):
            found.append(hashlib.sha256(block).hexdigest())
    return found


def listed(path, name=None):
    return {"name": name or Path(path).name, "sizeBytes": os.path.getsize(path), "sha256": slices(path)}


def is_as_listed(path, file):
    """Whether a file has the bytes that were written. Slices of two sizes differ in how many there are."""
    ours = len(file["sha256"]) == -(-file["sizeBytes"] // SLICE_BYTES)
    size = SLICE_BYTES if ours else STUDIO_SLICE_BYTES
    return os.path.getsize(path) == file["sizeBytes"] and slices(path, size) == file["sha256"]


def check_bytes(folder, facts):
    """Raises ValueError where a file of a checkpoint is not as it was written."""
    for file in facts["files"]:
        if not is_as_listed(folder / file["name"], file):
            raise ValueError(f"{file['name']} has other bytes than were written")


def write_whole(path, text):
    """Under another name first: a kill leaves the file as it was."""
    beside = Path(f"{path}.tmp")
    with open(beside, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def pretty(value):
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


class RunFolder:
    """`out` of a project: what `headless train --resume out` resumes, too."""

    def __init__(self, out, project=HERE):
        self.out, self.project = Path(out), Path(project)
        self.scale = json.loads(text_of(self.project / "scale.json"))
        self.metrics_file = None

    # ── Beginning ───────────────────────────────────────────────────────────────────────────────────────────────

    def recipe_text(self):
        return text_of(self.project / "recipe.json")

    def check_project(self):
        """The rows must be those that the project was made with: another run's steps would not be comparable."""
        for name in ("train.jsonl", "validation.jsonl", "test.jsonl"):
            expected = self.scale["sha256"].get(name)
            if expected is None:
                continue
            found = hashlib.sha256((self.project / name).read_bytes()).hexdigest()
            if found != expected:
                raise RunError(f"{name} is not as it was exported. Export the project again with these rows.")

    def job(self):
        """`job.json` of the run: what it depends on. A recipe that was edited here has no digest of its own."""
        job = dict(self.scale["job"])
        for key in ("student", "train", "validation", "test"):
            if job.get(key) is not None:
                job[key] = os.path.relpath(self.project / job[key], self.out).replace(os.sep, "/")
        edited = hashlib.sha256(self.recipe_text().encode()).hexdigest() != self.scale["sha256"]["recipe.json"]
        if edited:
            job["digests"] = {key: value for key, value in job["digests"].items() if key != "recipe"}
        return job

    def begin(self, force=False):
        """Makes the folder. What an earlier run left in it goes where `force` says so; anything else is refused."""
        if self.out.exists():
            names = {path.name for path in self.out.iterdir()}
            if names and not ("job.json" in names or {"run.json", "metrics.jsonl"} <= names):
                raise RunError(f"{self.out} is not empty and holds no run. Name another folder with --out.")
            curve = self.out / "metrics.jsonl"
            begun = curve.exists() and curve.stat().st_size > 0
            if (begun or any(LEFTOVERS.fullmatch(name) for name in names)) and not force:
                raise RunError(
                    f"{self.out} holds a run, which a new one would replace. "
                    "Resume it with --resume, name another folder with --out, or replace it with --force."
                )
            for path in self.out.iterdir():
                if LEFTOVERS.fullmatch(path.name):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.out.mkdir(parents=True, exist_ok=True)
        write_whole(self.out / "job.json", pretty(self.job()))
        write_whole(self.out / "run.json", self.recipe_text())
        write_whole(self.out / "metrics.jsonl", "")

    def resume(self, recipe):
        """Makes the folder what it was at its newest whole checkpoint, and says its step and the time spent."""
        if not (self.out / "job.json").exists():
            raise RunError(f"There is no run in {self.out}. Leave --resume out to begin one.")
        if json.loads(text_of(self.out / "run.json")) != recipe:
            raise RunError(
                f"recipe.json is not the recipe that the run in {self.out} began with (run.json). "
                "Put it back, or begin another run with another --out."
            )
        then, now = json.loads(text_of(self.out / "job.json")), self.job()
        if then.get("rowsSha256") != now["rowsSha256"]:
            raise RunError(f"The run in {self.out} began with other rows. Begin another with another --out.")
        step, facts = self.newest()
        points = lines_of(self.out / "metrics.jsonl")[:step]
        if [point["step"] for point in points] != list(range(1, step + 1)):
            raise RunError(f"{self.out / 'metrics.jsonl'} should hold a line for each of the first {step} steps.")
        write_whole(self.out / "metrics.jsonl", "".join(json.dumps(point) + "\n" for point in points))
        measured = self.out / "evaluations.jsonl"
        if measured.exists():
            kept = [one for one in lines_of(measured) if one["step"] <= step]
            write_whole(measured, "".join(json.dumps(one) + "\n" for one in kept))
        for name in ("summary.json", "predictions.jsonl", "run.zip"):
            (self.out / name).unlink(missing_ok=True)
        return step, facts

    # ── On the way ──────────────────────────────────────────────────────────────────────────────────────────────

    def add_metrics(self, point):
        if self.metrics_file is None:
            self.metrics_file = open(self.out / "metrics.jsonl", "a", encoding="utf-8", newline="\n")
        self.metrics_file.write(json.dumps(point) + "\n")
        self.metrics_file.flush()

    def add_evaluation(self, evaluation):
        with open(self.out / "evaluations.jsonl", "a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(evaluation) + "\n")

    def evaluations(self):
        """What was measured so far."""
        measured = self.out / "evaluations.jsonl"
        return lines_of(measured) if measured.exists() else []

    def checkpoints(self):
        """Steps of the checkpoints that are there, newest first."""
        found = [re.fullmatch(r"checkpoint-(\d+)", path.name) for path in self.out.iterdir()]
        return sorted((int(match.group(1)) for match in found if match), reverse=True)

    def write_checkpoint(self, step, elapsed_ms, stamp, weights, moments, also=()):
        """Whole or not at all; the two newest stay, and the steps in `also`. `weights`, or adapters alone, and `moments`:
        float32 tensors on the CPU, by name."""
        if self.metrics_file is not None:
            os.fsync(self.metrics_file.fileno())
        folder = self.out / f"checkpoint-{step}"
        if not folder.exists():
            beside = Path(f"{folder}.tmp")
            shutil.rmtree(beside, ignore_errors=True)
            name = self.write_weights(beside, weights)
            save_file(moments, beside / "optimizer.safetensors", {"format": "pt"})
            files = [listed(beside / name) for name in (name, "optimizer.safetensors")]
            facts = {"step": step, "elapsedMs": elapsed_ms, "engine": stamp, "files": files}
            write_whole(beside / "checkpoint.json", pretty(facts))
            for path in beside.iterdir():
                with open(path, "rb+") as file:
                    os.fsync(file.fileno())
            os.replace(beside, folder)
        for old in self.checkpoints()[KEPT:]:
            if old not in also:
                shutil.rmtree(self.out / f"checkpoint-{old}")

    def write_weights(self, folder, weights):
        """A student's folder, or that of its adapters alone. The name of the file of weights in it."""
        if not any(map(is_factor, weights)):
            self.write_student(folder, weights)
            return "model.safetensors"
        folder.mkdir(parents=True)
        lora = json.loads(text_of(self.out / "run.json"))["lora"]
        student = self.scale["run"]["studentName"]
        (folder / "adapter_config.json").write_text(config_text(weights, lora, student), encoding="utf-8", newline="\n")
        shutil.copyfile(self.out / "run.json", folder / "run.json")
        save_file(weights, folder / "adapter_model.safetensors", {"format": "pt"})
        return "adapter_model.safetensors"

    def write_student(self, folder, weights):
        """A student's folder: the configuration and tokenizer that it began with, and these weights."""
        folder.mkdir(parents=True)
        for path in (self.project / "student").iterdir():
            if path.name != "model.safetensors":
                shutil.copyfile(path, folder / path.name)
        shutil.copyfile(self.out / "run.json", folder / "run.json")
        save_file(weights, folder / "model.safetensors", {"format": "pt"})

    def newest(self):
        """Step and facts of the newest checkpoint that is whole: every byte is checked."""
        damaged = []
        for step in self.checkpoints():
            folder = self.out / f"checkpoint-{step}"
            try:
                facts = json.loads(text_of(folder / "checkpoint.json"))
                names = {file["name"] for file in facts["files"]}
                if facts["step"] != step or "optimizer.safetensors" not in names:
                    raise ValueError("it has no optimiser's moments")
                check_bytes(folder, facts)
            except (OSError, ValueError, KeyError, TypeError) as fault:
                print(f"The checkpoint of step {step} is damaged: {fault}.", file=sys.stderr)
                damaged.append(step)
                continue
            for later in damaged:
                shutil.rmtree(self.out / f"checkpoint-{later}")
            return step, facts
        raise RunError(
            f"There is no whole checkpoint in {self.out} to resume from. "
            "Nothing was removed; leave --resume out to begin again with step 1."
        )

    def is_whole(self, step):
        """Whether the checkpoint of a step is there and has the bytes that were written."""
        folder = self.out / f"checkpoint-{step}"
        try:
            check_bytes(folder, json.loads(text_of(folder / "checkpoint.json")))
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return True

    def open_tensors(self, step, name):
        return safe_open(str(self.out / f"checkpoint-{step}" / name), framework="pt")

    # ── The end ─────────────────────────────────────────────────────────────────────────────────────────────────

    def finish(self, recipe, end, engine, weights):
        """`model/`, adapters as they are in `adapter/`, `summary.json`, and `run.zip`, which the studio imports.
        `end`: the last step, the one whose weights are taken, whether training ended early, and its right answers."""
        if any(map(is_factor, weights)):
            self.replace("adapter", lambda folder: self.write_weights(folder, weights))
            base = load_file(self.project / "student" / "model.safetensors")
            weights = merged({name: value.float() for name, value in base.items()}, weights, recipe["lora"])
        self.replace("model", lambda folder: self.write_student(folder, weights))
        points, evaluations = lines_of(self.out / "metrics.jsonl"), self.evaluations()
        facts, step, tally = self.scale["run"], end["step"], end["tally"]
        summary = {
            "accuracy": None if tally is None else {"distilled": tally},
            **{key: engine[key] for key in ("engine", "backend", "adapter", "reason")},
            "student": facts["studentName"],
            "parameters": engine["parameters"],
            "trainRows": facts["trainRows"],
            "testRows": 0 if tally is None else tally["total"],
            "steps": step,
            **({} if end["taken"] == step else {"takenStep": end["taken"]}),
            **({"early": True} if end["early"] else {}),
            "elapsedMs": points[-1]["elapsedMs"] if points else 0,
            "first": points[0] if points else None,
            "last": points[-1] if points else None,
            "recipe": recipe,
        }
        write_whole(self.out / "summary.json", pretty(summary))
        self.write_archive(recipe, end, engine, evaluations)
        if end["early"] or step == recipe["steps"]:
            for old in self.checkpoints():
                shutil.rmtree(self.out / f"checkpoint-{old}")

    def replace(self, name, write):
        """Writes a folder under another name, and then in the old one's place."""
        folder, beside = self.out / name, self.out / f"{name}.tmp"
        shutil.rmtree(beside, ignore_errors=True)
        write(beside)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(beside, folder)

    def write_archive(self, recipe, end, engine, evaluations):
        """The run as the studio's import takes it; with AdamW's moments, where steps are left to be taken."""
        step, is_whole = end["step"], end["early"] or end["step"] == recipe["steps"]
        files = {
            "run.json": self.out / "run.json",
            "metrics.jsonl": self.out / "metrics.jsonl",
            "model.safetensors": self.out / "model" / "model.safetensors",
        }
        for path in sorted((self.project / "student").glob("*.json")):
            files[f"student/{path.name}"] = path
        moments = self.out / f"checkpoint-{step}" / "optimizer.safetensors"
        if not is_whole and moments.exists() and self.goes_on(recipe, end):
            files["optimizer.safetensors"] = moments
        facts = self.scale["run"]
        record = {
            "format": "stillroom-run",
            "version": 1,
            **facts,
            "name": f"{facts['name']} on {engine['adapter']}"[:200],
            "createdAt": int(time.time() * 1000),
            "state": {"phase": "done", "step": step, "stopped": not is_whole, **({"early": True} if end["early"] else {})},
            "engine": engine,
            "evaluations": evaluations,
            "comparison": None,
            "step": step,
            "savedStep": end["taken"],
            "files": [listed(path, name) for name, path in files.items()],
        }
        beside = self.out / "run.zip.tmp"
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("record.json", pretty(record))
            for name, path in files.items():
                archive.write(path, name)
        os.replace(beside, self.out / "run.zip")

    @staticmethod
    def goes_on(recipe, end):
        """Whether the weights in the zip are those that a run resumes from: not merged adapters, nor an earlier step's."""
        return recipe["optimizer"] == "adamw" and recipe["lora"] is None and end["taken"] == end["step"]
