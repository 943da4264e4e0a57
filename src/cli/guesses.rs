//! What people type first: the spellings of other tools, and words that another command answers.
//!
//! Only a command line that was refused comes here, so nothing that is understood changes its meaning.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command};

use crate::model::Fault;

/// Words that are no commands, and what does what is meant by them.
///
/// No entry names a command that deletes or breaks something, unless the word asks for just that.
const COMMANDS: &[(&[&str], &str)] = &[
    (
        &["refresh"],
        "each plan asks the cloud; `gwplan drift` shows what was changed outside gwplan",
    ),
    (
        &["taint", "untaint"],
        "`gwplan plan --replace ADDR` and `gwplan apply --replace ADDR` replace a resource",
    ),
    (
        &["workspace", "env", "environment"],
        "environments stand in gwplan.yaml, and `--env NAME` chooses one",
    ),
    (
        &["console"],
        "`gwplan state show ADDR` shows one resource, `gwplan plan --format json` all of a plan",
    ),
    (
        &["login", "logout", "configure"],
        "gwplan takes credentials from TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or from a profile",
    ),
    (
        &["test", "check", "lint"],
        "`gwplan validate` checks the files, `gwplan plan` also asks the cloud",
    ),
    (
        &["status", "info"],
        "`gwplan drift` compares with the cloud, `gwplan state list` lists what is managed",
    ),
    (&["list", "ls"], "`gwplan state list` lists what is managed"),
    (
        &["get", "describe"],
        "`gwplan state show ADDR` shows one resource",
    ),
    (
        &["fmt", "format"],
        "gwplan rewrites no file of yours: any formatter of YAML will do that keeps comments, such as `prettier --write .`",
    ),
    (
        &["outputs"],
        "`gwplan output ADDR` prints what is recorded of one resource, `gwplan state list` lists all",
    ),
    (
        &["diff", "preview"],
        "`gwplan plan` shows what apply would do",
    ),
    (
        &["run", "up", "deploy", "create", "update"],
        "`gwplan plan` shows what would be done, and `gwplan apply` does it",
    ),
    (
        &["delete", "remove", "rm", "down"],
        "take the resource out of the files and run `gwplan plan`; `gwplan --help` lists all commands",
    ),
    (
        &["unlock"],
        "`gwplan lock status` says who holds the lock; a run that has ended holds none",
    ),
];

/// Options that are none, and what does what is meant by them.
const OPTIONS: &[(&[&str], &str)] = &[
    (
        &["--refresh-only"],
        "`gwplan drift` shows what was changed outside gwplan, and changes nothing",
    ),
    (
        &["--refresh"],
        "`gwplan plan --offline` asks the cloud nothing; apply always looks first",
    ),
    (
        &["--dry-run", "-n"],
        "`gwplan plan` shows what apply would do",
    ),
    (
        &["-f", "--file", "--filename"],
        "name files without an option: `gwplan plan gateways.yaml`",
    ),
    (
        &["--json"],
        "`--help` of the command says which forms of output it has",
    ),
    (
        &["--yes", "-y"],
        "this command has no approval to skip: `--help` lists its options",
    ),
];

/// Commands that delete or break something; nobody is led to them by a word that looks alike.
const DANGEROUS: &[&str] = &["destroy", "force-unlock", "rm", "accept"];

/// Rewrites a refused command line whose meaning is plain; nothing where there is nothing to rewrite.
pub(super) fn respelled(arguments: &[OsString], root: &Command) -> Option<Vec<OsString>> {
    let mut reading = Reading {
        root,
        current: root,
        asks_help: false,
    };
    let mut written = Vec::new();
    let mut rest = arguments.iter();
    written.extend(rest.next().cloned());
    while let Some(argument) = rest.next() {
        let Some(text) = argument.to_str() else {
            written.push(argument.clone());
            continue;
        };
        if text == "--" {
            written.push(argument.clone());
            break;
        }
        let words = reading.words(text);
        // A value that stands apart must not be taken for a command.
        let has_value = words.last().is_some_and(|word| reading.wants_value(word));
        written.extend(words.into_iter().map(OsString::from));
        if has_value {
            written.extend(rest.next().cloned());
        }
    }
    written.extend(rest.cloned());
    if reading.asks_help {
        written.push("--help".into());
    }
    (written != arguments).then_some(written)
}

/// Knows which command the arguments read so far have come to.
struct Reading<'a> {
    root: &'a Command,
    current: &'a Command,
    asks_help: bool,
}

impl Reading<'_> {
    /// Returns the words to write for one of the command line.
    fn words(&mut self, text: &str) -> Vec<String> {
        if !text.starts_with('-') {
            return self.command(text);
        }
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let name = name.trim_start_matches('-');
        if text == "-y" || name == "yes" {
            return vec![self.if_known("auto-approve", "--auto-approve", text)];
        }
        match (name, value) {
            ("no-color", None) => vec!["--color=never".to_owned()],
            ("json", None) => {
                let format = self.option("format");
                let values = format.map(Arg::get_possible_values).unwrap_or_default();
                let has_json = values.iter().any(|value| value.matches("json", false));
                vec![if has_json { "--format=json" } else { text }.to_owned()]
            }
            ("chdir", Some(folder)) => vec!["-C".to_owned(), folder.to_owned()],
            _ if text.starts_with("--") || name.len() < 2 => vec![text.to_owned()],
            _ => vec![self.if_known(name, &format!("-{text}"), text)],
        }
    }

    fn command(&mut self, text: &str) -> Vec<String> {
        let is_first = std::ptr::eq(self.current, self.root);
        if let Some(command) = self.current.find_subcommand(text) {
            self.current = command;
        } else if is_first && text == "help" && !self.asks_help {
            self.asks_help = true;
            return Vec::new();
        } else if is_first && text == "version" {
            return vec!["--version".to_owned()];
        }
        vec![text.to_owned()]
    }

    fn if_known(&self, option: &str, then: &str, otherwise: &str) -> String {
        let known = self.option(option).is_some() || matches!(option, "help" | "version");
        if known { then } else { otherwise }.to_owned()
    }

    /// Finds a long option of the command, or one that all have.
    fn option(&self, long: &str) -> Option<&Arg> {
        let arguments = self
            .current
            .get_arguments()
            .chain(self.root.get_arguments());
        arguments
            .into_iter()
            .find(|argument| argument.get_long() == Some(long))
    }

    fn wants_value(&self, word: &str) -> bool {
        let option = match word.strip_prefix("--") {
            Some(long) => self.option(long),
            None if word == "-C" => self.option("directory").or_else(|| {
                let mut all = self.root.get_arguments();
                all.find(|argument| argument.get_short() == Some('C'))
            }),
            None => None,
        };
        option.is_some_and(|option| option.get_action().takes_values())
    }
}

/// Says which command or option is meant by one that there is not; nothing where nobody can tell.
pub(super) fn answer(error: &clap::Error) -> Option<Fault> {
    let (what, word, table) = if let Some(word) = text(error, ContextKind::InvalidSubcommand) {
        ("command", word, COMMANDS)
    } else {
        let word = text(error, ContextKind::InvalidArg)?;
        ("option", word, OPTIONS)
    };
    let word = word.split_once('=').map_or(word, |(name, _)| name);
    let (words, answer) = table.iter().find(|(words, _)| words.contains(&word))?;
    // Of what was typed, no more is repeated than what stands in the table.
    let word = words.iter().find(|known| **known == word)?;
    let where_ = if what == "command" {
        "gwplan"
    } else {
        "this command"
    };
    Some(Fault::new(format!("{where_} has no {what} `{word}`")).hint(*answer))
}

/// Takes dangerous commands out of what the parser suggests because it is spelled alike.
pub(super) fn without_dangerous(mut error: clap::Error) -> clap::Error {
    let kind = ContextKind::SuggestedSubcommand;
    let kept = match error.remove(kind) {
        Some(ContextValue::Strings(names)) => {
            let names = names.into_iter();
            names
                .filter(|name| !DANGEROUS.contains(&name.as_str()))
                .collect()
        }
        Some(ContextValue::String(name)) if !DANGEROUS.contains(&name.as_str()) => vec![name],
        _ => Vec::new(),
    };
    if !kept.is_empty() {
        error.insert(kind, ContextValue::Strings(kept));
    }
    error
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::super::Arguments;
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    fn refused(line: &str) -> clap::Error {
        Arguments::try_parse_from(words(line)).unwrap_err()
    }

    #[test]
    fn the_spellings_of_other_tools_are_understood() {
        for (typed, meant) in [
            ("gwplan plan -out=x.json", "gwplan plan --out=x.json"),
            ("gwplan plan -out x.json", "gwplan plan --out x.json"),
            ("gwplan apply -auto-approve", "gwplan apply --auto-approve"),
            ("gwplan apply --yes", "gwplan apply --auto-approve"),
            ("gwplan destroy -y", "gwplan destroy --auto-approve"),
            ("gwplan plan -var a=b", "gwplan plan --var a=b"),
            ("gwplan plan -json", "gwplan plan --format=json"),
            ("gwplan plan --json", "gwplan plan --format=json"),
            ("gwplan plan --no-color", "gwplan plan --color=never"),
            (
                "gwplan -chdir=a plan -no-color",
                "gwplan -C a plan --color=never",
            ),
            (
                "gwplan --env test apply -y",
                "gwplan --env test apply --auto-approve",
            ),
        ] {
            refused(typed);
            let root = Arguments::command();
            let respelled = respelled(&words(typed), &root).unwrap();
            assert_eq!(respelled, words(meant), "{typed}");
            assert!(Arguments::try_parse_from(respelled).is_ok(), "{typed}");
        }
    }

    #[test]
    fn help_and_version_are_answered_as_commands_too() {
        for (typed, meant) in [
            ("gwplan help", "gwplan --help"),
            ("gwplan help plan", "gwplan plan --help"),
            ("gwplan help state mv", "gwplan state mv --help"),
            ("gwplan version", "gwplan --version"),
            ("gwplan -version", "gwplan --version"),
        ] {
            let root = Arguments::command();
            assert_eq!(respelled(&words(typed), &root), Some(words(meant)));
            assert!(!refused(meant).use_stderr(), "{meant}");
        }
    }

    #[test]
    fn what_has_no_plain_meaning_is_not_rewritten() {
        for line in [
            "gwplan force-unlock x -y",
            "gwplan plan -- -out",
            "gwplan plan -f x",
            "gwplan nothing",
            "gwplan lock status --json-lines",
        ] {
            let root = Arguments::command();
            assert_eq!(respelled(&words(line), &root), None, "{line}");
        }
    }

    #[test]
    fn a_word_or_an_option_that_is_none_is_answered_with_the_right_one() {
        for (line, right) in [
            ("gwplan refresh", "gwplan drift"),
            ("gwplan taint gateway.a", "--replace"),
            ("gwplan workspace list", "--env NAME"),
            ("gwplan console", "gwplan state show"),
            ("gwplan login", "TENCENTCLOUD_SECRET_ID"),
            ("gwplan test", "gwplan validate"),
            ("gwplan status", "gwplan drift"),
            ("gwplan list", "gwplan state list"),
            ("gwplan ls", "gwplan state list"),
            ("gwplan get", "gwplan state show"),
            ("gwplan fmt", "formatter of YAML"),
            ("gwplan run", "gwplan plan"),
            ("gwplan plan --refresh-only", "gwplan drift"),
            ("gwplan plan --refresh=false", "--offline"),
            ("gwplan apply --dry-run", "gwplan plan"),
            ("gwplan apply -f x.yaml", "gwplan plan gateways.yaml"),
        ] {
            let fault = answer(&refused(line)).expect(line);
            let next = fault.next_step().unwrap();
            assert!(next.contains(right), "{line}: {next}");
            assert!(!next.contains("destroy") && !next.contains("force-unlock"));
        }
    }

    #[test]
    fn no_dangerous_command_is_suggested_because_it_is_spelled_alike() {
        for word in ["destry", "destroyed", "force-unlok"] {
            let line = format!("gwplan {word}");
            assert!(
                refused(&line).render().to_string().contains("similar"),
                "{word}"
            );
            let told = without_dangerous(refused(&line)).render().to_string();
            for dangerous in ["'destroy'", "'force-unlock'"] {
                assert!(!told.contains(dangerous), "{told}");
            }
        }
        let told = without_dangerous(refused("gwplan aply"))
            .render()
            .to_string();
        assert!(told.contains("'apply'"), "{told}");
    }
}
