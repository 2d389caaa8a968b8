# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key ring in its Secret, and what is published of it.

The engine does what it does for every component: namespaces, ConfigMaps, pruning, the record, the diff. To it the
Secret is a generated one, which is never changed and only deleted by a purge. Only its first value is made here, since
no random text will do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.apply import Change
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.component import Component
from ansible_collections.bentobox.platform.plugins.module_utils.kube.component_spec import component_params
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import Conflict, NotFound
from ansible_collections.bentobox.platform.plugins.module_utils.kube.namespaces import Namespaces
from ansible_collections.bentobox.platform.plugins.module_utils.kube.objects import Obj, key_of
from ansible_collections.bentobox.platform.plugins.module_utils.kube.secrets import GENERATED_BY, decode, encode

from . import keys as jwk
from .errors import JwtError, NoKey

RING = "keys.json"  # of the Secret's data: a private JWK Set, the key that signs first
PUBLISHED = "jwks"  # of a ConfigMap's data: what Envoy Gateway's localJWKS reads
Protect = Callable[[set[str]], None]  # tells the module what it must mask


def read(secret: Obj, protect: Protect) -> list[jwk.Jwk]:
    where = f"Secret {secret['metadata']['namespace']}/{secret['metadata']['name']}"
    text = decode((secret.get("data") or {}).get(RING) or "")
    if not text:
        raise JwtError(
            f"{where} is there and has no key '{RING}'; let 'secret' name another one, or put a JWK Set with private "
            "keys there"
        )
    ring = jwk.load(text, where)
    protect(jwk.private_values(ring))
    return ring


def find(client: Client, namespace: str, name: str, protect: Protect) -> list[jwk.Jwk]:
    secret = client.get_or_none("v1", "Secret", name, namespace)
    if secret is None:
        raise NoKey(
            f"there is no Secret {namespace}/{name} with a signing key; make it with jwt_key, or let 'secret' and "
            "'namespace' name the one that jwt_key made"
        )
    return read(secret, protect)


def published(client: Client, namespace: str, name: str) -> str:
    try:
        config = client.get("v1", "ConfigMap", name, namespace)
    except NotFound:
        raise JwtError(
            f"there is no ConfigMap {namespace}/{name} with the public keys; publish them there with jwt_key"
        ) from None
    text = (config.get("data") or {}).get(PUBLISHED)
    if not text:
        raise JwtError(f"ConfigMap {namespace}/{name} has no key '{PUBLISHED}'; publish the keys with jwt_key")
    return str(text)


@dataclass(frozen=True)
class Wish:
    """The module's options, but for the connection."""

    name: str
    namespace: str
    secret: str
    algorithm: str
    key_size: int
    configmap: str
    namespaces: tuple[str, ...]
    take_ownership: bool
    purge: bool
    wait_timeout: int


class KeyRing:
    def __init__(self, client: Client, wish: Wish, *, check_mode: bool, diff: bool, protect: Protect) -> None:
        self.client, self.wish, self.check_mode, self.diff, self.protect = client, wish, check_mode, diff, protect
        self.first: list[Change] = []  # what was done before the engine

    def present(self) -> dict[str, Any]:
        live = self._live()
        ring = read(live, self.protect) if live else []
        if ring and ring[0]["alg"] != self.wish.algorithm:
            raise JwtError(
                f"algorithm is {self.wish.algorithm}, and the key in Secret {self.wish.namespace}/{self.wish.secret} "
                f"is for {ring[0]['alg']}. A key is never replaced: set algorithm to {ring[0]['alg']}, or remove the "
                "key first with 'state: absent' and 'purge: true' (its tokens are refused then)"
            )
        created = not ring
        if not self.check_mode and live is None:
            ring, created = self._make()
        jwks = jwk.public(ring)
        component = self._component(jwks)
        component.present()
        made = {change.key: change for change in self.first}
        component.changes = [made.get(change.key, change) for change in component.changes]
        return {
            **component.result(),
            "kid": ring[0]["kid"] if ring else "",
            "algorithm": self.wish.algorithm,
            "jwks": jwks,
            "created": created,
        }

    def absent(self) -> dict[str, Any]:
        component = self._component(jwk.public([]))
        component.absent()
        return {**component.result(), "kid": "", "algorithm": "", "jwks": jwk.public([]), "created": False}

    def _live(self) -> Obj | None:
        return self.client.get_or_none("v1", "Secret", self.wish.secret, self.wish.namespace)

    def _make(self) -> tuple[list[jwk.Jwk], bool]:
        """The first key. Made by a create request, so that of two runs at a time one gets its key and both use it."""
        ring = [jwk.generate(self.wish.algorithm, self.wish.key_size)]
        text = jwk.dump(ring)
        self.protect({*jwk.private_values(ring), text, encode(text)})
        component = self._component(jwk.public(ring))
        namespaces = Namespaces(component.applier, component.params)
        namespaces.home([], {})
        self.first = [change for change in namespaces.changes if change.action == "created"]
        secret: Obj = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": self.wish.secret,
                "namespace": self.wish.namespace,
                "labels": {"app.kubernetes.io/managed-by": "bentobox.platform", GENERATED_BY: component.identifier},
            },
            "type": "Opaque",
            "data": {RING: encode(text)},
        }
        try:
            made = self.client.create(secret)
        except Conflict:
            made = self.client.get("v1", "Secret", self.wish.secret, self.wish.namespace)
            return read(made, self.protect), False
        self.first.append(Change(key_of(made), "created", None, made))
        return ring, True

    def _component(self, jwks: dict[str, Any]) -> Component:
        wish = self.wish
        params = component_params(
            name=wish.name,
            namespace=wish.namespace,
            namespaces=list(wish.namespaces),
            manifests=[self._configmap(namespace, jwks) for namespace in self._places()],
            generate_secrets=[{"name": wish.secret, "namespace": None, "keys": {RING: {}}}],
            take_ownership=wish.take_ownership,
            purge=wish.purge,
            wait_timeout=wish.wait_timeout,
        )
        return Component(params, self.client, check_mode=self.check_mode, diff=self.diff, display=lambda text: None)

    def _places(self) -> list[str]:
        return list(dict.fromkeys([self.wish.namespace, *self.wish.namespaces]))

    def _configmap(self, namespace: str, jwks: dict[str, Any]) -> Obj:
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": self.wish.configmap, "namespace": namespace},
            "data": {PUBLISHED: jwk.as_text(jwks)},
        }
