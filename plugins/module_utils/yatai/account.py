# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first set-up of Yatai and what an administrator keeps in order: token, users, settings. Writes secrets first."""

from __future__ import annotations

import base64
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .client import YataiClient
from .errors import ApiError, AuthError, NotFound, ProxyRefused, RequestDropped, ScopeError, Unreachable, YataiError

_LENGTH = 24


@dataclass
class Wishes:
    """The module's options."""

    admin: dict[str, Any]
    admin_secret: dict[str, Any]
    token: dict[str, Any]
    token_secret: dict[str, Any]
    users: list[dict[str, Any]]
    organization_config: dict[str, Any]
    wait_timeout: float
    check_mode: bool


@dataclass
class Outcome:
    changed: bool = False
    predicted: bool = False
    version: str = ""
    setup_done: bool = False
    admin_secret_written: bool = False
    token_created: bool = False
    users: list[dict[str, Any]] = field(default_factory=list)
    organization_changed: bool = False
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    def change(self, key: str, before: Any, after: Any) -> None:
        self.changed = True
        self.before[key], self.after[key] = before, after


def new_password() -> str:
    alphabet = string.ascii_letters + string.digits
    return "".join(secrets.choice(alphabet) for _index in range(_LENGTH))


class Secrets:
    """Kubernetes Secrets as this module uses them."""

    def __init__(self, kube: Any, mask: Callable[[str], None]) -> None:
        self._kube, self._mask = kube, mask

    def read(self, reference: dict[str, Any]) -> dict[str, str]:
        found = self._kube.get_or_none("v1", "Secret", reference["name"], reference["namespace"])
        values = {k: base64.b64decode(v or "").decode() for k, v in ((found or {}).get("data") or {}).items()}
        for value in values.values():
            self._mask(value)
        return values

    def write(self, reference: dict[str, Any], values: dict[str, str]) -> None:
        for value in values.values():
            self._mask(value)
        self._kube.apply(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": reference["name"], "namespace": reference["namespace"]},
                "type": "Opaque",
                "data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()},
            },
            # Whoever wrote it before us wrote something that does not work, or we would not be here.
            force=True,
        )


class Account:
    def __init__(
        self,
        client: YataiClient,
        make_client: Callable[[str], YataiClient],
        secrets_: Secrets,
        initialization_token: Callable[[], str],
        wishes: Wishes,
    ) -> None:
        self.client, self._make_client, self._secrets = client, make_client, secrets_
        self._initialization_token, self.wishes = initialization_token, wishes
        self.outcome = Outcome()
        self._session: YataiClient | None = None

    def run(self) -> Outcome:
        out, wishes = self.outcome, self.wishes
        try:
            out.version = self.client.wait_alive(0.0 if wishes.check_mode else wishes.wait_timeout)
        except (Unreachable, ApiError) as exc:
            if not wishes.check_mode or (not isinstance(exc, (Unreachable, ProxyRefused)) and exc.status < 500):
                raise
            # Nothing is installed yet: say what a real run would do.
            out.predicted = True
            out.change("setup", "Yatai does not answer yet", "completed, with an administrator and a token")
            return out
        token = self._working_token()
        if token is None:
            self._admin()
            token = self._new_token()
        # Check mode makes no token: the administrator's session reads as well, and before the first set-up there is
        # nothing to read yet.
        asked = self._make_client(token) if token else self._session
        self._users(asked)
        self._organization(asked)
        return out

    # -- token ---------------------------------------------------------------------------------------------------
    def _working_token(self) -> str | None:
        """The token of the Secret, if Yatai still takes it for everything."""
        token = self._secrets.read(self.wishes.token_secret).get(self.wishes.token_secret["key"])
        if not token:
            return None
        try:
            self._make_client(token).current_org()
        except (AuthError, ScopeError, RequestDropped, NotFound):
            return None
        return token

    def _new_token(self) -> str | None:
        wish, reference = self.wishes.token, self.wishes.token_secret
        place = f"Secret {reference['namespace']}/{reference['name']}"
        self.outcome.token_created = True
        self.outcome.change("token", f"none that works in {place}", f"'{wish['name']}' in {place}")
        if self.wishes.check_mode:
            return None
        session = self._session or self._login()
        # Yatai shows a token only when it is made: one that got lost can only be replaced.
        for old in session.pages("/api_tokens"):
            if old["name"] == wish["name"]:
                session.call("DELETE", f"/api_tokens/{old['uid']}")
        body = {"name": wish["name"], "description": wish["description"], "scopes": wish["scopes"]}
        token = session.call("POST", "/api_tokens", body).get("token") or ""
        if not token:
            raise YataiError(f"Yatai made the API token '{wish['name']}' and did not show it")
        self._secrets.write(reference, {reference["key"]: token})
        return token

    # -- administrator -------------------------------------------------------------------------------------------
    def _admin(self) -> None:
        """Make sure that somebody can log in: the password is in its Secret before Yatai learns it."""
        wish, reference = self.wishes.admin, self.wishes.admin_secret
        stored = self._secrets.read(reference)
        password = wish.get("password") or stored.get("password") or new_password()
        email = wish.get("email") or stored.get("email") or "admin@example.org"
        wanted = {"email": email, "password": password}
        if {key: stored.get(key) for key in wanted} != wanted:
            self.outcome.admin_secret_written = True
            place = f"Secret {reference['namespace']}/{reference['name']}"
            self.outcome.change("admin", f"no {'password' if not stored else 'such values'} in {place}", place)
            if not self.wishes.check_mode:
                self._secrets.write(reference, wanted)
        try:
            self._session = self._login(password)
        except ApiError as exc:
            # Before the set-up the only user is called admin: a login under another name says "invalid" then.
            if "did not complete the setup" not in exc.reason and not self._before_setup():
                raise self._refused(exc) from exc
            self.outcome.setup_done = True
            self.outcome.change("setup", "not completed", f"completed with administrator '{wish['name']}'")
            if not self.wishes.check_mode:
                self._set_up(wanted)

    def _login(self, password: str = "") -> YataiClient:
        session = self._make_client("")
        password = password or self._secrets.read(self.wishes.admin_secret).get("password") or ""
        session.login(self.wishes.admin["name"], password)
        return session

    def _refused(self, exc: ApiError) -> YataiError:
        ref = self.wishes.admin_secret
        return YataiError(
            f"Yatai is set up, but refuses administrator '{self.wishes.admin['name']}' with the password of Secret "
            f"{ref['namespace']}/{ref['name']} ({exc.reason}). Its password was changed elsewhere, or somebody else "
            "set Yatai up or registered first: put the right password into that Secret (keys email and password), or "
            "give admin.name and admin.password"
        )

    def _before_setup(self) -> bool:
        try:
            self._make_client("").login("admin", "x")
        except ApiError as exc:
            return "did not complete the setup" in exc.reason
        return False

    def _set_up(self, wanted: dict[str, str]) -> None:
        session = self._make_client("")
        body = {
            "token": self._initialization_token(),
            "name": self.wishes.admin["name"],
            "email": wanted["email"],
            "password": wanted["password"],
            "first_name": "",
            "last_name": "",
        }
        try:
            session.call("POST", "/setup", body)
        except ApiError as exc:
            # A repeated request whose first answer got lost; the login proves whose set-up it was.
            if "completed long ago" not in exc.reason:
                hint = ""
                if "token" in exc.reason:
                    hint = ". The initialization token must be the one Yatai was started with (initialization_secret)"
                raise YataiError(f"Yatai's first set-up failed: {exc.reason}{hint}") from exc
        try:
            self._session = self._login(wanted["password"])
        except ApiError as exc:
            raise YataiError(
                "Yatai refuses its first set-up, since somebody registered first: registration is open to everybody, "
                "and Yatai then calls the set-up completed although its administrator has no password "
                f"({exc.reason}). Remove that user from Yatai's database, or give Yatai an empty one"
            ) from exc

    # -- users and settings --------------------------------------------------------------------------------------
    def _users(self, client: YataiClient | None) -> None:
        """client: None where check mode predicts for a Yatai before its first set-up, which makes the administrator."""
        if not self.wishes.users:
            return
        members = (client.call("GET", "/members") or []) if client else []
        roles = {member["user"]["name"]: member["role"] for member in members}
        if client is None:
            roles = {self.wishes.admin["name"]: "admin"}
        for wish in self.wishes.users:
            name, role = wish["name"], wish["role"]
            made = name not in roles and (client is None or client.get_or_none(f"/users/{name}") is None)
            changed = made or roles.get(name) != role
            if made and not wish.get("password"):
                raise YataiError(f"user '{name}' does not exist yet: give a password to make it with")
            if changed:
                self.outcome.change(f"user {name}", roles.get(name, "absent"), role)
            if changed and client and not self.wishes.check_mode:
                if made:
                    self._create_user(client, wish)
                else:
                    client.call("POST", "/members", {"usernames": [name], "role": role})
            self.outcome.users.append({"name": name, "role": role, "created": made, "changed": changed})

    @staticmethod
    def _create_user(client: YataiClient, wish: dict[str, Any]) -> None:
        body = {key: wish.get(key) or "" for key in ("name", "email", "password", "role")}
        client.call("POST", "/users", body)

    def _organization(self, client: YataiClient | None) -> None:
        wish = self.wishes.organization_config
        if not wish:
            return
        current = (client.current_org().get("config") or {}) if client else {}
        wanted = merged(current, wish)
        if wanted == current:
            return
        self.outcome.organization_changed = True
        self.outcome.change("organization_config", hide(current), hide(wanted))
        if client and not self.wishes.check_mode:
            # Yatai replaces the whole configuration: what we were not asked about goes back as it came.
            client.call("PATCH", "/current_org", {"config": wanted})


def merged(current: dict[str, Any], wish: dict[str, Any]) -> dict[str, Any]:
    """wish over current, key by key; None means not asked for."""
    result = dict(current)
    for key, value in wish.items():
        if isinstance(value, dict):
            result[key] = merged(current.get(key) or {}, value)
        elif value is not None:
            result[key] = value
    return result


def hide(config: Any) -> Any:
    """For diffs: a credential shows as whether it is set, never as itself."""
    secret = ("secret_key", "access_key", "password", "secret_access_key", "access_key_id")
    if not isinstance(config, dict):
        return config
    return {key: ("(set)" if value else "") if key in secret else hide(value) for key, value in config.items()}
