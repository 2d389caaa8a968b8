"""The sample of the inference platform fits together, and asks only for what the lab has."""

from __future__ import annotations

from pathlib import Path

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from lab import inference
from lab.artifacts import images

SAMPLE = inference.models(Path("/models/iris"), Path("/models/resnet"), bento=False)
MODELS = {model["name"]: model for model in SAMPLE["bentobox_models"]}


def test_each_model_has_its_tenant_and_one_is_reserved() -> None:
    tenants = {tenant["name"] for tenant in SAMPLE["bentobox_tenants"]}
    assert tenants - {model["tenant"] for model in MODELS.values()} == {"tenant-b"}


def test_two_frameworks_for_two_tenants() -> None:
    served = {(model["tenant"], model["service"].get("model_format")) for model in MODELS.values()}
    assert {("tenant-a", "sklearn"), ("tenant-c", "pytorch")} <= served
    formats = {one["name"] for one in inference.torchvision()["spec"]["supportedModelFormats"]}
    assert MODELS["pytorch-resnet"]["service"]["model_format"] in formats


def test_every_image_is_one_of_the_lab() -> None:
    containers = inference.torchvision()["spec"]["containers"]
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
