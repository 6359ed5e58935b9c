"""The language model's process: llama.cpp, its own port replaced by a socket file that nobody else can reach."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
from pathlib import Path
from typing import Any

from desktop.local.engine_process import Emit, JobFailed, Stopped
from desktop.local.frames import Frame
from desktop.local.memory import threads

BATCH = 128  # tokens of the prompt between two looks at Stop


def load(first: Frame) -> ChatEngine:
    """Load the weights named in `first`; raises what llama.cpp raises when the file is no model."""
    return ChatEngine(Path(first["weights"]), int(first["context"]), Path(first["folder"]))


class ChatEngine:
    def __init__(self, weights: Path, context: int, folder: Path) -> None:
        import xllamacpp  # an optional part of the installation; OMP_WAIT_POLICY is set by now

        if not weights.is_file():
            raise FileNotFoundError("the weights are not there")
        self._key = secrets.token_hex(32)
        self._socket = str(folder / f"{os.getpid()}.sock") if hasattr(socket, "AF_UNIX") else ""  # a 0700 folder
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(weights)
        parameters.n_ctx, parameters.n_parallel = context, 1
        parameters.n_batch = parameters.n_ubatch = BATCH
        parameters.n_gpu_layers = 0
        for cpu in (parameters.cpuparams, parameters.cpuparams_batch):
            cpu.n_threads = threads()
        parameters.hostnames = [self._socket or "127.0.0.1"]
        parameters.port, parameters.api_keys = 0, [self._key]
        parameters.ui = parameters.endpoint_slots = parameters.endpoint_metrics = False
        parameters.offline, parameters.warmup, parameters.verbosity = True, True, -1
        parameters.cache_ram_mib = 0
        self._server = xllamacpp.Server(parameters)

    def run(self, job: Frame, emit: Emit, stopped: Stopped) -> None:
        """One of: {"chat": body}, {"complete": body}, {"count": body}. Pieces are llama.cpp's own chunks, as JSON."""
        if "count" in job:
            emit({"tokens": self._count(job["count"])})
            return
        handle = self._server.handle_chat_completions if "chat" in job else self._server.handle_completions
        body = job["chat"] if "chat" in job else job["complete"]
        failed: list[dict[str, Any]] = []

        def take(chunk: Any) -> bool:
            value = json.loads(chunk) if isinstance(chunk, str) else chunk
            if "error" in value or ("code" in value and "choices" not in value):
                failed.append(value.get("error", value))
                return True
            emit({"chunk": value})
            return stopped()

        try:
            handle(json.dumps(body), take)
        except (RuntimeError, ValueError) as error:
            raise _failed({"message": str(error)}) from error
        if failed:
            raise _failed(failed[0])

    def _count(self, body: Frame) -> int:
        text = body.get("prompt")
        if text is None:
            text = self._ask("/apply-template", {"messages": body["messages"]})["prompt"]
        return len(self._ask("/tokenize", {"content": text, "add_special": True, "parse_special": True})["tokens"])

    def _ask(self, path: str, body: Any) -> Any:
        if self._socket:
            connection: http.client.HTTPConnection = _SocketConnection(self._socket)
        else:
            connection = http.client.HTTPConnection(self._server.listening_address.removeprefix("http://"))
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._key}", "host": "localhost"}
        try:
            connection.request("POST", path, json.dumps(body), headers)
            reply = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        if "error" in reply:
            raise _failed(reply["error"])
        return reply


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self._path)


def _failed(error: dict[str, Any]) -> JobFailed:
    text = str(error.get("message", "the engine refused the request"))
    if error.get("type") == "exceed_context_size_error" or "context size" in text:
        return JobFailed(
            f"The conversation is longer than this model's context. {text}", code="context_length_exceeded"
        )
    if "schema" in text.lower() or "grammar" in text.lower():
        return JobFailed(f"The schema cannot be followed: {text}", code="invalid_json_schema", param="response_format")
    return JobFailed(text, code="invalid_value")
