"""A check in Python beside the one in YAML: checkov reads the two on different ways."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class Team(BaseResourceCheck):
    def __init__(self):
        super().__init__(
            name="A gateway says whose it is",
            id="CKV_GWPLAN_1",
            categories=[CheckCategories.CONVENTION],
            supported_resources=["tse_gateway"],
        )

    def scan_resource_conf(self, conf):
        tags = conf.get("tags", [{}])[0]
        return CheckResult.PASSED if "team" in tags else CheckResult.FAILED


check = Team()
