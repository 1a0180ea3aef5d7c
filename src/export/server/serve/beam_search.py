"""Beam search for one input, as Hugging Face's `generate` does it with early_stopping false and length penalty 1."""

import numpy as np


class BeamSearch:
    def __init__(self, beams, max_tokens, end):
        self.beams, self.max_tokens, self.end = beams, max_tokens, end
        self.running = [([], 0.0)]  # ids and the sum of their log-probabilities, best first
        self.finished = []  # score and ids, best first

    def advance(self, logits):
        """Takes the logits of each running beam's next token; gives the beam that each new one goes on from."""
        rows = logits.astype(np.float64)
        largest = rows.max(-1, keepdims=True)
        sums = largest + np.log(np.exp(rows - largest).sum(-1, keepdims=True))
        totals = (np.array([[total] for _, total in self.running]) - sums + rows).ravel()
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
                    self.finished.append((float(totals[place]) / length, ids))
            elif len(following) < self.beams:
                following.append((ids, float(totals[place])))
                parents.append(beam)
        self.finished = sorted(self.finished, key=lambda one: -one[0])[: self.beams]
        least = self.finished[-1][0] if len(self.finished) == self.beams else -np.inf
        hope = following[0][1] / length if following else -np.inf
        if hope <= least:
            following, parents = [], []
        self.running = following
        return parents
