"""What nano is pre-trained on: pairs of an input and a target, drawn by chance from the world's words.

No pair tells, or lets one count, which place a thing belongs to: things are drawn without regard to place, and places
stand beside places only, or among loose words drawn by chance. The prefixes `predict: ` and `explain: ` never occur.
"""

import random
from typing import Callable

from world import World

SENTINELS = [f"<extra_id_{index}>" for index in range(8)]
# The method's prefixes must be new to the student that is distilled.
HELD_BACK = {"predict", "explain"}
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven"]


def listed(items: list[str]) -> str:
    return f"{', '.join(items[:-1])} and {items[-1]}" if len(items) > 1 else items[0]


class Lessons:
    """Draws lessons; the same seed gives the same ones."""

    def __init__(self, world: World, seed: int):
        self.world = world
        self.chance = random.Random(seed)
        self.free_words = sorted((set(world.common_words) | set(world.words)) - HELD_BACK)
        self.of_colour = group(world.colour)
        self.of_kind = group(world.kind)
        self.by_name: dict[str, tuple[float, Callable[[], tuple[str, str]]]] = {
            "fill in": (0.16, self.fill_in),
            "copy": (0.14, self.copy),
            "list": (0.05, self.list_things),
            "first, last, count": (0.05, self.pick),
            "colours": (0.12, self.colours),
            "main colour": (0.12, self.main_colour),
            "main colour, with reasons": (0.10, self.colour_reasons),
            "colour of one": (0.03, self.colour_of_one),
            "kinds": (0.06, self.kinds),
            "main kind": (0.06, self.main_kind),
            "kind of one": (0.02, self.kind_of_one),
            "main place of place words": (0.09, self.main_place),
        }
        self.names = list(self.by_name)
        self.weights = [weight for weight, _ in self.by_name.values()]

    def draw(self) -> tuple[str, str]:
        return self.by_name[self.chance.choices(self.names, self.weights)[0]][1]()

    # Scenes ---------------------------------------------------------------------------------------------------------

    def some_things(self) -> list[str]:
        return self.chance.sample(self.world.things, self.chance.choice([3, 4, 5, 5, 5, 6]))

    def opened(self, items: list[str]) -> str:
        """A list, bare or in one of the sample's opening sentences."""
        if self.chance.random() < 0.4:
            return f"{listed(items)}."
        opener = self.chance.choice(self.world.openers)
        return opener.replace("THINGS", listed(items)).replace("NAME", self.chance.choice(self.world.names))

    def asked(self, items: list[str]) -> str:
        """An opening sentence and one of the sample's questions, for reading practice; nobody answers it."""
        name = self.chance.choice(self.world.names)
        text = f"{self.chance.choice(self.world.openers)} {self.chance.choice(self.world.questions)}"
        return text.replace("THINGS", listed(items)).replace("NAME", name)

    def free_text(self) -> str:
        words = self.chance.sample(self.free_words, self.chance.randint(1, 6))
        if self.chance.random() < 0.3:
            words.insert(self.chance.randrange(len(words)), str(self.chance.randrange(1000)))
        return " ".join(words)

    def with_majority(self, groups: dict[str, list[str]]) -> tuple[list[str], str]:
        """Things of which more belong to one group than to any other, in any order."""
        size = self.chance.choice([3, 4, 5, 5, 5, 6])
        main = self.chance.choice(sorted(groups))
        own = self.chance.sample(groups[main], size // 2 + 1)
        others = [thing for name, things in groups.items() if name != main for thing in things]
        things = own + self.chance.sample(others, size - len(own))
        self.chance.shuffle(things)
        return things, main

    # Lessons --------------------------------------------------------------------------------------------------------

    def fill_in(self) -> tuple[str, str]:
        """T5's span corruption, on words."""
        kind = self.chance.random()
        things = self.some_things()
        if kind < 0.45:
            text = self.asked(things)
        elif kind < 0.75:
            text = self.opened(things)
        else:
            text = ", ".join(f"{self.world.colour[thing]} has {thing}" for thing in things) + "."
        words = text.split(" ")
        # One gap at least: a text without any would teach that bare sentences are answered with nothing.
        sure = self.chance.randrange(len(words))
        shown: list[str] = []
        hidden: list[str] = []
        position, gaps = 0, 0
        while position < len(words):
            due = position >= sure and gaps == 0
            if due or (gaps < len(SENTINELS) - 1 and self.chance.random() < 0.12):
                length = self.chance.choice([1, 1, 2, 3])
                shown.append(SENTINELS[gaps])
                hidden += [SENTINELS[gaps], *words[position : position + length]]
                position += length
                gaps += 1
            else:
                shown.append(words[position])
                position += 1
        return " ".join(shown), " ".join([*hidden, SENTINELS[gaps]])

    def copy(self) -> tuple[str, str]:
        kind = self.chance.random()
        if kind < 0.2:
            text = self.asked(self.some_things())
        elif kind < 0.4:
            text = self.opened(self.some_things())
        else:
            text = self.free_text()
        return f"{self.chance.choice(['copy', 'say again'])}: {text}", text

    def list_things(self) -> tuple[str, str]:
        things = self.some_things()
        return f"list the things: {self.opened(things)}", f"{', '.join(things)}."

    def pick(self) -> tuple[str, str]:
        things = self.some_things()
        what, answer = self.chance.choice(
            [("first thing", things[0]), ("last thing", things[-1]), ("how many things", NUMBERS[len(things)])]
        )
        return f"{what}: {self.opened(things)}", answer

    def colours(self) -> tuple[str, str]:
        things, _ = self.maybe_majority(self.of_colour)
        parts = ", ".join(f"{self.world.colour[thing]} has {thing}" for thing in things)
        return f"name the colours: {self.opened(things)}", f"{parts}."

    def main_colour(self) -> tuple[str, str]:
        things, main = self.with_majority(self.of_colour)
        instruction = self.chance.choice(["main colour", "colour of most"])
        return f"{instruction}: {self.opened(things)}", main

    def colour_reasons(self) -> tuple[str, str]:
        things, main = self.with_majority(self.of_colour)
        parts = ", ".join(f"{self.world.colour[thing]} has {thing}" for thing in things)
        return f"main colour with reasons: {self.opened(things)}", f"{parts}, so {main}."

    def colour_of_one(self) -> tuple[str, str]:
        thing = self.chance.choice(self.world.things)
        return f"colour of {thing}?", self.world.colour[thing]

    def kinds(self) -> tuple[str, str]:
        things, _ = self.maybe_majority(self.of_kind)
        parts = ", ".join(f"{self.world.kind[thing]} like {thing}" for thing in things)
        return f"name the kinds: {self.opened(things)}", f"{parts}."

    def main_kind(self) -> tuple[str, str]:
        things, main = self.with_majority(self.of_kind)
        instruction = self.chance.choice(["main kind", "kind of most"])
        return f"{instruction}: {self.opened(things)}", main

    def kind_of_one(self) -> tuple[str, str]:
        thing = self.chance.choice(self.world.things)
        return f"kind of {thing}?", self.world.kind[thing]

    def main_place(self) -> tuple[str, str]:
        places = self.world.places
        main, *others = self.chance.sample(places, 4)
        size = self.chance.choice([3, 4, 5, 5, 5, 6])
        own = size // 2 + 1
        said = [main] * own + [self.chance.choice(others) for _ in range(size - own)]
        self.chance.shuffle(said)
        return f"{self.chance.choice(['main place', 'place said most'])}: {self.opened(said)}", main

    def maybe_majority(self, groups: dict[str, list[str]]) -> tuple[list[str], str]:
        return self.with_majority(groups) if self.chance.random() < 0.5 else (self.some_things(), "")


def group(attribute: dict[str, str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for thing in sorted(attribute):
        groups.setdefault(attribute[thing], []).append(thing)
    return groups
