"""Requests, from the socket to the answer, and the server's beginning and end."""

import asyncio
import contextlib
import hmac
import json
import signal
import sys
import time
from datetime import datetime, timezone

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse

from .batcher import Batcher
from .bucket import BucketError, fetch_model
from .metrics import Metrics
from .model import Model
from .requests import Refusal, read_predict_request
from .settings import METRICS_ROUTE, SettingsError, read_settings

READS_BEYOND = 16  # a body beyond the limit is read this many times as far, so that its sender reads the refusal


class Service:
    def __init__(self, settings):
        self.settings, self.metrics = settings, Metrics()
        self.batcher = Batcher(settings, self.generate)
        self.state, self.model, self.failure = "loading", None, None

    def load(self):
        settings = self.settings
        folder = settings.model
        if settings.storage_uri is not None:
            folder = fetch_model(settings.storage_uri, settings.storage_origin)
        return Model(folder, settings.threads)

    def generate(self, rows, kind):
        texts = self.model.generate(rows, kind)
        self.metrics.batch(len(rows))
        return texts

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        begun, request = time.perf_counter(), Request(scope, receive)
        route, told, status = self.route_of(request), {"rows": None, "error": None}, 499
        try:
            response = await self.answer(request, route, told)
            status = response.status_code
        except ClientDisconnect:
            return
        finally:
            elapsed = time.perf_counter() - begun
            self.metrics.request(route, status, elapsed)
            line = {"time": datetime.now(timezone.utc).isoformat(), "route": route, "status": status}
            line |= {"rows": told["rows"], "elapsedMs": round(elapsed * 1000, 1), "error": told["error"]}
            print(json.dumps(line), flush=True)
        await response(scope, receive, send)

    def route_of(self, request):
        path, settings = request.url.path, self.settings
        # Vertex AI may give both the same path; the method tells them apart.
        if path == settings.predict_route and (request.method == "POST" or path != settings.health_route):
            return "predict"
        if path == settings.health_route:
            return "health"
        return "metrics" if path == METRICS_ROUTE else "other"

    async def answer(self, request, route, told):
        try:
            if route == "health":
                allow(request, "GET", "HEAD")
                words = {"loading": "loading", "ready": "healthy", "ending": "ending"}
                return JSONResponse({"status": words[self.state]}, 200 if self.state == "ready" else 503)
            if route == "metrics":
                allow(request, "GET", "HEAD")
                self.check_token(request)
                return PlainTextResponse(
                    self.metrics.text(self.state == "ready", len(self.batcher.queue)),
                    media_type="text/plain; version=0.0.4",
                )
            if route == "predict":
                allow(request, "POST")
                self.check_token(request)
                return await self.predict(request, told)
            raise Refusal(404, f"There is nothing at this path. POST to {self.settings.predict_route}.")
        except Refusal as refusal:
            return JSONResponse({"error": refusal.message}, refusal.status, refusal.headers)
        except ClientDisconnect:
            raise
        except Exception as fault:
            told["error"] = f"{type(fault).__name__}: {fault}"
            return JSONResponse({"error": "The model failed. The server's log says why."}, 500)

    def check_token(self, request):
        token = self.settings.token
        given = request.headers.get("authorization", "").encode("utf-8", "replace")
        if token is None or hmac.compare_digest(given, f"Bearer {token}".encode()):
            return
        raise Refusal(
            401,
            'The token is missing or wrong. Send it as "Authorization: Bearer TOKEN".',
            {"WWW-Authenticate": "Bearer"},
        )

    async def read_body(self, request):
        wait_ms = self.settings.body_wait_ms
        try:
            async with asyncio.timeout(wait_ms / 1000):
                return await read_body(request, self.settings.max_body_bytes)
        except TimeoutError:
            raise Refusal(
                408, f"The body did not come within {wait_ms} ms. Send it again, whole.", {"Connection": "close"}
            ) from None

    async def predict(self, request, told):
        asked = read_predict_request(await self.read_body(request), self.settings)
        told["rows"] = len(asked.texts)
        if self.state != "ready":
            words = "The model is being loaded." if self.state == "loading" else "The server is ending."
            raise Refusal(503, f"{words} Try again in a moment.", {"Retry-After": "1"})
        model = self.model
        if asked.rationale and model.rationale_prefix is None:
            raise Refusal(400, "parameters.rationale is true, but this student was not taught any. Leave it out.")
        most = self.settings.max_input_tokens or model.max_input_tokens
        rows = []
        for rationale in (False, True) if asked.rationale else (False,):
            for index, text in enumerate(asked.texts):
                ids = model.encode(model.prompt(text, rationale))
                if len(ids) > most:
                    raise Refusal(
                        400, f"instances[{index}] has {len(ids)} tokens with its prefix. Send {most} at most."
                    )
                rows.append(ids)
        fallback = min(model.max_new_tokens, self.settings.max_new_tokens)
        texts = await self.batcher.submit(rows, (asked.beams or model.beams, asked.max_tokens or fallback))
        count = len(asked.texts)
        # Nested twice, as the notebook's server has it: a list of answers; then, where asked for, one of rationales.
        return JSONResponse({"predictions": [texts[:count], *([texts[count:]] if asked.rationale else [])]})


def allow(request, *methods):
    if request.method not in methods:
        allowed = ", ".join(methods)
        raise Refusal(405, f"This path does not take this method. Use {allowed}.", {"Allow": allowed})


async def read_body(request, max_bytes):
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size <= max_bytes:
            parts.append(part)
        if size > max_bytes * READS_BEYOND:
            break
    if size > max_bytes:
        raise Refusal(
            413, f"The body has more than {max_bytes} bytes. Send fewer texts at once.", {"Connection": "close"}
        )
    return b"".join(parts)


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: it would end by the signal itself, and ours must flush the batch first."""

    @contextlib.contextmanager
    def capture_signals(self):
        yield


async def serve(settings):
    service = Service(settings)
    config = uvicorn.Config(
        service,
        host=settings.host,
        port=settings.port,
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=60,
    )
    server, loop = Server(config), asyncio.get_running_loop()

    def end():
        service.state = "ending"
        service.batcher.end()
        server.should_exit = True

    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, end)

    async def load():
        try:
            service.model = await loop.run_in_executor(None, service.load)
            if service.state == "loading":
                service.state = "ready"
        except Exception as fault:
            service.failure = fault
            end()

    jobs = [loop.create_task(load()), loop.create_task(service.batcher.work())]
    await server.serve()
    for job in jobs:
        job.cancel()
    return service.failure


def main():
    try:
        settings = read_settings()
    except SettingsError as fault:
        sys.exit(_say(fault, 2))
    failure = asyncio.run(serve(settings))
    if failure is not None:
        words = failure if isinstance(failure, BucketError) else f"The model could not be loaded: {failure!r}."
        sys.exit(_say(words, 1))


def _say(words, code):
    print(words, file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    main()
