"""Ends with 0 where the server on this machine is healthy: the container's health check."""

import sys
import urllib.request

from .settings import read_settings

settings = read_settings()
try:
    address = f"http://127.0.0.1:{settings.port}{settings.health_route}"
    with urllib.request.urlopen(address, timeout=2) as response:
        sys.exit(0 if response.status == 200 else 1)
except OSError:
    sys.exit(1)
