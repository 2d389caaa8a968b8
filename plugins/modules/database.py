#!/usr/bin/python

# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: database
short_description: A PostgreSQL database with the role that owns it
version_added: "0.1.0"
author: bentobox.platform contributors (@bentobox-platform)
description:
  - Makes a role that may log in and a database that belongs to it, wherever PostgreSQL lives, with the extensions and
    grants an application needs.
  - Knows the managed services' masters, which are no superusers and have to join a role before they may give it a
    database.
  - Never drops anything unless O(purge=true).
requirements:
  - psycopg >= 3.1 (with its C or binary implementation or libpq)
  - PostgreSQL 13 or later
extends_documentation_fragment:
  - bentobox.platform.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Of a password it only says whether it changes.
  idempotent:
    support: partial
    details:
      - A changed password is found by comparing it with what the server stores when O(login_user) is a superuser, and
        by logging in with it otherwise. Where the server lets neither be seen (it trusts this machine, or does not let
        the role in from here) the password is left as it is, with a warning.
options:
  name:
    description: Name of the database.
    type: str
    required: true
  owner:
    description: Name of the role that owns the database and may log in. The default is the O(name) of the database.
    type: str
  password:
    description:
      - Password of the O(owner). Needed when the role does not exist yet; left out, an existing one keeps its own.
      - The server gets the verifier made from it, never the password, so that it cannot appear in the server's log.
    type: str
  update_password:
    description: Whether the password of an existing role is made the O(password).
    type: str
    choices: [always, on_create]
    default: always
  state:
    description:
      - V(present) makes or changes what is needed.
      - V(absent) removes database and role. It refuses to do so without O(purge).
    type: str
    choices: [present, absent]
    default: present
  purge:
    description: Allows O(state=absent) to destroy the data.
    type: bool
    default: false
  force:
    description: Allows O(state=absent) to disconnect sessions that use the database.
    type: bool
    default: false
  provider:
    description:
      - Whose PostgreSQL it is. V(rds) (also Aurora) and V(cloudsql) need a O(login_user) in C(rds_superuser) or
        C(cloudsqlsuperuser), and use TLS unless O(sslmode) says otherwise.
    type: str
    choices: [generic, rds, cloudsql]
    default: generic
  encoding:
    description: Encoding of the database. It cannot be changed later.
    type: str
    default: UTF8
  extensions:
    description: Extensions the database must have, for example V(pgcrypto).
    type: list
    elements: str
    default: []
  grants:
    description: Rights in the database for further roles, which must exist. Rights that are not named are left alone.
    type: list
    elements: dict
    default: []
    suboptions:
      role:
        description: Name of the role.
        type: str
        required: true
      privileges:
        description: What it may do with the database.
        type: list
        elements: str
        choices: [CONNECT, CREATE, TEMPORARY]
        default: [CONNECT]
  public_access:
    description: Whether every role of the server may connect, which is PostgreSQL's own default.
    type: bool
    default: false
  login_host:
    description: Name or address of the server.
    type: str
    required: true
  login_port:
    description: Port of the server.
    type: int
    default: 5432
  login_user:
    description: Administrator to log in as.
    type: str
    default: postgres
  login_password:
    description: Password of the administrator.
    type: str
  login_database:
    description: Database to log in to before there is another one.
    type: str
    default: postgres
  sslmode:
    description:
      - How much TLS to ask for, as in libpq. The default is V(prefer), for O(provider=rds) and O(provider=cloudsql)
        V(require).
      - Only V(verify-full) (or V(verify-ca)) with O(ca_cert) knows whom it talks to.
    type: str
    choices: [disable, allow, prefer, require, verify-ca, verify-full]
  ca_cert:
    description: File with the certificates of the authorities to trust.
    type: path
  client_cert:
    description: File with our certificate, where the server wants one.
    type: path
  client_key:
    description: File with the key of O(client_cert).
    type: path
  connect_timeout:
    description: Seconds to wait for the server.
    type: int
    default: 10
"""

EXAMPLES = r"""
- name: A database for Yatai
  bentobox.platform.database:
    login_host: db.example.com
    login_password: "{{ vault_postgres_password }}"
    name: yatai
    password: "{{ vault_yatai_password }}"
    extensions: [pgcrypto]

- name: The same on Amazon RDS, sure of whom we talk to
  bentobox.platform.database:
    provider: rds
    login_host: bento.abcdefgh.eu-central-1.rds.amazonaws.com
    login_user: master
    login_password: "{{ vault_rds_password }}"
    sslmode: verify-full
    ca_cert: /etc/ssl/rds-global-bundle.pem
    name: yatai
    owner: yatai_app
    password: "{{ vault_yatai_password }}"
    extensions: [pgcrypto]
    grants:
      - role: reporting
        privileges: [CONNECT]

- name: Remove it with all its data
  bentobox.platform.database:
    login_host: db.example.com
    login_password: "{{ vault_postgres_password }}"
    name: yatai
    state: absent
    purge: true
"""

RETURN = r"""
name:
  description: Name of the database.
  returned: always
  type: str
  sample: yatai
owner:
  description: Name of the role that owns it.
  returned: always
  type: str
  sample: yatai
state:
  description: What was asked for.
  returned: always
  type: str
  sample: present
server_version:
  description: Version of the server.
  returned: always
  type: str
  sample: "15.13"
statements:
  description: The statements that were run, or would be in check mode, without secrets.
  returned: always
  type: list
  elements: str
  sample: ["CREATE ROLE \"yatai\" LOGIN PASSWORD '********'"]
password_changed:
  description: Whether the role got a (new) password.
  returned: always
  type: bool
  sample: true
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.bentobox.platform.plugins.module_utils.database.apply import ensure
from ansible_collections.bentobox.platform.plugins.module_utils.database.connection import (
    DEFAULT_SSLMODE,
    PSYCOPG_IMPORT_ERROR,
    Target,
)
from ansible_collections.bentobox.platform.plugins.module_utils.database.errors import DatabaseError
from ansible_collections.bentobox.platform.plugins.module_utils.database.plan import PRIVILEGES, Desired

ARGUMENTS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "owner": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "update_password": {"type": "str", "choices": ["always", "on_create"], "default": "always", "no_log": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "purge": {"type": "bool", "default": False},
    "force": {"type": "bool", "default": False},
    "provider": {"type": "str", "choices": ["generic", "rds", "cloudsql"], "default": "generic"},
    "encoding": {"type": "str", "default": "UTF8"},
    "extensions": {"type": "list", "elements": "str", "default": []},
    "grants": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "role": {"type": "str", "required": True},
            "privileges": {"type": "list", "elements": "str", "choices": list(PRIVILEGES), "default": ["CONNECT"]},
        },
    },
    "public_access": {"type": "bool", "default": False},
    "login_host": {"type": "str", "required": True},
    "login_port": {"type": "int", "default": 5432},
    "login_user": {"type": "str", "default": "postgres"},
    "login_password": {"type": "str", "no_log": True},
    "login_database": {"type": "str", "default": "postgres"},
    "sslmode": {"type": "str", "choices": ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]},
    "ca_cert": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "connect_timeout": {"type": "int", "default": 10},
}


def target(params: dict[str, Any]) -> Target:
    return Target(
        host=params["login_host"],
        port=params["login_port"],
        user=params["login_user"],
        password=params["login_password"] or None,
        database=params["login_database"],
        sslmode=params["sslmode"] or DEFAULT_SSLMODE[params["provider"]],
        ca_cert=params["ca_cert"],
        client_cert=params["client_cert"],
        client_key=params["client_key"],
        timeout=params["connect_timeout"],
    )


def desired(params: dict[str, Any]) -> Desired:
    return Desired(
        name=params["name"],
        owner=params["owner"] or params["name"],
        provider=params["provider"],
        encoding=params["encoding"],
        extensions=tuple(params["extensions"]),
        grants={grant["role"]: frozenset(grant["privileges"]) for grant in params["grants"]},
        public_access=params["public_access"],
        has_password=bool(params["password"]),
        update_password=params["update_password"] == "always",  # noqa: S105
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS, supports_check_mode=True, required_together=[("client_cert", "client_key")]
    )
    if PSYCOPG_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("psycopg"), exception=PSYCOPG_IMPORT_ERROR)
    params = module.params
    try:
        result = ensure(
            target(params),
            desired(params),
            password=params["password"] or None,
            absent=params["state"] == "absent",
            purge=params["purge"],
            force=params["force"],
            dry_run=module.check_mode,
        )
    except DatabaseError as error:
        module.fail_json(msg=str(error), kind=error.kind)
    for warning in result.pop("warnings"):
        module.warn(warning)
    diff = result.pop("diff")
    if module._diff:
        result["diff"] = diff
    module.exit_json(state=params["state"], **result)


if __name__ == "__main__":
    main()
