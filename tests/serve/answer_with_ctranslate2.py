"""Answers texts (a JSON list on standard input) with a converted folder: a JSON list on standard output."""

import json
import sys

import ctranslate2
from tokenizers import Tokenizer

converted, tokenizer_file, max_tokens = sys.argv[1], sys.argv[2], int(sys.argv[3])
tokenizer = Tokenizer.from_file(tokenizer_file)
translator = ctranslate2.Translator(converted, device="cpu", intra_threads=1)
rows = [tokenizer.encode(text).tokens for text in json.load(sys.stdin)]
found = translator.translate_batch(rows, beam_size=1, max_decoding_length=max_tokens, max_batch_size=16)
ids = [[tokenizer.token_to_id(token) for token in one.hypotheses[0]] for one in found]
json.dump([tokenizer.decode(one) for one in ids], sys.stdout)
