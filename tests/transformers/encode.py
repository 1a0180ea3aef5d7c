"""What Hugging Face's tokenizers make of texts: python encode.py TEXTS.json RESULT.json TOKENIZER.json …"""

import json
import sys
from pathlib import Path

from tokenizers import Tokenizer

texts, result, *files = sys.argv[1:]
told = {}
for file in files:
    tokenizer = Tokenizer.from_file(file)
    rows = [encoding.ids for encoding in tokenizer.encode_batch(json.loads(Path(texts).read_text()))]
    told[file] = [[ids, tokenizer.decode(ids)] for ids in rows]
Path(result).write_text(json.dumps(told))
