# Gateways belong to teams that we know: data.owners is what owners.yaml beside this file says.
package gwplan

deny contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.change.actions != ["no-op"]
	team := change.change.after.tags.team
	not team in data.owners.teams
	msg := sprintf("no team of ours is called %s", [team])
}
