# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast bento_push is, beside `bentoml push` and `curl -T` of the ready tar, on a real Yatai, in one run.

    BENTOBOX_BENCH_MIB=1024 BENTOBOX_BENCH_ROUNDS=3 python tests/benchmarks/bench_push.py

Everything is on this machine: PostgreSQL, Yatai and the S3 store share its cores with the client. Rounds go around the
contestants, so that what disturbs the machine disturbs all of them. Goals: 1.5 times bentoml, 0.9 of curl.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from ansible_collections.bentobox.platform.plugins.module_utils.yatai.tarplan import plan_directory  # noqa: E402
from ansible_collections.bentobox.platform.tests.support.bentos import bentoml_python, make_bento  # noqa: E402
from ansible_collections.bentobox.platform.tests.support.measure import Measured, run_measured  # noqa: E402
from ansible_collections.bentobox.platform.tests.support.objectstore import ObjectStore, start_object_store  # noqa: E402
from ansible_collections.bentobox.platform.tests.support.postgres import start_postgres  # noqa: E402
from ansible_collections.bentobox.platform.tests.support.yatai import Yatai, start_yatai  # noqa: E402

MIB = int(os.environ.get("BENTOBOX_BENCH_MIB", "1024"))
ROUNDS = int(os.environ.get("BENTOBOX_BENCH_ROUNDS", "3"))
MODULE = "ansible_collections.bentobox.platform.plugins.modules.bento_push"


class Failed(Exception):
    """A contestant did not do its work."""


def measured(command: list[str], stdin: str = "", environment: dict[str, str] | None = None) -> Measured:
    """A measurement of something that worked."""
    done = run_measured(command, stdin, environment)
    if done.code:
        raise Failed(f"{command[0]} ended with {done.code}: {done.output[-800:]}")
    return done


class Contest:
    def __init__(self, root: Path, proxy: Yatai, presigned: Yatai) -> None:
        self.home = root / "home"
        self.servers = {"proxy": proxy, "presigned": presigned}
        folder = make_bento(self.home, "bench", "v1")
        with (folder / "src" / "data.bin").open("wb") as file:
            for _ in range(MIB):
                file.write(os.urandom(1 << 20))
        self.tar = root / "bench.tar"
        with self.tar.open("wb") as file:
            for piece in plan_directory(str(folder), 0).chunks():
                file.write(piece)

    def ours(self, strategy: str, verify: str) -> Measured:
        server = self.servers[strategy]
        arguments = {
            "endpoint": server.endpoint,
            "api_token": server.token,
            "tag": "bench:v1",
            "bentoml_home": str(self.home),
            "force": True,
            "strategy": strategy,
            "verify": verify,
        }
        result = measured([sys.executable, "-m", MODULE], json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
        answer = json.loads(result.output)
        if answer.get("failed") or answer["bytes_sent"] < MIB << 20:
            raise Failed(str(answer.get("msg", answer)))
        return result

    def bentoml(self, strategy: str) -> Measured:
        server = self.servers[strategy]
        context = {"name": "default", "endpoint": server.endpoint, "api_token": server.token, "email": "a@example.org"}
        (self.home / ".yatai.yaml").write_text(
            yaml.safe_dump({"contexts": [context], "current_context_name": "default"})
        )
        environment = os.environ | {"BENTOML_HOME": str(self.home), "BENTOML_DO_NOT_TRACK": "True"}
        environment.pop("PYTHONPATH", None)
        return measured([str(bentoml_python()), "-m", "bentoml", "push", "--force", "bench:v1"], "", environment)

    def curl(self, strategy: str) -> Measured:
        server = self.servers[strategy]
        path = "/bento_repositories/bench/bentos/v1"
        headers = [f"X-YATAI-API-TOKEN: {server.token}", "Content-Type: application/octet-stream"]
        url = f"{server.endpoint}/api/v1{path}/upload"
        if strategy == "presigned":
            request = urllib.request.Request(
                f"{server.endpoint}/api/v1{path}/presign_upload_url",
                method="PATCH",
                headers={"X-YATAI-API-TOKEN": server.token},
            )
            with urllib.request.urlopen(request, timeout=30) as answer:
                url, headers = json.load(answer)["presigned_upload_url"], []
        # Headers and URL by standard input: a process list shows what is on a command line.
        config = "\n".join([f'url = "{url}"', *(f'header = "{h}"' for h in headers), 'header = "Expect:"'])
        return measured(["curl", "-sS", "--fail", "-T", str(self.tar), "-K", "-"], config)

    def contestants(self) -> dict[str, Callable[[], Measured]]:
        every: dict[str, Callable[[], Measured]] = {}
        for strategy in ("proxy", "presigned"):
            every |= {
                f"{strategy:9}  bento_push": lambda s=strategy: self.ours(s, "size"),
                f"{strategy:9}  bento_push, verify: digest": lambda s=strategy: self.ours(s, "digest"),
                f"{strategy:9}  bentoml push": lambda s=strategy: self.bentoml(s),
                f"{strategy:9}  curl -T": lambda s=strategy: self.curl(s),
            }
        return every


def free_volumes(store: ObjectStore) -> None:
    """Every overwritten object leaves garbage behind; without this the store fills up and slows down."""
    master = store.ports["master"]
    with urllib.request.urlopen(f"http://127.0.0.1:{master}/vol/vacuum?garbageThreshold=0.001", timeout=600):
        pass


def run(root: Path) -> dict[str, list[Measured]]:
    postgres = start_postgres()
    store = start_object_store()
    servers: list[Yatai] = []
    try:
        servers = [start_yatai(postgres, store, strategy) for strategy in ("proxy", "presigned_url")]
        contest = Contest(root, *servers)
        every = contest.contestants()
        found: dict[str, list[Measured]] = {name: [] for name in every}
        for number in range(ROUNDS):
            for name, go in every.items():
                free_volumes(store)
                done = go()
                found[name].append(done)
                where = f"round {number + 1}/{ROUNDS}  {name:38}"
                print(
                    f"{where} {done.seconds:7.2f} s  {done.cpu_seconds:6.2f} s cpu  {done.peak_mib:6.0f} MiB",
                    flush=True,
                )
        return found
    finally:
        for server in servers:
            server.close()
        store.close()
        postgres.close()


def report(found: dict[str, list[Measured]]) -> None:
    median = {name: statistics.median(one.seconds for one in runs) for name, runs in found.items()}
    print(f"\n{MIB} MiB, medians of {ROUNDS} rounds; cpu is the client's own, which a busy machine does not falsify")
    print(f"{'':38} {'s':>7} {'cpu s':>7} {'MiB/s':>7} {'peak MiB':>9} {'x bentoml':>10} {'of curl':>8}")
    for name, runs in found.items():
        strategy = name[:9]
        bentoml, curl = median[f"{strategy}  bentoml push"], median[f"{strategy}  curl -T"]
        cpu, peak = statistics.median(one.cpu_seconds for one in runs), max(one.peak_mib for one in runs)
        print(
            f"{name:38} {median[name]:7.2f} {cpu:7.2f} {MIB / median[name]:7.0f} {peak:9.0f}"
            f" {bentoml / median[name]:10.2f} {curl / median[name]:8.2f}"
        )


def main() -> None:
    if not shutil.which("curl"):
        raise SystemExit("curl is not on PATH: install it (apt-get install curl)")
    print(
        f"bench_push: {MIB} MiB, {ROUNDS} rounds of 8 pushes; needs about {MIB * 6 // 1024 + 1} GiB of disk for a while"
    )
    root = Path(tempfile.mkdtemp(prefix="bentobox-bench-"))
    try:
        report(run(root))
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
