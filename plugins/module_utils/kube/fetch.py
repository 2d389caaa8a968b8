# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gets files that are pinned by digest, from a path or a URL, and reads YAML as Kubernetes does."""

from __future__ import annotations

import hashlib
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible.module_utils.basic import missing_required_lib

from . import cache
from .errors import RenderError
from .transport import proxy_for

try:
    import urllib3
except ImportError:  # reported when it is needed
    urllib3 = None  # type: ignore[assignment]
try:
    import yaml

    # The C loader where there is one: CRDs are megabytes.
    _Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class _Loader(_Base):  # type: ignore[misc]
        """Without timestamps and '=', which are strings for Kubernetes."""

    _Loader.yaml_implicit_resolvers = {
        first: [(tag, regexp) for tag, regexp in resolvers if tag.rpartition(":")[2] not in ("timestamp", "value")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
except ImportError:  # reported when it is needed
    yaml = None  # type: ignore[assignment]

_LARGE = 1 << 15  # bytes, from which on reading YAML takes longer than looking for what it gave last time
_CHUNK = 1 << 20


def parse(text: str | bytes, what: str) -> list[Any]:
    """All documents of a YAML text. An error tells the place, never the content."""
    if yaml is None:
        raise RenderError(missing_required_lib("PyYAML"))
    if text[:1] in ("{", b"{"):  # what a program has written is most often JSON, which is read fifty times faster
        try:
            return [json.loads(text)]
        except ValueError:
            pass
    try:
        return list(yaml.load_all(text, Loader=_Loader))  # a SafeLoader with fewer resolvers
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise RenderError(f"{what} is not valid YAML{where}: {getattr(error, 'problem', '') or 'malformed'}") from None


def is_url(text: str) -> bool:
    return urlsplit(text).scheme in ("http", "https")


def download(url: str, target: Path, timeout: float = 60.0) -> Path:
    """Streams to the target file; follows redirects; proxies and SSL_CERT_FILE of the environment count."""
    if urllib3 is None:
        raise RenderError(missing_required_lib("urllib3"))
    parts = urlsplit(url)
    shown = f"{parts.scheme}://{parts.hostname}{parts.path}"  # a query or user info may hold a token
    proxy = proxy_for(parts.scheme, parts.hostname or "", parts.port)
    options: dict[str, Any] = {"ssl_context": ssl.create_default_context()}
    pool = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
    try:
        answer = pool.request(
            "GET", url, preload_content=False, timeout=timeout, retries=urllib3.Retry(total=4, backoff_factor=0.5)
        )
        if answer.status != 200:
            raise RenderError(f"cannot download {shown}: HTTP {answer.status}")
        with target.open("wb") as file:
            for chunk in answer.stream(_CHUNK):
                file.write(chunk)
        answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        cause = str(getattr(error, "reason", None) or type(error).__name__).rsplit(": ", 1)[-1]
        raise RenderError(f"cannot download {shown}: {cause}") from None
    except OSError as error:
        raise RenderError(f"cannot write the download of {shown}: {error.strerror}") from None
    return target


def check_digest(path: Path, expected: str, what: str) -> None:
    """expected: hex, with or without 'sha256:'."""
    if path.is_dir():
        raise RenderError(f"{what} is a folder: a digest can only be checked of a packed file")
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != expected.removeprefix("sha256:").lower():
        raise RenderError(
            f"{what} has sha256 {digest.hexdigest()}, expected {expected.removeprefix('sha256:')}: it is not what was "
            "pinned. Get the right file, or correct the digest if you changed the version on purpose"
        )


def read_manifest_file(item: dict[str, Any], folder: Path) -> list[Any]:
    """One entry of 'files': {path|url, sha256}. What is pinned is fetched once; what is long is read once."""
    digest = item["sha256"].removeprefix("sha256:").lower() if item.get("sha256") else None
    known = _kept(digest)
    if item.get("url"):
        if known is not None:
            return known
        path = download(item["url"], folder / hashlib.sha256(item["url"].encode()).hexdigest())
        what = item["url"].split("?")[0]
    else:
        path = Path(item["path"]).expanduser()
        what = str(path)
    if not path.is_file():
        raise RenderError(f"files: {what} does not exist")
    if item.get("sha256"):
        check_digest(path, item["sha256"], what)
    if known is not None:
        return known
    content = path.read_bytes()
    if not digest and len(content) >= _LARGE:
        digest = hashlib.sha256(content).hexdigest()
        known = _kept(digest)
        if known is not None:
            return known
    documents = parse(content, what)
    if digest and all(isinstance(document, dict) for document in documents):
        cache.save(_key(digest), documents, set())
    return documents


def _kept(digest: str | None) -> list[Any] | None:
    return cache.load(_key(digest)) if digest else None


def _key(digest: str) -> str:
    return cache.key_of_inputs(file=digest)
