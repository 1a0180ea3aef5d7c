"""The student in onnxruntime: texts in, texts out."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from .beam_search import BeamSearch, Rules

PREDICT, EXPLAIN = "predict: ", "explain: "
CLEANED = {" .": ".", " ?": "?", " !": "!", " ,": ",", " ' ": "'", " n't": "n't", " 'm": "'m", " 's": "'s"}
CLEANED |= {" 've": "'ve", " 're": "'re"}


class Model:
    def __init__(self, folder, threads):
        folder = Path(folder)

        def texts(name):
            path = folder / name
            return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

        config, recipe = texts("config.json"), texts("run.json")
        self.start, self.end = config["decoder_start_token_id"], config["eos_token_id"]
        self.pad = config["pad_token_id"]
        # Only step by step has a task, and a prefix, for rationales; the other methods ask with the bare text.
        method = recipe.get("method", "step-by-step")
        two_tasks = method == "step-by-step"
        self.answer_prefix, self.rationale_prefix = (PREDICT, EXPLAIN) if two_tasks else ("", None)
        self.max_input_tokens = recipe.get("maxInputTokens", 512)
        self.max_new_tokens = recipe.get("generationMaxTokens", 64)
        if method == "rationale-then-label":  # the label is behind the rationale, and has to be reached
            self.max_new_tokens = max(self.max_new_tokens, recipe.get("maxTargetTokens", 256))
        # As the run measured its answers; without any, greedily.
        self.generation = recipe.get("generation") or {}
        self.beams = self.generation.get("numBeams", 1)
        self.rules = Rules(self.start, self.end, self.generation)
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.cleans_up = texts("tokenizer_config.json").get("clean_up_tokenization_spaces") is True

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3

        def session(name):
            [path] = folder.glob(f"onnx/{name}*.onnx")
            return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

        self.encoder, self.decoder = session("encoder_model"), session("decoder_model_merged")
        self.outputs = [output.name for output in self.decoder.get_outputs()]
        self.caches = [(one.name, one.shape) for one in self.decoder.get_inputs() if one.name.startswith("past_")]

    def prompt(self, text, rationale=False):
        """A text as the student is asked with it; a client may have put the answer's prefix there itself."""
        return (self.rationale_prefix if rationale else self.answer_prefix) + text.removeprefix(self.answer_prefix)

    def encode(self, text):
        ids = self.tokenizer.encode(text).ids
        return ids if ids and ids[-1] == self.end else [*ids, self.end]

    def decode(self, ids):
        text = self.tokenizer.decode([one for one in ids if self.tokenizer.id_to_token(one) is not None])
        if self.cleans_up:
            for spaced, closed in CLEANED.items():
                text = text.replace(spaced, closed)
        return text

    def generate(self, rows, kind):
        beams, max_tokens = kind
        found = self.greedy(rows, max_tokens) if beams == 1 else self.searched(rows, beams, max_tokens)
        return [self.decode(ids) for ids in found]

    def first(self, rows):
        """What the decoder is fed with in its first step, its tokens left out."""
        ids = np.full((len(rows), max(map(len, rows))), self.pad, np.int64)
        mask = np.zeros_like(ids)
        for index, row in enumerate(rows):
            ids[index, : len(row)], mask[index, : len(row)] = row, 1
        [hidden] = self.encoder.run(None, {"input_ids": ids, "attention_mask": mask})
        empty = {name: np.zeros((len(rows), shape[1], 0, shape[3]), np.float32) for name, shape in self.caches}
        return {
            "encoder_attention_mask": mask,
            "encoder_hidden_states": hidden,
            "use_cache_branch": np.array([False]),
            **empty,
        }

    def step(self, feeds, tokens):
        """One token of each row: logits [rows, vocabulary], and what the next step is fed with."""
        made = self.decoder.run(None, {**feeds, "input_ids": np.array(tokens, np.int64)[:, None]})
        named = dict(zip(self.outputs, made, strict=True))
        caches = {name: named[name.replace("past_key_values", "present")] for name, _ in self.caches}
        return named["logits"][:, -1], {**feeds, **caches, "use_cache_branch": np.array([True])}

    def greedy(self, rows, max_tokens):
        feeds, found, done = self.first(rows), [[] for _ in rows], [False] * len(rows)
        tokens = [self.start] * len(rows)
        for _ in range(max_tokens):
            logits, feeds = self.step(feeds, tokens)
            if not self.rules.are_none:
                logits = logits.copy()
                for row, ids in enumerate(found):
                    self.rules.apply(logits[row], ids)
            tokens = [self.pad if done[row] else int(token) for row, token in enumerate(logits.argmax(-1))]
            for row, token in enumerate(tokens):
                if not done[row]:
                    found[row].append(token)
                    done[row] = token == self.end
            if all(done):
                break
        return found

    def searched(self, rows, beams, max_tokens):
        searches = [BeamSearch(beams, max_tokens, self.rules, self.generation) for _ in rows]
        feeds, tokens = self.first(rows), [self.start] * len(rows)
        while tokens:
            logits, feeds = self.step(feeds, tokens)
            places, tokens, at = [], [], 0
            for search in searches:
                count = len(search.running)
                if count == 0:
                    continue
                parents = search.advance(logits[at : at + count])
                places += [at + parent for parent in parents]
                tokens += [ids[-1] for ids, _ in search.running]
                at += count
            feeds = {name: value if name == "use_cache_branch" else value[places] for name, value in feeds.items()}
        return [search.finished[0][1] for search in searches]
