"""The lab's language model answers as OpenAI's API says, over HTTP, and counts its tokens."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lab.models.openai import server

CORPUS = Path(server.__file__).parent / "corpus.txt"
QUESTION = [{"role": "user", "content": "What does the gateway ask?"}]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    class Handler(server.Handler):
        model = server.Model(CORPUS.read_text())

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running.server_port
        running.shutdown()


def ask(port: int, body: Any, path: str = "/v1/chat/completions") -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", path, body if isinstance(body, bytes) else json.dumps(body))
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_answer_and_its_tokens(port: int) -> None:
    status, text = ask(port, {"model": "m", "messages": QUESTION, "seed": 1})
    answer = json.loads(text)
    assert status == 200
    assert answer["model"] == "m"
    content, usage = answer["choices"][0]["message"]["content"], answer["usage"]
    model = server.Model(CORPUS.read_text())
    assert usage["prompt_tokens"] == len(model.tokens(QUESTION[0]["content"]))
    assert usage["completion_tokens"] == len(model.tokens(content)) > 0
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert ask(port, {"model": "m", "messages": QUESTION, "seed": 1})[1].count(content) == 1


def test_stream_says_the_same_as_one_answer(port: int) -> None:
    request = {"model": "m", "messages": QUESTION, "seed": 5, "stream": True, "stream_options": {"include_usage": True}}
    lines = [line for line in ask(port, request)[1].split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    streamed = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks[:-1])
    whole = json.loads(ask(port, {**request, "stream": False})[1])
    assert streamed == whole["choices"][0]["message"]["content"]
    assert chunks[-1]["usage"] == whole["usage"]
    assert chunks[-2]["choices"][0]["finish_reason"] == whole["choices"][0]["finish_reason"]


def test_no_more_tokens_than_asked(port: int) -> None:
    answer = json.loads(ask(port, {"model": "m", "messages": QUESTION, "max_tokens": 2, "temperature": 0})[1])
    assert answer["usage"]["completion_tokens"] == 2
    assert answer["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"model": "m"}, 400, "messages"),
        ({"messages": QUESTION}, 400, "model"),
        ({"model": "m", "messages": [{"role": "user"}]}, 400, "content"),
        ({"model": "m", "messages": QUESTION, "max_tokens": 0}, 400, "from 1 to 512"),
        ({"model": "m", "messages": QUESTION, "temperature": "hot"}, 400, "temperature"),
        ([], 400, "JSON object"),
        (b"{", 400, "not JSON"),
    ],
)
def test_what_is_wrong_is_said(port: int, body: Any, status: int, words: str) -> None:
    got, text = ask(port, body)
    assert got == status
    assert words in json.loads(text)["error"]["message"]


def test_unknown_path(port: int) -> None:
    assert ask(port, {}, "/v1/embeddings")[0] == 404
