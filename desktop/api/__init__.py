"""The wire: one client, one module for each family of endpoints."""

import sys

# httpx would import its own command line, and with it click and pygments (40 ms), where those are installed.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
