"""The sample's world as nano's pre-training sees it: its words and wordings, never which thing belongs where."""

import json
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

from kinds import kind_of_thing

ROOT = Path(__file__).resolve().parents[2]
COLOURS = ["red", "blue", "green", "black", "white", "gold", "brown", "grey"]
COLOUR_SEED = 5

EXPORT = """
import { clues, names, openers, places, questions, vocabulary } from './scripts/sample-world.mjs';
import { commonWords, suffixes } from './scripts/common-words.mjs';
const things = Object.values(clues).flat().sort();
console.log(JSON.stringify({ things, names, openers, places, questions, words: vocabulary(), commonWords, suffixes }));
"""


@dataclass(frozen=True)
class World:
    """Words and wordings; `things` in alphabetical order, so that their places are lost."""

    things: list[str]
    names: list[str]
    openers: list[str]
    places: list[str]
    questions: list[str]
    words: list[str]
    common_words: list[str]
    suffixes: list[str]
    colour: dict[str, str]
    kind: dict[str, str]


def load_world() -> World:
    """Asks Node for scripts/sample-world.mjs and adds kinds and colours."""
    command = ["node", "--input-type=module", "-e", EXPORT]
    text = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    data = json.loads(text)
    data["common_words"] = data.pop("commonWords")
    things = data["things"]
    kind = kind_of_thing()
    if set(kind) != set(things) or len(kind) != len(things):
        raise SystemExit(f"kinds.py and sample-world.mjs disagree: {sorted(set(kind) ^ set(things))}")
    # Colours are dealt by chance: they cannot hint at a place.
    order = random.Random(COLOUR_SEED).sample(things, len(things))
    colour = {thing: COLOURS[index % len(COLOURS)] for index, thing in enumerate(order)}
    return World(**data, colour=colour, kind=kind)
