"""A small language model behind OpenAI's chat completions: python server.py [PORT].

The model counts which token follows which two others in corpus.txt and draws from those counts. It is small, not a
stand-in: it reads the prompt, its tokens are the model's own, and `usage` counts the tokens that were read and written.
"""

from __future__ import annotations

import json
import random
import re
import signal
import sys
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

END = "\n"  # the token that ends an answer
MAX_TOKENS = 512
MAX_BODY = 1024 * 1024
TOKEN = re.compile(r"\w+|[^\w\s]")


class Refused(Exception):
    """The request cannot be answered; says why, as OpenAI's errors do."""

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter


class Model:
    """A trigram model that falls back to pairs and then to single tokens."""

    def __init__(self, text: str) -> None:
        self.counts: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        self.vocabulary: set[str] = set()
        for line in text.splitlines():
            tokens = [END, END, *TOKEN.findall(line), END]
            self.vocabulary.update(tokens)
            for first, second, third in zip(tokens, tokens[1:], tokens[2:], strict=False):
                for context in ((first, second), (second,), ()):
                    self.counts[context][third] += 1

    def tokens(self, text: str) -> list[str]:
        """Words and marks the model knows; what it does not know falls into characters."""
        found: list[str] = []
        for word in TOKEN.findall(text):
            found += [word] if word in self.vocabulary else list(word)
        return found

    def answer(self, prompt: list[str], most: int, seed: int | None, temperature: float) -> Iterator[str]:
        draw = random.Random(seed)  # noqa: S311 - words, not secrets
        known = [token for token in prompt if token in self.vocabulary and len(token) > 1]
        before = [END, draw.choice(known)] if known else [END, END]
        for _number in range(most):
            choices = next(
                self.counts[context]
                for context in (tuple(before[-2:]), tuple(before[-1:]), ())
                if self.counts.get(context)
            )
            words, weights = zip(*sorted(choices.items()), strict=True)
            if temperature <= 0:
                token = max(words, key=lambda word: choices[word])
            else:
                token = draw.choices(words, [weight ** (1 / temperature) for weight in weights])[0]
            if token == END:
                return
            before.append(token)
            yield token


def spaced(token: str, first: bool) -> str:
    return token if first or not re.match(r"\w", token) else f" {token}"


def number(body: dict[str, Any], name: str, default: float, low: float, high: float) -> float:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise Refused(f"{name} must be a number from {low:g} to {high:g}", name)
    return float(value)


class Completion:
    """One request, checked."""

    def __init__(self, model: Model, body: Any) -> None:
        if not isinstance(body, dict):
            raise Refused("the body must be a JSON object")
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise Refused("messages must be a list with at least one message", "messages")
        if not all(isinstance(one, dict) and isinstance(one.get("content"), str) for one in messages):
            raise Refused("each message needs a text as its content", "messages")
        if not isinstance(body.get("model"), str):
            raise Refused("model must be a text", "model")
        most = body.get("max_completion_tokens", body.get("max_tokens"))
        self.most = int(number({"max_tokens": most}, "max_tokens", 64, 1, MAX_TOKENS))
        self.temperature = number(body, "temperature", 1.0, 0, 2)
        seed = body.get("seed")
        self.seed = seed if isinstance(seed, int) else None
        self.model, self.name = model, body["model"]
        self.prompt = [token for one in messages for token in model.tokens(one["content"])]
        self.stream = body.get("stream") is True
        self.with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        self.head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": self.name}

    def tokens(self) -> Iterator[str]:
        return self.model.answer(self.prompt, self.most, self.seed, self.temperature)

    def usage(self, written: int) -> dict[str, int]:
        read = len(self.prompt)
        return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}

    def ended(self, written: int) -> str:
        return "length" if written == self.most else "stop"

    def whole(self) -> dict[str, Any]:
        tokens = list(self.tokens())
        text = "".join(spaced(token, place == 0) for place, token in enumerate(tokens))
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": self.ended(len(tokens))}
        return {**self.head, "object": "chat.completion", "choices": [choice], "usage": self.usage(len(tokens))}

    def chunks(self) -> Iterator[dict[str, Any]]:
        written = 0
        yield self._chunk({"role": "assistant", "content": ""})
        for token in self.tokens():
            yield self._chunk({"content": spaced(token, written == 0)})
            written += 1
        yield self._chunk({}, self.ended(written))
        if self.with_usage:
            yield {**self.head, "object": "chat.completion.chunk", "choices": [], "usage": self.usage(written)}

    def _chunk(self, delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return {**self.head, "object": "chat.completion.chunk", "choices": [choice]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model: Model

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            self.send({"object": "list", "data": [{"id": "trigram", "object": "model", "owned_by": "lab"}]})
        elif self.path in ("/", "/healthz"):
            self.send({"status": "ok"})
        else:
            self.refuse(404, f"there is no {self.path}")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self.refuse(413 if length.isdigit() else 411, f"the body must say its length, at most {MAX_BODY} bytes")
            return
        body = self.rfile.read(int(length))
        if self.path != "/v1/chat/completions":
            self.refuse(404, f"there is no {self.path}")
            return
        try:
            completion = Completion(self.model, json.loads(body))
        except Refused as error:
            self.refuse(400, str(error), error.parameter)
        except ValueError:
            self.refuse(400, "the body is not JSON")
        else:
            if completion.stream:
                self.stream(completion)
            else:
                self.send(completion.whole())

    def stream(self, completion: Completion) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in completion.chunks():
            self.write_chunk(f"data: {json.dumps(chunk)}\n\n".encode())
        self.write_chunk(b"data: [DONE]\n\n")
        self.write_chunk(b"")

    def write_chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def refuse(self, status: int, message: str, parameter: str | None = None) -> None:
        self.send({"error": {"message": message, "type": "invalid_request_error", "param": parameter}}, status)

    def send(self, answer: dict[str, Any], status: int = 200) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: Any) -> None:
        """One line for each request, without the address, which is the gateway's."""
        print(format % arguments, flush=True)


def main(port: int) -> None:
    Handler.model = Model((Path(__file__).parent / "corpus.txt").read_text())
    server = ThreadingHTTPServer(("", port), Handler)
    # A container's first process is asked to end in vain, unless it listens: its pod would stay for minutes.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
