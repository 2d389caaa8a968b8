"""`python -m lab VERB`: build, up, down, status, kubeconfig, sample, env. Choices come from the environment:
LAB (name), CLUSTER (lab, kind, existing), K8S (version), STACK (yatai, inference, all),
KEEP_DATA=1 (down keeps the data)."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from lab import sample_models, stacks
from lab.artifacts import BuildError, iris, resnet, sample_bento
from lab.console import Console
from lab.errors import LabError, Refused, tail
from lab.providers import Provider, provider
from lab.settings import from_environment

VERBS = {
    "build": "make programs, images and package index, once per machine",
    "up": "raise the cluster, or heal it",
    "down": "take it away (KEEP_DATA=1 keeps its data)",
    "status": "what runs; ends with 3 when the cluster does not answer",
    "kubeconfig": "print the path of the kubeconfig",
    "sample": "build the sample bento into the state folder; print the variables that publish_bento.yml takes (JSON)",
    "models": "make the sample models; print the variables that inference.yml takes (JSON)",
    "curl": "print the lines that ask the inference platform",
    "memory": "print how much memory the cluster uses",
    "env": "print shell variables, or the value of one of: state, cache, vars, kubeconfig, token, node_ip",
}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="lab", description=__doc__)
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, text in VERBS.items():
        verb = verbs.add_parser(name, help=text, description=text)
        if name == "env":
            verb.add_argument("key", nargs="?")
        if name == "up":
            verb.add_argument("--bare", action="store_true", help="control plane and node only: no DNS, no storage")
    return top


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    console = Console()
    settings = from_environment()
    try:
        if wrong := settings.problems():
            raise Refused(f"lab {options.verb}", wrong)
        return act(options, provider(settings, console), console)
    except LabError as error:
        print(f"lab {options.verb}: {error}", file=sys.stderr)
        if last := tail(error.log):
            print(f"--- the end of {error.log}\n{last}", file=sys.stderr)
        return 2 if isinstance(error, Refused) else 1
    except BuildError as error:
        print(f"lab {options.verb}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"lab {options.verb}: interrupted; the same verb again finishes the job", file=sys.stderr)
        return 130


def act(options: argparse.Namespace, chosen: Provider, console: Console) -> int:
    what = f"{chosen.settings.cluster} cluster {chosen.settings.name}"
    # Not by what the lab was raised for: who asks for both platforms at once publishes the bento first.
    together = stacks.chosen(None) == stacks.ALL
    if options.verb == "env":
        return show_environment(chosen, options.key)
    if options.verb == "kubeconfig":
        print(chosen.kubeconfig())
    elif options.verb == "sample":
        print(json.dumps(sample(chosen.settings.state / "bentoml", together=together)))
    elif options.verb == "models":
        print(json.dumps(sample_models.models(iris(), resnet(), bento=together)))
    elif options.verb == "curl":
        print("\n".join(chosen.curl()))
    elif options.verb == "memory":
        print(chosen.memory())
    elif options.verb == "status":
        ready, lines = chosen.status()
        print("\n".join(lines))
        return 0 if ready else 3
    elif options.verb == "down":
        kept = "its data is kept" if chosen.settings.keep_data else "its data is removed"
        console.say(f"down: {what}; less than a minute, {kept}")
        chosen.down()
        console.say(f"down: {what} is gone")
    else:
        console.say(f"{options.verb}: {what}; {chosen.needs()}")
        if wrong := chosen.problems():
            raise Refused(f"lab {options.verb}: nothing was changed", wrong)
        if options.verb == "build":
            chosen.build()
        else:
            raise_cluster(chosen, console, what, bare=options.bare)
    return 0


def raise_cluster(chosen: Provider, console: Console, what: str, *, bare: bool) -> None:
    chosen.up(bare=bare)
    console.say(f"up: {what} is ready; where the time went:")
    for text, took in sorted(console.spent, key=lambda one: -one[1])[:5]:
        console.say(f"  {took:6.1f} s  {text}")
    print(f"export KUBECONFIG={shlex.quote(str(chosen.kubeconfig()))}")


def sample(store: Path, *, together: bool) -> dict[str, Any]:
    """The daily job's variables for the sample bento. What is said meanwhile goes to stderr: stdout is the result.

    together: with the other platform, whose pods leave less of the node's two cores to be reserved.
    """
    tag = sample_bento(store, lambda text: print(f"   {text}", file=sys.stderr))
    return {
        **(sample_models.SMALL_BENTO if together else {}),
        "bento_tag": tag,
        "bento_store": str(store),
        "probe_path": "/predict",
        "probe_body": "[[5.1, 3.5, 1.4, 0.2]]",
        "probe_contains": "setosa",
    }


def show_environment(chosen: Provider, key: str | None) -> int:
    values = chosen.environment()
    if key is None:
        print(f"export KUBECONFIG={shlex.quote(values['kubeconfig'])}")
        for name, value in values.items():
            print(f"export BENTOBOX_LAB_{name.upper()}={shlex.quote(value)}")
        return 0
    if key not in values:
        raise LabError(f"there is no {key!r} (known: {', '.join(values)}); is the lab up?")
    print(values[key])
    return 0
