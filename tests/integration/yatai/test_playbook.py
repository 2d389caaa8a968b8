# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""bento_push and model_push as users run them: in the controller's process, where progress is shown, and as modules."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ansible_collections.bentobox.platform.tests.support.bentos import make_bento, make_model
from ansible_collections.bentobox.platform.tests.support.modules import run_playbook
from ansible_collections.bentobox.platform.tests.support.yatai import Yatai

from .test_push import unique

Result = dict[str, Any]
# async takes the module's way.
AS_MODULE: dict[str, Any] = {"async": 120, "poll": 1}
OF_THE_WAY = {"ansible_job_id", "finished", "started", "results_file", "stdout", "stdout_lines", "stderr"}
OF_THE_WAY |= {"stderr_lines", "seconds"}


def play(server: Yatai, folder: Path, tasks: list[tuple[str, Result]], **more: Any) -> tuple[list[Result], str]:
    """What the tasks returned, and what was to be seen."""
    kept = folder / "results.json"
    shared = {"endpoint": server.endpoint, "api_token": "{{ token }}", "retry_timeout": 5}
    names = [f"r{number}" for number in range(len(tasks))]
    steps: list[Result] = [
        {
            f"bentobox.platform.{module}": shared | arguments,
            "environment": {"BENTOML_HOME": str(folder / "home")},
            "register": name,
            "ignore_errors": True,
            **more,
        }
        for name, (module, arguments) in zip(names, tasks, strict=True)
    ]
    content = "{{ [" + ", ".join(names) + "] | to_json }}"
    steps.append({"ansible.builtin.copy": {"content": content, "dest": str(kept), "mode": "0600"}, "no_log": True})
    done = run_playbook(folder / "play", steps, variables={"token": server.token})
    seen = done.stdout + done.stderr
    assert done.returncode == 0, seen
    assert server.token not in seen + kept.read_text()
    results: list[Result] = json.loads(kept.read_text())
    return results, seen


def comparable(result: Result) -> Result:
    kept = {key: value for key, value in result.items() if key not in OF_THE_WAY}
    for model in kept.get("models", []):
        model.pop("seconds")
    return kept


def test_both_ways_of_running_give_the_same_result(yatai_server: Yatai, tmp_path: Path) -> None:
    name = unique("way")  # of equal length and equal content for both: only the name differs
    tasks, both = [], []
    for way in ("a", "b"):
        make_model(tmp_path / "home", f"{name}-{way}m", "m1", size=3000)
        make_bento(tmp_path / "home", f"{name}-{way}", "v1", (f"{name}-{way}m:m1",))
        tasks.append(
            [
                ("model_push", {"tag": f"{name}-{way}m", "labels": {"n": 1}}),
                ("bento_push", {"tag": f"{name}-{way}"}),
                ("bento_push", {"tag": f"{name}-{way}", "labels": {"good": True}}),
                # a relative path means what it means to a module: beside the play
                ("bento_push", {"path": f"../home/bentos/{name}-{way}/v1"}),
                ("bento_push", {"tag": f"{name}-{way}:v9"}),
                ("model_push", {"tag": f"{name}-{way}m", "api_token": "wrong", "force": True}),
            ]
        )
    for way, steps, more in (("a", tasks[0], {}), ("b", tasks[1], AS_MODULE)):
        results, _seen = play(yatai_server, tmp_path, steps, **more)
        assert [bool(result.get("failed")) for result in results] == [False] * 4 + [True] * 2, results
        assert [bool(result.get("changed")) for result in results] == [True, True, True, False, False, False]
        assert not any("invocation" in result for result in results)
        plain = json.dumps([comparable(result) for result in results]).replace(f"{name}-{way}", name)
        both.append(re.sub(r"(sha256(: |:|\": \"))[0-9a-f]{64}", r"\1...", plain))
    assert json.loads(both[0]) == json.loads(both[1])


def test_progress_is_shown_while_a_push_runs(yatai_server: Yatai, tmp_path: Path) -> None:
    """At most a line each second, so that a push as quick as that need not have one."""
    name = unique("long")
    make_model(tmp_path / "home", name, "m1", size=400 << 20)
    [result], seen = play(yatai_server, tmp_path, [("model_push", {"tag": name})])
    assert not result.get("failed"), result["msg"]
    lines = re.findall(rf"^  model {name}:m1: (\d+) % of 400 MiB sent, \d+ MiB/s$", seen, re.MULTILINE)
    assert lines == sorted(lines, key=int)
    assert lines or result["seconds"] < 2, seen
    checked, seen = play(yatai_server, tmp_path, [("model_push", {"tag": name})], check_mode=True)
    assert not checked[0]["changed"]
    assert "MiB sent" not in seen
