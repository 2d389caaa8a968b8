"""The samples fit together, and ask only for what the lab has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.bentobox.platform.plugins.modules import bento_deployment

from lab import inference, sample_models
from lab.artifacts import images
from lab.artifacts.sample import TAG_PREFIX

ROLES = Path(sample_models.__file__).parents[1] / "roles"


def sample(*, bento: bool) -> dict[str, Any]:
    return sample_models.models(Path("/iris"), Path("/resnet"), bento=bento)


SAMPLE = sample(bento=False)
MODELS = {model["name"]: model for model in SAMPLE["bentobox_models"]}


def test_each_model_has_its_tenant_and_one_is_reserved() -> None:
    tenants = {tenant["name"] for tenant in SAMPLE["bentobox_tenants"]}
    assert tenants - {model["tenant"] for model in MODELS.values()} == {"tenant-b"}


def test_two_frameworks_for_two_tenants() -> None:
    served = {(model["tenant"], model["service"].get("model_format")) for model in MODELS.values()}
    assert {("tenant-a", "sklearn"), ("tenant-c", "pytorch")} <= served
    formats = {one["name"] for one in sample_models.torchvision()["spec"]["supportedModelFormats"]}
    assert MODELS["pytorch-resnet"]["service"]["model_format"] in formats


def test_every_image_is_one_of_the_lab() -> None:
    containers = sample_models.torchvision()["spec"]["containers"]
    containers += MODELS["language"]["service"]["spec"]["predictor"]["containers"]
    assert {container["image"] for container in containers} <= set(images.names("inference"))


def test_what_kserve_fills_in_passes_through_ansible(tmp_path: Path) -> None:
    """From the file of extra variables, as Ansible reads it."""
    file = tmp_path / "vars.yml"
    file.write_text(yaml.safe_dump({**inference.variables(), "seen": "{{ kserve_extra_runtimes }}"}))
    loader = DataLoader()
    variables = loader.load_from_file(str(file), trusted_as_template=True)
    runtimes = Templar(loader=loader, variables=variables).template(variables["seen"])
    assert "--model_name={{.Name}}" in runtimes[0]["spec"]["containers"][0]["args"]


def names(*, bento: bool) -> list[str]:
    return [model["name"] for model in sample(bento=bento)["bentobox_models"]]


def test_the_bento_is_served_where_both_platforms_are() -> None:
    assert names(bento=False) == ["sklearn-iris", "language", "pytorch-resnet"]
    assert names(bento=True) == ["sklearn-iris", "language", "pytorch-resnet", "iris-classifier"]


def test_the_bento_is_the_one_that_is_published() -> None:
    """As playbook publish_bento.yml names it, where the operator looks by default."""
    assert sample_models.BENTO["service"] == TAG_PREFIX.replace("_", "-")
    defaults = yaml.safe_load((ROLES / "yatai_deployment/defaults/main.yml").read_text())
    assert sample_models.BENTO["namespace"] in defaults["yatai_deployment_bento_namespaces"]


def test_every_model_belongs_to_a_tenant_and_says_what_serves_it() -> None:
    told = sample(bento=True)
    tenants = {tenant["name"] for tenant in told["bentobox_tenants"]}
    for model in told["bentobox_models"]:
        assert model["tenant"] in tenants
        assert ("service" in model) != ("backends" in model)


def test_what_the_bento_reserves_beside_the_other_platform() -> None:
    """As the module takes it, for the runner that the bento has."""
    told = sample_models.SMALL_BENTO
    given = {"name": "n", "resources": told["deployment_resources"], "runners": told["deployment_runners"]}
    validated = ArgumentSpecValidator(bento_deployment.argument_spec()).validate(given)
    assert not validated.error_messages, validated.error_messages
    [runner] = given["runners"]
    assert runner["name"] == TAG_PREFIX
