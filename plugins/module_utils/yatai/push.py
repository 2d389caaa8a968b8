# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Push: models first, the bento then; nothing is sent that is there already."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from .client import YataiClient
from .errors import ContentDiffers, MissingModels, YataiError
from .manifest import differences
from .registry import Registry
from .source import Item
from .stored import store_reachable
from .transfer import Transfer, TransferOptions

# Yatai keeps no checksum of what it stores, so we leave one: bento_pull checks it, anybody can with sha256sum.
DIGEST_LABEL = "bentobox.platform/sha256"
MODEL_POOL = 4


@dataclass
class PushOptions:
    transfer: TransferOptions
    strategy: str = "auto"
    force: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    purge_labels: bool = False
    check_mode: bool = False


@dataclass
class Pushed:
    """What became of one bento or model."""

    tag: str
    kind: str
    url: str
    changed: bool = False
    uploaded: bool = False
    digest: str | None = None
    size: int = 0
    bytes_sent: int = 0
    seconds: float = 0.0
    strategy: str | None = None
    verified: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    def result(self) -> dict[str, Any]:
        keys = (
            "tag",
            "url",
            "changed",
            "uploaded",
            "digest",
            "size",
            "bytes_sent",
            "seconds",
            "strategy",
            "verified",
            "labels",
        )
        return {key: getattr(self, key) for key in keys}


def labels_dict(items: Any) -> dict[str, str]:
    return {item["key"]: item["value"] for item in items or []}


def labels_list(labels: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": labels[key]} for key in sorted(labels)]


def wanted_labels(current: dict[str, str], own: dict[str, str], options: PushOptions) -> dict[str, str]:
    """Labels after this push: of the bento itself and of the task, and foreign ones unless they are to be purged."""
    kept = {} if options.purge_labels else dict(current)
    if DIGEST_LABEL in current:
        kept[DIGEST_LABEL] = current[DIGEST_LABEL]
    return kept | own | options.labels


def _view(remote: dict[str, Any] | None) -> dict[str, Any]:
    if not remote:
        return {}
    manifest = remote.get("manifest") or {}
    return {
        "upload_status": remote.get("upload_status"),
        "labels": labels_dict(remote.get("labels")),
        "size_bytes": manifest.get("size_bytes"),
        "models": manifest.get("models"),
    }


def push_item(client: YataiClient, item: Item, options: PushOptions) -> Pushed:
    """Bring one bento or model into Yatai."""
    begun = time.monotonic()
    registry = Registry(client, item.kind)
    name, version = item.tag
    remote = registry.get(name, version)
    current = labels_dict((remote or {}).get("labels"))
    uploaded = (remote or {}).get("upload_status") == "success"
    labels = wanted_labels(current, item.labels, options)
    done = Pushed(str(item.tag), item.kind, registry.url(name, version), before=_view(remote), labels=labels)
    done.digest = f"sha256:{current[DIGEST_LABEL]}" if uploaded and DIGEST_LABEL in current else None
    if uploaded and not options.force:
        _refuse_other_content(item, remote or {})
        done.changed = labels != current
        if done.changed and not options.check_mode:
            registry.update(name, version, {"labels": labels_list(labels)})
        done.after = done.before | {"labels": labels}
        done.size = item.plan().size
        done.seconds = time.monotonic() - begun
        return done
    plan = item.plan()
    done.changed = done.uploaded = True
    done.size = plan.size
    labels.pop(DIGEST_LABEL, None)  # speaks of the archive before this one
    done.after = {
        "upload_status": "success",
        "labels": labels,
        "size_bytes": item.manifest["size_bytes"],
        "models": item.manifest.get("models"),
    }
    if options.check_mode:
        done.digest = plan.digest()
        labels[DIGEST_LABEL] = done.digest.partition(":")[2]
        return done
    registry.ensure_repository(name)
    body = {"manifest": item.manifest, "labels": labels_list(labels)}
    if remote is None:
        made = registry.create(name, body | {"version": version, "description": "", "build_at": item.build_at})
    else:
        made = registry.update(name, version, body)
    _upload(Transfer(registry, name, version, plan, options.transfer), made, done, options)
    labels[DIGEST_LABEL] = (done.digest or "").partition(":")[2]
    registry.update(name, version, {"labels": labels_list(labels)})
    done.seconds = time.monotonic() - begun
    return done


def _refuse_other_content(item: Item, remote: dict[str, Any]) -> None:
    found = differences(item.manifest, remote.get("manifest"))
    if found:
        what = "; ".join(f"{key} is {here!r} here and {there!r} in Yatai" for key, (here, there) in found.items())
        raise ContentDiffers(
            f"{item.kind} {item.tag} is in Yatai with other content ({what}). A tag stands for one content: build a "
            "new version, or overwrite this one with force: true"
        )


def _upload(transfer: Transfer, made: dict[str, Any], done: Pushed, options: PushOptions) -> None:
    done.strategy = _strategy(transfer, made, options.strategy)
    try:
        done.digest = transfer.proxy() if done.strategy == "proxy" else transfer.presigned()
        done.verified = transfer.verify(done.digest)
        if done.strategy != "proxy":
            transfer.registry.verb(
                transfer.name, transfer.version, "finish_upload", {"status": "success", "reason": ""}
            )
    except BaseException as exc:
        # Also for a Ctrl-C: Yatai would call the upload running for ever.
        transfer.failed(str(exc) or exc.__class__.__name__)
        raise
    finally:
        done.bytes_sent = transfer.sent


def _strategy(transfer: Transfer, made: dict[str, Any], wish: str) -> str:
    """auto follows the server's advice, as far as its object store can be reached from here."""
    if wish == "proxy" or (wish == "auto" and made.get("transmission_strategy") != "presigned_url"):
        return "proxy"
    trouble = store_reachable(transfer.registry, transfer.name, transfer.version)
    if not trouble:
        return "presigned"
    if wish == "auto":
        return "proxy"
    raise YataiError(
        f"strategy presigned cannot work: {trouble}. Use strategy: proxy, or give Yatai an S3 endpoint "
        "that is reachable from here too"
    )


def find_missing(client: YataiClient, bento: Item) -> None:
    """Models that are not on disk may be in Yatai already; those that are nowhere are named, all at once."""
    registry = Registry(client, "model")
    missing = []
    for tag in bento.missing_models:
        remote = registry.get(*tag)
        if remote and remote.get("upload_status") == "success":
            bento.manifest["size_bytes"] += int((remote.get("manifest") or {}).get("size_bytes") or 0)
        else:
            missing.append(str(tag))
    if missing:
        raise MissingModels(
            f"bento {bento.tag} names models that are neither in {bento.path}/models, nor in the store's models, "
            f"nor in Yatai: {', '.join(missing)}. Pull or train them into bentoml_home, or push them first "
            "(bentobox.platform.model_push)",
            missing,
        )


def push_model(client: YataiClient, model: Item, options: PushOptions) -> Pushed:
    client.current_org()  # a bad token or endpoint is told once, plainly, and before anything else
    return push_item(client, model, options)


def push_bento(client: YataiClient, bento: Item, options: PushOptions) -> tuple[Pushed, list[Pushed]]:
    client.current_org()  # a bad token or endpoint is told once, plainly, and before anything else
    find_missing(client, bento)
    models: list[Pushed] = []
    if bento.models:
        # The labels of the task are the bento's, not its models'. A force is for both, as BentoML understands it.
        at_a_time = min(MODEL_POOL, len(bento.models))
        transfer = replace(options.transfer, read_ahead=options.transfer.read_ahead // at_a_time)
        own = PushOptions(transfer, options.strategy, options.force, {}, False, options.check_mode)
        with ThreadPoolExecutor(at_a_time) as pool:
            futures = [(model, pool.submit(push_item, client, model, own)) for model in bento.models]
        failed = [(model, future.exception()) for model, future in futures if future.exception()]
        if failed:
            model, reason = failed[0]
            others = f" ({len(failed) - 1} more models failed)" if len(failed) > 1 else ""
            raise _wrapped(bento, model, reason, others)
        models = [future.result() for _model, future in futures]
    return push_item(client, bento, options), models


def _wrapped(bento: Item, model: Item, reason: BaseException | None, others: str) -> BaseException:
    if not isinstance(reason, YataiError):
        return reason or YataiError(f"model {model.tag} failed")
    error = YataiError(f"bento {bento.tag} was not pushed, since its model {model.tag} failed{others}: {reason}")
    error.__cause__ = reason
    return error


def result_of(pushed: Pushed, models: list[Pushed], seconds: float) -> dict[str, Any]:
    """The module's answer: always the same keys."""
    everything = [pushed, *models]
    touched = [one for one in everything if one.changed]
    return pushed.result() | {
        "changed": bool(touched),
        "bytes_sent": sum(one.bytes_sent for one in everything),
        "seconds": round(seconds, 3),
        "models": [model.result() for model in models],
        "diff": {
            "before": {one.tag: one.before for one in touched},
            "after": {one.tag: one.after for one in touched},
        },
    }
