"""How answers are chosen, as Hugging Face's `generate` does it: beam search for one input, and what may not be written."""

import numpy as np


class Rules:
    """A penalty on tokens that were written, no n-gram twice, no end before so many new tokens: in transformers' order.
    All count the decoder's start token as written."""

    def __init__(self, start, end, settings):
        self.start, self.end = start, end
        self.ngram = settings.get("noRepeatNgramSize", 0)
        self.penalty = settings.get("repetitionPenalty", 1)
        self.least = settings.get("minNewTokens", 0)
        self.are_none = self.ngram == 0 and self.penalty == 1 and self.least == 0

    def apply(self, scores, ids):
        """Changes one row of scores of the next token in place; ids are what was written after the start token."""
        written = [self.start, *ids]
        if self.penalty != 1:
            seen = sorted(set(written))
            scores[seen] = np.where(scores[seen] < 0, scores[seen] * self.penalty, scores[seen] / self.penalty)
        if self.ngram > 0:
            before = written[len(written) - self.ngram + 1 :] if self.ngram > 1 else []
            for at in range(len(written) - self.ngram + 1):
                if written[at : at + self.ngram - 1] == before:
                    scores[written[at + self.ngram - 1]] = -np.inf
        if len(ids) < self.least:
            scores[self.end] = -np.inf


class BeamSearch:
    def __init__(self, beams, max_tokens, rules, settings):
        self.beams, self.max_tokens, self.end, self.rules = beams, max_tokens, rules.end, rules
        self.length_penalty = settings.get("lengthPenalty", 1)
        self.early_stopping = settings.get("earlyStopping", False)
        self.running = [([], 0.0)]  # ids and the sum of their log-probabilities, best first
        self.finished = []  # score and ids, best first

    def advance(self, logits):
        """Takes the logits of each running beam's next token; gives the beam that each new one goes on from."""
        rows = logits.astype(np.float64)
        largest = rows.max(-1, keepdims=True)
        sums = largest + np.log(np.exp(rows - largest).sum(-1, keepdims=True))
        scores = rows - sums
        if not self.rules.are_none:
            for score, (ids, _) in zip(scores, self.running, strict=True):
                self.rules.apply(score, ids)
        totals = (scores + np.array([[total] for _, total in self.running])).ravel()
        count = min(2 * self.beams, totals.size)
        worst = np.partition(totals, -count)[-count]
        places = np.flatnonzero(totals >= worst)
        # Stable: among equals the earlier beam and the lower token win.
        best = places[np.argsort(-totals[places], kind="stable")][:count]

        length = len(self.running[0][0]) + 1
        following, parents = [], []
        for rank, place in enumerate(best):
            beam, token = divmod(int(place), rows.shape[-1])
            ids = [*self.running[beam][0], token]
            if token == self.end or length >= self.max_tokens:
                if rank < self.beams:
                    self.finished.append((float(totals[place]) / length**self.length_penalty, ids))
            elif len(following) < self.beams:
                following.append((ids, float(totals[place])))
                parents.append(beam)
        self.finished = sorted(self.finished, key=lambda one: -one[0])[: self.beams]
        if self.is_over(following, length):
            following, parents = [], []
        self.running = following
        return parents

    def is_over(self, following, length):
        """Whether no running beam is hoped to become better than the worst that has finished."""
        if not following or len(self.finished) < self.beams:
            return not following
        if self.early_stopping is True:
            return True
        hoped = self.max_tokens if self.early_stopping == "never" and self.length_penalty > 0 else length
        return following[0][1] / hoped**self.length_penalty <= self.finished[-1][0]
