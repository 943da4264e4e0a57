# Written for conftest over a Terraform plan, in the spelling of before Rego 1.0: it runs as it is.
package main

deny[msg] {
	change := input.resource_changes[_]
	change.change.actions[_] == "delete"
	change.change.before.tags.env == "prod"
	msg := sprintf("%s is live and would be destroyed", [change.address])
}
