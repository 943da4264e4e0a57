# A live gateway should outlive the loss of a node: advice, which denies nothing.
package gwplan

warn_nodes contains {"msg": "one node is no spare", "address": change.address} if {
	some change in input.resource_changes
	some action in change.change.actions
	action in {"create", "update"}
	change.change.after.tags.env == "prod"
	change.change.after.nodeConfig.number < 2
}
