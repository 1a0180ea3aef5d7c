"""Rows of several requests, computed together where they ask for the same kind of generation."""

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .requests import Refusal


@dataclass
class Waiting:
    row: list[int]
    kind: tuple[int, int]  # beams and new tokens
    since: float
    result: asyncio.Future


class Batcher:
    """A batch begins when it is full, or when its oldest row has waited long enough; one runs at a time."""

    def __init__(self, settings, run):
        self.settings, self.run = settings, run
        self.queue = deque()
        self.pool = ThreadPoolExecutor(1)
        self.changed = asyncio.Event()
        self.ending = False

    async def submit(self, rows, kind):
        if self.queue and len(self.queue) + len(rows) > self.settings.queue_rows:
            raise Refusal(503, "Too many texts are waiting. Try again in a moment.", {"Retry-After": "1"})
        loop = asyncio.get_running_loop()
        waiting = [Waiting(row, kind, loop.time(), loop.create_future()) for row in rows]
        self.queue.extend(waiting)
        self.changed.set()
        return await asyncio.gather(*(one.result for one in waiting))

    def end(self):
        """Computes what waits without waiting for more."""
        self.ending = True
        self.changed.set()

    async def work(self):
        loop = asyncio.get_running_loop()
        while True:
            while not self.queue:
                self.changed.clear()
                await self.changed.wait()
            await self.fill(loop)
            batch = self.take()
            try:
                answers = await loop.run_in_executor(self.pool, self.run, [one.row for one in batch], batch[0].kind)
                for one, answer in zip(batch, answers, strict=True):
                    if not one.result.done():
                        one.result.set_result(answer)
            except Exception as fault:
                for one in batch:
                    if not one.result.done():
                        one.result.set_exception(fault)

    async def fill(self, loop):
        first = self.queue[0]
        end = first.since + self.settings.batch_wait_ms / 1000
        while not self.ending and sum(one.kind == first.kind for one in self.queue) < self.settings.batch_rows:
            left = end - loop.time()
            if left <= 0:
                return
            self.changed.clear()
            try:
                await asyncio.wait_for(self.changed.wait(), left)
            except asyncio.TimeoutError:
                return

    def take(self):
        """The oldest rows of the oldest row's kind."""
        kind, taken, left = self.queue[0].kind, [], deque()
        for one in self.queue:
            (taken if one.kind == kind and len(taken) < self.settings.batch_rows else left).append(one)
        self.queue = left
        return taken
