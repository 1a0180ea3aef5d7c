"""What the server is told by its environment. AIP_* are Vertex AI's names."""

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

METRICS_ROUTE = "/metrics"
GOOGLE = "https://storage.googleapis.com"


class SettingsError(Exception):
    """A variable that cannot be used, in words."""


@dataclass(frozen=True)
class Settings:
    host: str
    port: int
    health_route: str
    predict_route: str
    model: str
    storage_uri: str | None
    storage_origin: str
    token: str | None
    batch_rows: int
    batch_wait_ms: int
    queue_rows: int
    max_body_bytes: int
    body_wait_ms: int
    max_instances: int
    max_input_tokens: int | None
    max_new_tokens: int
    threads: int


def given(name):
    """A variable's value; one that is empty counts as not set."""
    return os.environ.get(name, "").strip() or None


def whole(name, fallback, least, most):
    value = given(name)
    if value is None:
        return fallback
    if re.fullmatch(r"[0-9]{1,9}", value) and least <= int(value) <= most:
        return int(value)
    raise SettingsError(f'{name} is "{value}", which is not a whole number from {least} to {most}. Give one.')


def route(name, fallback):
    value = given(name) or fallback
    if not re.fullmatch(r"/[^\s?#]*", value):
        raise SettingsError(f'{name} is "{value}", which is no path. It begins with /, as in /predict.')
    if value == METRICS_ROUTE:
        raise SettingsError(f"The route {value} is that of the metrics. Choose another one.")
    return value


def storage_origin():
    emulator = given("STORAGE_EMULATOR_HOST")
    if emulator is None:
        return GOOGLE
    parts = urlsplit(emulator if re.match(r"https?://", emulator) else f"http://{emulator}")
    if not parts.netloc:
        raise SettingsError(f'STORAGE_EMULATOR_HOST is "{emulator}", which is no address. Give host and port.')
    return f"{parts.scheme}://{parts.netloc}"


def storage_uri():
    uri = given("AIP_STORAGE_URI")
    if uri is None or re.match(r"gs://[a-z0-9][a-z0-9._-]+(/|$)", uri):
        return uri
    raise SettingsError(f'AIP_STORAGE_URI is "{uri}". It begins with gs:// and a bucket, as in gs://bucket/path.')


def read_settings():
    """Raises SettingsError naming the variable and what it may be."""
    outside = given("AIP_HTTP_PORT") or given("PORT")
    return Settings(
        host=given("STILLROOM_HOST") or ("0.0.0.0" if outside else "127.0.0.1"),
        port=whole("AIP_HTTP_PORT" if given("AIP_HTTP_PORT") else "PORT", 7080, 0, 65535),
        health_route=route("AIP_HEALTH_ROUTE", "/health"),
        predict_route=route("AIP_PREDICT_ROUTE", "/predict"),
        model=given("STILLROOM_MODEL") or "model",
        storage_uri=storage_uri(),
        storage_origin=storage_origin(),
        token=given("STILLROOM_TOKEN"),
        batch_rows=whole("STILLROOM_BATCH_ROWS", 16, 1, 256),
        batch_wait_ms=whole("STILLROOM_BATCH_WAIT_MS", 4, 0, 10_000),
        queue_rows=whole("STILLROOM_QUEUE_ROWS", 1024, 1, 65_536),
        max_body_bytes=whole("STILLROOM_MAX_BODY_BYTES", 1 << 20, 1024, 1 << 26),
        body_wait_ms=whole("STILLROOM_BODY_WAIT_MS", 30_000, 100, 3_600_000),
        max_instances=whole("STILLROOM_MAX_INSTANCES", 128, 1, 4096),
        max_input_tokens=whole("STILLROOM_MAX_INPUT_TOKENS", None, 8, 8192),
        max_new_tokens=whole("STILLROOM_MAX_TOKENS", 512, 1, 4096),
        threads=whole("STILLROOM_THREADS", 1, 1, 256),
    )
