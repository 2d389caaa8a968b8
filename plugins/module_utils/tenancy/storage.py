# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tenant's models run as and are loaded with."""

from __future__ import annotations

from typing import Any

from .spec import Tenant

Obj = dict[str, Any]
SECRET = "model-store"  # noqa: S105  # its name
_KSERVE = "serving.kserve.io"


def storage(tenant: Tenant) -> list[Obj]:
    account: Obj = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": tenant.service_account, "namespace": tenant.name},
        # A model has no business with the Kubernetes API.
        "automountServiceAccountToken": False,
    }
    if tenant.storage is None:
        return [account]
    store = tenant.storage
    source = f"{store.secret_namespace}/{store.secret_name}"
    # As KServe's storage initializer is told of a store: the names are those of its chart.
    secret: Obj = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": SECRET,
            "namespace": tenant.name,
            "annotations": {
                f"{_KSERVE}/s3-endpoint": store.endpoint,
                f"{_KSERVE}/s3-usehttps": "1" if store.secure else "0",
                f"{_KSERVE}/s3-region": store.region,
            },
        },
        "type": "Opaque",
        "stringData": {
            "AWS_ACCESS_KEY_ID": f"${{secret:{source}/access_key}}",
            "AWS_SECRET_ACCESS_KEY": f"${{secret:{source}/secret_key}}",
        },
    }
    return [secret, {**account, "secrets": [{"name": SECRET}]}]
