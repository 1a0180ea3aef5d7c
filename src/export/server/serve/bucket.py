"""A model's folder in Cloud Storage, over its JSON API (cloud.google.com/storage/docs/json_api)."""

import base64
import hashlib
import json
import re
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote, urlencode

from .settings import GOOGLE

TOKEN = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"
WANTED = re.compile(r"(config|generation_config|run|tokenizer|tokenizer_config)\.json|onnx/[A-Za-z0-9_]+\.onnx")


class BucketError(Exception):
    """Something in Cloud Storage that cannot be read, in words."""


def authorization(origin):
    # An emulator asks for no token, and must not be sent one.
    if origin != GOOGLE:
        return {}
    try:
        asked = urllib.request.Request(TOKEN, headers={"Metadata-Flavor": "Google"})
        with urllib.request.urlopen(asked, timeout=10) as response:
            return {"Authorization": f"Bearer {json.load(response)['access_token']}"}
    except (OSError, ValueError, KeyError):
        raise BucketError("This machine has no service account to read Cloud Storage with.") from None


def get(url, named, headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as response:
            return response.read()
    except OSError as fault:
        raise BucketError(f"{named} cannot be read from Cloud Storage ({fault}).") from None


def check(body, item, named):
    """Holds what came against what is stored; composite objects have no MD5."""
    if len(body) != int(item["size"]):
        raise BucketError(f"{named} cannot be read from Cloud Storage ({len(body)} of {item['size']} bytes came).")
    if "md5Hash" in item and base64.b64encode(hashlib.md5(body).digest()).decode() != item["md5Hash"]:
        raise BucketError(f"{named} cannot be read from Cloud Storage (its bytes are not those that were stored).")


def fetch_model(uri, origin):
    """Copies what the server needs of `gs://bucket/path` to a new folder, and says which."""
    bucket, _, path = uri.removeprefix("gs://").rstrip("/").partition("/")
    prefix = f"{path}/" if path else ""
    api = f"{origin}/storage/v1/b/{quote(bucket, safe='')}/o"
    headers, items, page = authorization(origin), {}, None
    while True:
        query = urlencode({"prefix": prefix, **({"pageToken": page} if page else {})})
        listed = json.loads(get(f"{api}?{query}", uri, headers))
        items |= {item["name"].removeprefix(prefix): item for item in listed.get("items", [])}
        page = listed.get("nextPageToken")
        if not page:
            break
    wanted = [name for name in items if WANTED.fullmatch(name)]
    if not wanted:
        raise BucketError(f"{uri} has no model below it. Check the address.")
    folder = Path(tempfile.mkdtemp(prefix="model-"))
    (folder / "onnx").mkdir()
    for name in wanted:
        body = get(f"{api}/{quote(prefix + name, safe='')}?alt=media", f"{uri}/{name}", headers)
        check(body, items[name], f"{uri}/{name}")
        (folder / name).write_bytes(body)
    return folder
