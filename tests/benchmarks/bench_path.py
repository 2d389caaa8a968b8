# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each hop on the way to a model adds to a request, and how many requests a core of it carries.

    LAB=inference BENTOBOX_BENCH_REQUESTS=500 python tests/benchmarks/bench_path.py

The same server, which answers at once, is asked directly and through ever more hops, one request after the other on a
connection that is kept; rounds go around the sides, so that what disturbs the machine disturbs all. Then some clients
ask at once, and the kernel tells what the containers of each hop used. Uses the lab named by LAB, raises it and
installs the inference platform when that is still to be done, and leaves it up. Writes docs/performance.md.
"""

from __future__ import annotations

import os
import ssl
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from ansible_collections.bentobox.platform.tests.benchmarks.engine.machine import hardware  # noqa: E402
from ansible_collections.bentobox.platform.tests.benchmarks.engine.report import keep  # noqa: E402
from ansible_collections.bentobox.platform.tests.benchmarks.path import site  # noqa: E402
from ansible_collections.bentobox.platform.tests.benchmarks.path.cpu import Hop, Meter  # noqa: E402
from ansible_collections.bentobox.platform.tests.benchmarks.path.sides import Side  # noqa: E402
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks  # noqa: E402
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab  # noqa: E402

from lab import inference  # noqa: E402
from lab.settings import from_environment  # noqa: E402

GOAL_MS = 2.0
ROUNDS = max(5, int(os.environ.get("BENTOBOX_BENCH_ROUNDS", "7")))
REQUESTS = int(os.environ.get("BENTOBOX_BENCH_REQUESTS", "500"))
CLIENTS, SECONDS = 8, 10.0

MODEL = f"serving.kserve.io/inferenceservice={site.NAME}"
HOPS = (
    Hop("Istio's ingress gateway", "istio-system", "istio=ingressgateway"),
    Hop(
        "Envoy Gateway's Envoy (TLS twice, JWT, claims, limit)",
        "envoy-gateway-system",
        "gateway.envoyproxy.io/owning-gateway-name=predict",
    ),
    Hop("ratelimit", "envoy-gateway-system", "app.kubernetes.io/name=envoy-ratelimit"),
    Hop("redis", "redis", ""),
    Hop("Knative's local gateway", "knative-serving", "gateway.networking.k8s.io/gateway-name=knative-local"),
    Hop("activator, with its sidecar", "knative-serving", "app=activator"),
    Hop("the model's sidecar (mutual TLS, JWT, claims)", site.TENANT, MODEL, "istio-proxy"),
    Hop("queue-proxy", site.TENANT, MODEL, "queue-proxy"),
    Hop("the server itself (Python)", site.TENANT, MODEL, "kserve-container"),
)


def sides(made: site.Site) -> list[Side]:
    secret = made.cluster.secret(*inference.AUTHORITY)
    tls = ssl.create_default_context(cadata=secret["ca.crt"])
    gateway = made.address("envoy-gateway-system", "predict-gateway")
    edge = made.address(*inference.EDGE)
    local = made.address("knative-serving", "knative-local-istio")
    token = made.token()
    asked = f"/v1/models/{site.NAME}"
    inside = f"{site.NAME}-predictor.{site.TENANT}.svc.cluster.local"
    return [
        Side("straight to the pod", made.pod_address(), site.HOST, "/", port=8080),
        Side("Envoy Gateway, open to all", gateway, site.HOST, site.OPEN, tls=tls),
        Side("Envoy Gateway, JWT", gateway, site.HOST, site.CLOSED, token, tls),
        Side("Envoy Gateway, JWT and a limit", gateway, site.HOST, site.LIMITED, token, tls),
        Side("Istio's edge, Envoy Gateway, JWT and a limit", edge, site.HOST, site.LIMITED, token, tls),
        Side("a model, straight to Knative's local gateway", local, inside, asked, token),
        Side("a model, the whole path", edge, site.HOST, site.MODEL + asked, token, tls),
    ]


def latency(found: list[Side]) -> str:
    for side in found:
        side.ready()
    for number in range(ROUNDS):
        for side in found:
            side.round(REQUESTS)
        told = ", ".join(f"{side.p50 * 1000:.2f}" for side in found)
        print(f"round {number + 1}/{ROUNDS}, medians so far in ms: {told}", flush=True)
    direct = found[0]
    lines = [
        f"Goal: Envoy Gateway and JWT add less than {GOAL_MS:g} ms to the median on an idle machine. "
        f"Here they add {added(found):.2f} ms.",
        "",
        "| one request after the other | p50, ms | p99, ms | adds to p50, ms |",
        "| --- | ---: | ---: | ---: |",
    ]
    for side in found:
        more = "" if side is direct else f"{(side.p50 - direct.p50) * 1000:.2f}"
        lines.append(f"| {side.title} | {side.p50 * 1000:.2f} | {side.p99 * 1000:.2f} | {more} |")
    lines += ["", f"Medians of {ROUNDS} rounds of {REQUESTS} requests each."]
    return "\n".join(lines)


def added(found: list[Side]) -> float:
    """Milliseconds of gateway and JWT."""
    return (found[2].p50 - found[0].p50) * 1000


def throughput(whole: Side, meter: Meter) -> str:
    whole.load(CLIENTS, 2)  # what wakes up, wakes up now
    before, begun = meter.seconds(), time.monotonic()
    requests = whole.load(CLIENTS, SECONDS)
    took, after = time.monotonic() - begun, meter.seconds()
    used = {hop: after[hop] - before[hop] for hop in before}
    lines = [
        "| hop of the whole path | CPU, µs a request | requests/s of a core |",
        "| --- | ---: | ---: |",
    ]
    for hop, seconds in used.items():
        carried = f"{requests / seconds:,.0f}" if seconds else ""
        lines.append(f"| {hop.title} | {seconds / requests * 1e6:.0f} | {carried} |")
    total = sum(used.values())
    lines += [
        f"| all of them | {total / requests * 1e6:.0f} | {requests / total:,.0f} |",
        "",
        f"{CLIENTS} clients for {took:.0f} s, {requests / took:,.0f} requests/s on the same cores as the clients.",
    ]
    return "\n".join(lines)


def installed(lab: Lab, folder: Path) -> None:
    lab.up()
    playbooks = Playbooks(folder, lab.path("kubeconfig"), lab.path("vars"))
    playbooks.finish(playbooks.make("up-inference", "make up-inference", verbose=0, **lab.variables_of_make), 1800).ok()


def main() -> int:
    settings = from_environment()
    lab = Lab(settings.name, "inference")
    print(f"bench_path: lab {lab.name}; 10 minutes when it has to be raised and installed, else 4", flush=True)
    with tempfile.TemporaryDirectory(prefix="bentobox-bench-") as folder:
        installed(lab, Path(folder))
    cluster = lab.cluster()
    with site.Site(cluster) as made:
        found = sides(made)
        machine = f"Measured on {hardware()}."
        text = "\n\n".join([machine, latency(found), throughput(found[-1], Meter(cluster, settings, HOPS))])
    print(f"\n{text}")
    keep(CHECKOUT / "docs" / "performance.md", "bench_path.py", text)
    reached = added(found) < GOAL_MS
    print(f"\ngoal: {'reached' if reached else 'missed'}")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
