//! Examples of commands, for `--help` and the manual.

/// Shows what a command is used for.
pub(super) struct Example {
    /// What is wanted, as a person would say it.
    pub(super) what: &'static str,
    /// The command line.
    pub(super) line: &'static str,
}

const fn example(what: &'static str, line: &'static str) -> Example {
    Example { what, line }
}

const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "plan",
        &[
            example(
                "See what would change in one environment:",
                "gwplan --env prod plan",
            ),
            example(
                "Keep the plan of one gateway in a file, and apply exactly that:",
                "gwplan plan --target gateway.edge --out edge.plan && gwplan apply edge.plan",
            ),
        ],
    ),
    (
        "review",
        &[
            example(
                "Keep a comment on the pull request, in a pipeline of GitHub or GitLab:",
                "gwplan --env prod review --artifacts gwplan-artifacts",
            ),
            example(
                "See the comment without sending it:",
                "gwplan review --dry-run --offline",
            ),
        ],
    ),
    (
        "apply",
        &[
            example(
                "Show the plan, ask, and make the cloud what the files say:",
                "gwplan apply",
            ),
            example(
                "In a pipeline, apply the approved plan and no other:",
                "gwplan apply --expect-digest \"$DIGEST\"",
            ),
        ],
    ),
    (
        "destroy",
        &[
            example(
                "Delete one gateway and all that depends on it:",
                "gwplan destroy --target gateway.edge",
            ),
            example(
                "See first what would go:",
                "gwplan plan --destroy --target gateway.edge",
            ),
        ],
    ),
    (
        "import",
        &[
            example(
                "Take over one gateway, and write its YAML to a file:",
                "gwplan import gateway.edge gateway-dde03755 --out edge.yaml",
            ),
            example(
                "Take over what a Terraform state holds:",
                "gwplan import --from-terraform terraform.tfstate --out gateways.yaml",
            ),
        ],
    ),
    (
        "output",
        &[
            example(
                "Give the first public address of a gateway to a script:",
                "gwplan output gateway.edge publicIpAddresses.0 --format raw",
            ),
            example(
                "Set a variable for each value, in a shell:",
                "gwplan output gateway.edge --format env",
            ),
        ],
    ),
    (
        "graph",
        &[
            example(
                "Draw what depends on what, with Graphviz:",
                "gwplan graph >graph.dot",
            ),
            example(
                "Draw it in markdown that GitHub or GitLab shows:",
                "gwplan graph --format mermaid",
            ),
        ],
    ),
    (
        "completions",
        &[
            example(
                "Complete in bash, from the next session on:",
                "gwplan completions bash >~/.local/share/bash-completion/completions/gwplan",
            ),
            example(
                "Complete in fish:",
                "gwplan completions fish >~/.config/fish/completions/gwplan.fish",
            ),
        ],
    ),
];

/// Finds the examples of a command, which is named as it is called: `state mv`.
pub(super) fn examples_of(path: &str) -> &'static [Example] {
    let found = EXAMPLES.iter().find(|(command, _)| *command == path);
    found.map_or(&[], |(_, examples)| examples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command::command;

    #[test]
    fn every_example_can_be_typed() {
        for (path, examples) in EXAMPLES {
            assert_eq!(examples.len(), 2, "{path}");
            let calls = |example: &Example| example.line.contains(&format!("{path} "));
            assert!(
                examples
                    .iter()
                    .any(|one| calls(one) || one.line.ends_with(path))
            );
            let lines = examples.iter().flat_map(|one| one.line.split(" && "));
            for line in lines {
                let words = shlex::split(line).unwrap();
                // What a shell takes for itself is no argument.
                let words = words.iter().take_while(|word| !word.starts_with('>'));
                let words = words.map(|word| word.replace("$DIGEST", &"0".repeat(64)));
                let parsed = command().try_get_matches_from(words);
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            }
        }
    }
}
