"""What the studio judges by: whether an answer is right, which weights are taken, when going on has stopped to help."""

import math
import re

# ── Answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

POINT = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|-?\.\d+", re.ASCII)
COMMA = re.compile(r"-?\d{1,3}(?:\.\d{3})+,\d+", re.ASCII)


def number_value(text):
    """The value of a text that is one number as people write it ($1,200.00), else None."""
    bare = re.sub(r"^(-?)\s*[$€£¥₹]\s*", r"\1", text.strip())
    bare = re.sub(r"\.$", "", re.sub(r"\s*[€$£¥₹%]$", "", bare))
    bare = re.sub(r"\s(?=[0-9]{3})", "", bare)
    if POINT.fullmatch(bare):
        return float(bare.replace(",", ""))
    if COMMA.fullmatch(bare):
        return float(bare.replace(".", "").replace(",", "."))
    return None


class Expression:
    """An arithmetic expression, read and never run."""

    def __init__(self, text):
        self.tokens, self.at = re.findall(r"[0-9]+(?:\.[0-9]+)?|\S", text), 0

    def take(self, *wanted):
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        self.at += token in wanted
        return token if token in wanted else None

    def chain(self, operand, *operators):
        value = operand()
        while operator := self.take(*operators):
            right = operand()
            if operator == "+":
                value += right
            elif operator == "-":
                value -= right
            elif operator == "*":
                value *= right
            else:
                value /= right
        return value

    def sum(self):
        return self.chain(self.product, "+", "-")

    def product(self):
        return self.chain(self.factor, "*", "/")

    def factor(self):
        if self.take("-"):
            return -self.factor()
        if self.take("("):
            value = self.sum()
            if not self.take(")"):
                raise ValueError
            return value
        self.at += 1
        if self.tokens[self.at - 1][0] not in "0123456789":
            raise ValueError
        return float(self.tokens[self.at - 1])


def equation_value(text):
    """What an equation comes to, else None."""
    try:
        expression = Expression(text)
        value = expression.sum()
    except (ValueError, IndexError, ZeroDivisionError, OverflowError, RecursionError):
        return None
    return value if expression.at == len(expression.tokens) and math.isfinite(value) else None


def metric_of(labels):
    """What suits most labels: "equation", "number", or "exact", which is equal texts."""

    def most(is_one):
        return len(labels) > 0 and sum(bool(is_one(label)) for label in labels) * 10 >= len(labels) * 9

    if most(lambda label: re.fullmatch(r"\(.*[-+*/].*\)", label) and equation_value(label) is not None):
        return "equation"
    return "number" if most(lambda label: number_value(label) is not None) else "exact"


def is_right(metric, answer, label):
    value_of = {"exact": None, "number": number_value, "equation": equation_value}[metric]
    wanted = None if value_of is None else value_of(label)
    return answer == label if wanted is None else value_of(answer) == wanted


# ── Steps ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def compared(one, other):
    """By accuracy; where that is equal by loss, where both have one. Positive where `one` is better."""
    by_share = one["correct"] / max(1, one["total"]) - other["correct"] / max(1, other["total"])
    if by_share != 0 or one.get("loss") is None or other.get("loss") is None:
        return by_share
    return other["loss"] - one["loss"]


def best_of(evaluations):
    """The best one; of equals the later, which has learnt longer. None of none."""
    best = None
    for one in evaluations:
        if best is None or compared(one, best) >= 0:
            best = one
    return best


def has_stalled(evaluations, patience):
    """Whether so many in a row were no better than the best before them; never with a patience of 0."""
    best, since = None, 0
    for one in evaluations:
        if best is None or compared(one, best) > 0:
            best, since = one, 0
        else:
            since += 1
    return patience > 0 and since >= patience


def named_step(recipe):
    """The step that the recipe names to be taken; None where it takes the last or the best."""
    take = recipe.get("take", "last")
    return None if take in ("last", "best") else int(take)


def taken_step(recipe, evaluations, step):
    """The step whose weights are taken, of a run that has come to `step`."""
    if recipe.get("take") == "best":
        best = best_of(evaluations)
        return step if best is None else best["step"]
    return min(named_step(recipe) or step, step)


def kept_steps(recipe, evaluations):
    """Steps whose checkpoints stay beside the newest: what may yet be taken."""
    best, named = best_of(evaluations), named_step(recipe)
    return {best["step"]} if best and recipe.get("take") == "best" else {named} - {None}
