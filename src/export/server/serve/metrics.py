"""What Prometheus reads, in its text format 0.0.4. Labels are names of the server's own, never a client's text."""

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    def __init__(self):
        self.requests = {}
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0
        self.rows = self.batches = 0

    def request(self, route, status, seconds):
        self.requests[route, status] = self.requests.get((route, status), 0) + 1
        if route == "predict" and status == 200:
            bucket = next((index for index, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
            self.buckets[bucket] += 1
            self.seconds += seconds

    def batch(self, rows):
        self.rows += rows
        self.batches += 1

    def text(self, ready, queue_rows):
        lines = []

        def family(name, kind, words, samples):
            lines.append(f"# HELP stillroom_{name} {words}\n# TYPE stillroom_{name} {kind}\n")
            lines.extend(f"stillroom_{name}{suffix} {value}\n" for suffix, value in samples)

        counted, at_most = [], 0
        for bound, count in zip((*BOUNDS, "+Inf"), self.buckets, strict=True):
            at_most += count
            counted.append((f'_bucket{{le="{bound}"}}', at_most))
        by_route = [(f'{{route="{r}",status="{s}"}}', count) for (r, s), count in self.requests.items()]
        family("requests_total", "counter", "Requests by route and status.", by_route)
        family(
            "predict_seconds",
            "histogram",
            "Time from a prediction's request to its answer.",
            [*counted, ("_sum", self.seconds), ("_count", at_most)],
        )
        family("rows_total", "counter", "Texts generated, answers and rationales.", [("", self.rows)])
        family("batches_total", "counter", "Batches that they were generated in.", [("", self.batches)])
        family("queue_rows", "gauge", "Texts that wait for their batch.", [("", queue_rows)])
        family("ready", "gauge", "1 where the model is loaded and requests are answered.", [("", int(ready))])
        return "".join(lines)
