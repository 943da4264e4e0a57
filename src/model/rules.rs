//! The list of diagnostics: what each means, and the way out.

use std::fmt::Write;

use super::diagnostic::Rule;

/// Explains the diagnostics of one rule.
#[derive(Clone, Copy, Debug)]
pub struct RuleEntry {
    /// The stable id of the rule.
    pub id: Rule,
    /// What brings it about.
    pub cause: &'static str,
    /// What to do about it.
    pub way_out: &'static str,
}

const fn entry(id: Rule, cause: &'static str, way_out: &'static str) -> RuleEntry {
    RuleEntry { id, cause, way_out }
}

/// Tells whether a rule has an entry.
pub fn is_known(id: &str) -> bool {
    RULES.binary_search_by(|entry| entry.id.cmp(id)).is_ok()
}

/// Renders the list as a page of the documentation.
pub fn page() -> String {
    let mut out = "# Diagnostics\n\n\
        <!-- Made from src/model/rules.rs by `UPDATE_REFERENCE=1 cargo test --test reference`; edit that, not this page. -->\n\n\
        Each diagnostic has a stable id: text output shows it in brackets, JSON as `rule`, SARIF as `ruleId`. \
        Guards of a project's policy are told under their own ids.\n\n\
        | id | cause | way out |\n|---|---|---|\n"
        .to_owned();
    for RuleEntry { id, cause, way_out } in RULES {
        let _ = writeln!(out, "| `{id}` | {cause} | {way_out} |");
    }
    out
}

/// Every rule, sorted by its id.
pub const RULES: &[RuleEntry] = &[
    entry(
        "alias-bomb",
        "YAML aliases repeat so much, or repeat themselves, that the file would not fit into memory.",
        "Use fewer aliases, or split the file.",
    ),
    entry(
        "allowed-regions",
        "A plan would create a gateway in a region that the project's policy does not allow.",
        "Change the region, or the guard `policy.allowedRegions`.",
    ),
    entry(
        "allowed-specifications",
        "A plan would give a gateway a node size that the project's policy does not allow.",
        "Change `nodeConfig.specification`, or the guard `policy.allowedSpecifications`.",
    ),
    entry(
        "allowed-versions",
        "A plan would give a gateway a version that the project's policy does not allow.",
        "Change `gatewayVersion`, or the guard `policy.allowedVersions`.",
    ),
    entry(
        "apply-failed",
        "A step of `apply` or `destroy` failed.",
        "Read the detail, fix what it names, and apply again.",
    ),
    entry(
        "bad-address",
        "A text that should be the address of a resource is not one.",
        "Write KIND.NAME, for example `gateway.edge`.",
    ),
    entry(
        "bad-expression",
        "A value holds `${…}` that is not a variable.",
        "Write `${var.NAME}`, or `$${` for the characters themselves.",
    ),
    entry(
        "bad-move",
        "A `moved` entry is impossible: it contradicts another one, forms a cycle, or leads to an address that is taken.",
        "Correct or remove the entry; the help of the message names which.",
    ),
    entry(
        "bad-pattern",
        "A pattern of paths under `files` is not valid.",
        "Write it like `gateways/**/*.yaml`.",
    ),
    entry(
        "bad-removed",
        "A `removed` entry names a resource that the files still describe.",
        "Remove either the entry or the block.",
    ),
    entry(
        "bad-tag",
        "A tag key or value breaks the tag service's rules, or there are too many tags.",
        "Use the characters and lengths that the message names.",
    ),
    entry(
        "bad-variable",
        "The name of a variable is not valid.",
        "Use letters, digits, `-` and `_`, and begin with a letter or `_`.",
    ),
    entry(
        "cloud-status",
        "The cloud reports a status in which a gateway can't be changed, or someone else is deleting it.",
        "Look at it in the console; plan again when it is done, or replace it with `--replace`.",
    ),
    entry(
        "cloud-trouble",
        "The cloud can't be reached at present, or refuses too many requests; gwplan tries again.",
        "Wait; if it stays so, check the network, the endpoint and the account's limits.",
    ),
    entry(
        "contradiction",
        "Two fields of a resource contradict each other.",
        "Change one of them as the help says.",
    ),
    entry(
        "control-character",
        "A text holds a character that can't be seen.",
        "Remove it, or put the text on one line.",
    ),
    entry(
        "created-first",
        "A gateway is created anew before the old one is deleted, because of how its dependents are replaced.",
        "Nothing, or set `lifecycle.createBeforeDestroy: true` to say so in the files.",
    ),
    entry(
        "dependency-cycle",
        "Resources depend on each other in a cycle.",
        "Remove one of the references.",
    ),
    entry(
        "duplicate-address",
        "Two blocks describe the same address.",
        "Rename or remove one of them.",
    ),
    entry(
        "duplicate-key",
        "A key stands twice in one YAML map.",
        "Remove one of the two.",
    ),
    entry(
        "duplicate-name",
        "Two gateways have the same name in the cloud.",
        "Rename one, if people should tell them apart.",
    ),
    entry(
        "empty-file",
        "A YAML file is empty.",
        "Write `gateways: {}` to say that there are none, or remove the file.",
    ),
    entry(
        "error",
        "A command failed for a reason that has no rule of its own.",
        "The message and its help say what to do.",
    ),
    entry(
        "file-too-large",
        "A YAML file is larger than gwplan reads.",
        "Split it.",
    ),
    entry(
        "idle-move",
        "A `moved` entry has nothing to move, or its move is done.",
        "Remove it as soon as no other state needs it.",
    ),
    entry(
        "idle-policy",
        "A policy or a guard never applies: nothing matches it, or nothing reads it.",
        "Correct its name, its package or its pattern, or remove it.",
    ),
    entry(
        "idle-removed",
        "A `removed` entry names a resource that the state does not hold.",
        "Remove it as soon as no other state needs it.",
    ),
    entry(
        "interrupted",
        "A signal came: no new step starts, and gwplan waits for the calls under way.",
        "Run the same command again to continue.",
    ),
    entry(
        "keep-protection",
        "A plan would lift a protection that the project's policy keeps.",
        "Keep the protection, or change the guard `policy.keepProtection`.",
    ),
    entry(
        "left-as-it-is",
        "The files no longer set a value that no call resets: the cloud keeps it.",
        "Set the value that you want, or leave it.",
    ),
    entry(
        "left-out",
        "An import leaves out a value that the YAML can't express.",
        "Nothing: gwplan leaves that value as it is.",
    ),
    entry(
        "likely-move",
        "A gateway would be destroyed, and one like it created under another address.",
        "If only its key was renamed, add the `moved` entry that the help shows.",
    ),
    entry(
        "lost-owner",
        "A recorded gateway has lost its tag `gwplan:owner`.",
        "`gwplan state retag ADDR` sets it again.",
    ),
    entry(
        "lost-state",
        "A create would duplicate a gateway that another state made for the same address: the project's state may be lost.",
        "Restore the state, import the gateway with `--from-other-state`, or name the other state under `state.others`.",
    ),
    entry(
        "max-bandwidth",
        "A plan would give a gateway more public bandwidth than the project's policy allows.",
        "Lower it, or change the guard `policy.maxBandwidth`.",
    ),
    entry(
        "max-destroys",
        "A plan destroys more gateways than the project's policy allows.",
        "Split the change, or change the guard `policy.maxDestroys`.",
    ),
    entry(
        "missing-key",
        "A required key is missing.",
        "Add it; the help says what it takes.",
    ),
    entry(
        "missing-value",
        "A key has no value.",
        "Write the value, or remove the key.",
    ),
    entry(
        "more",
        "There are more diagnostics than are shown.",
        "Fix those that are shown, then run the command again.",
    ),
    entry(
        "namesake",
        "A gateway would be created although the cloud has one of the same name that no record holds.",
        "If that is the one you mean, import it.",
    ),
    entry(
        "no-comment",
        "`gwplan review` could not write its comment.",
        "See the detail; the plan is in the log and in the job's summary.",
    ),
    entry(
        "not-approved",
        "The plan is not the one that was approved.",
        "Review the new plan, and approve its digest.",
    ),
    entry(
        "not-imported",
        "An import leaves a resource out.",
        "The message says why, and what would let it in.",
    ),
    entry(
        "not-marked",
        "An imported gateway did not get its tag `gwplan:owner`.",
        "`gwplan state retag ADDR` tries again; the state knows the gateway without it.",
    ),
    entry("not-utf8", "A file is not UTF-8.", "Save it as UTF-8."),
    entry(
        "other-owner",
        "A recorded gateway carries the owner tag of another state.",
        "Let one of the two states forget it, or `gwplan state retag ADDR`.",
    ),
    entry(
        "out-of-range",
        "A number, or a count of tags, is outside the range that the API takes.",
        "Use a value within the range.",
    ),
    entry(
        "outside-project",
        "A file lies outside the repository of the project.",
        "Move it into the repository, or allow it with `--allow-path`.",
    ),
    entry(
        "policy",
        "A policy can't be read or run, so the plan can't be judged by it.",
        "Correct the policy at the line that the message names.",
    ),
    entry(
        "policy-overridden",
        "`--override-policy` lets a plan through that policies deny.",
        "Nothing: the state records who did it and why.",
    ),
    entry(
        "protected",
        "The plan would destroy or replace a protected gateway.",
        "Undo the change, or lift the protection first as the help says.",
    ),
    entry(
        "recovery",
        "A run was interrupted, and gwplan finds out what its requests did.",
        "Apply again, or run `gwplan recover`.",
    ),
    entry(
        "replace-left-out",
        "`--replace` names a resource that `--target` or `--exclude` leaves out.",
        "Add it with `--target`, or change the selection.",
    ),
    entry(
        "required-tags",
        "A gateway lacks a tag that the project's policy requires.",
        "Add the tag, or change the guard `policy.requiredTags`.",
    ),
    entry(
        "reserved-tag",
        "A tag key begins with a prefix that some services reserve.",
        "Choose another key.",
    ),
    entry(
        "several-documents",
        "A file holds several YAML documents.",
        "Keep one document in a file.",
    ),
    entry(
        "shared-state",
        "Two environments have the same state file.",
        "Give each environment a `state.path` of its own, or none.",
    ),
    entry(
        "stale-plan",
        "A saved plan differs from what would be planned now.",
        "Plan again, review the new plan, and apply that.",
    ),
    entry(
        "stray",
        "The cloud holds a gateway that this state made and that no record holds.",
        "`gwplan orphans` shows how to import, delete or release it.",
    ),
    entry(
        "too-deep",
        "YAML is nested deeper than any gateway needs.",
        "Look for a missing line break or bracket.",
    ),
    entry(
        "undecided",
        "An interrupted run sent a create, and several gateways could be its result.",
        "`gwplan recover --choose ADDR=GATEWAY_ID` says which one it is.",
    ),
    entry(
        "under-way",
        "Another run is under way: what it has not finished is shown as it stands now.",
        "Wait for it, then plan again.",
    ),
    entry(
        "unfinished-replacement",
        "A gateway can't be given up in the middle of a replacement.",
        "Remove the `removed` entry, apply, and then give the gateway up.",
    ),
    entry(
        "unknown-key",
        "A key is not known.",
        "Use the key that the help suggests; docs/reference.md lists all of them.",
    ),
    entry(
        "unknown-reference",
        "A reference names a resource, field or block that does not exist.",
        "Use the name that the help suggests, or add what is missing.",
    ),
    entry(
        "unknown-value",
        "A value is not in the known set.",
        "Use a known value, or allow a new one under `allow` in gwplan.yaml.",
    ),
    entry(
        "unknown-variable",
        "`${var.NAME}` names a variable that is not set.",
        "Set it under `vars`, or pass `--var NAME=VALUE`.",
    ),
    entry(
        "unread-file",
        "The plan would destroy a gateway whose file exists and was not read.",
        "Name the file on the command line, or add it to `files` in gwplan.yaml.",
    ),
    entry(
        "unreadable-file",
        "A file can't be read.",
        "Check that it exists, that you may read it, and that it is UTF-8.",
    ),
    entry(
        "unsupported",
        "The API can't do what a field asks for.",
        "Use the value that the help names.",
    ),
    entry(
        "unused-variable",
        "A variable of the command line is not used.",
        "Correct its name, or leave it out.",
    ),
    entry(
        "unusual-value",
        "A value is allowed, but outside the range that the API's page names.",
        "Check it: the cloud may refuse it.",
    ),
    entry(
        "wrong-form",
        "A text has not the form of what it should be, such as an id or a duration.",
        "Write it in the form that the help shows.",
    ),
    entry(
        "wrong-owner",
        "A recorded gateway carries an owner tag that names another address.",
        "Restore a good state, or `gwplan state retag ADDR`.",
    ),
    entry(
        "wrong-type",
        "A value has the wrong type.",
        "Write the type that the message asks for.",
    ),
    entry(
        "yaml-syntax",
        "A file is not valid YAML.",
        "Check the indentation, colons, quotes and brackets at the place and above it.",
    ),
];
