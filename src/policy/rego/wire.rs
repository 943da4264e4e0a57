//! Policies and what they say, as they go to a process of their own and back.
//!
//! A policy can ask for any amount of memory in one step, which no look at the clock comes between. Only the
//! system bounds that, and it ends the process: so whoever must go on afterwards evaluates elsewhere.

use std::io::{self, BufRead, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::model::{Address, Diagnostic, Location, Rule, Severity, SourceFile};
use crate::policy::{Finding, Level};

use super::{Bundle, Outcome, check, evaluate};

/// The rules that diagnostics of policies come from.
const RULES: [Rule; 2] = ["policy", "idle-policy"];

#[derive(Serialize, Deserialize)]
struct Request {
    files: Vec<(String, String)>,
    data: Json,
    /// Whether the document that the policies are held against follows.
    has_input: bool,
}

#[derive(Default, Serialize, Deserialize)]
struct Reply {
    findings: Vec<Found>,
    diagnostics: Vec<Fault>,
}

/// A file by its number, and the bytes in it.
type Place = (usize, usize, usize);

#[derive(Serialize, Deserialize)]
struct Found {
    denies: bool,
    rule: String,
    message: String,
    address: Option<Address>,
    place: Option<Place>,
    is_rest: bool,
}

#[derive(Serialize, Deserialize)]
struct Fault {
    is_error: bool,
    rule: usize,
    summary: String,
    help: String,
    place: Option<Place>,
}

/// Sends policies, and the document that they are held against if they are; else they are checked alone.
pub fn send(bundle: &Bundle, input: Option<&str>, to: &mut impl Write) -> io::Result<()> {
    let files = bundle.files.iter();
    let request = Request {
        files: files
            .map(|file| (file.path().to_owned(), file.text().to_owned()))
            .collect(),
        data: bundle.data.clone(),
        has_input: input.is_some(),
    };
    serde_json::to_writer(&mut *to, &request)?;
    to.write_all(b"\n")?;
    to.write_all(input.unwrap_or_default().as_bytes())
}

/// Takes what was sent, does the work, and answers; `bound` is told how many bytes came, before any of them is
/// looked at.
pub fn serve(
    from: &mut impl BufRead,
    to: &mut impl Write,
    bound: impl FnOnce(usize) -> io::Result<()>,
) -> io::Result<()> {
    let (mut request, mut input) = (String::new(), String::new());
    from.read_line(&mut request)?;
    from.read_to_string(&mut input)?;
    bound(request.len() + input.len())?;
    let Request {
        files,
        data,
        has_input,
    } = serde_json::from_str(&request)?;
    drop(request);
    let files = files
        .into_iter()
        .map(|(path, text)| SourceFile::new(path, text));
    let bundle = Bundle {
        files: files.collect(),
        data,
    };
    let outcome = if has_input {
        evaluate(&bundle, input)
    } else {
        Outcome {
            diagnostics: check(&bundle),
            ..Outcome::default()
        }
    };
    serde_json::to_writer(&mut *to, &reply(&bundle, &outcome))?;
    to.flush()
}

fn reply(bundle: &Bundle, outcome: &Outcome) -> Reply {
    let place = |location: Option<&Location>| {
        let location = location?;
        let mut files = bundle.files.iter();
        let file = files.position(|file| file.path() == location.file().path())?;
        Some((file, location.start().byte, location.end().byte))
    };
    let findings = outcome.findings.iter().map(|finding| Found {
        denies: finding.denies(),
        rule: finding.rule.clone(),
        message: finding.message.clone(),
        address: finding.address.clone(),
        place: place(finding.location.as_ref()),
        is_rest: finding.is_rest,
    });
    let diagnostics = outcome.diagnostics.iter().map(|fault| Fault {
        is_error: fault.severity == Severity::Error,
        // One that isn't known is told as the first.
        rule: RULES
            .iter()
            .position(|rule| *rule == fault.rule)
            .unwrap_or_default(),
        summary: fault.summary.clone(),
        help: fault.help.clone(),
        place: place(fault.location.as_ref()),
    });
    Reply {
        findings: findings.collect(),
        diagnostics: diagnostics.collect(),
    }
}

/// Reads an answer; `None` where it is none, or was cut off.
pub fn receive(bundle: &Bundle, answer: &[u8]) -> Option<Outcome> {
    let Reply {
        findings,
        diagnostics,
    } = serde_json::from_slice(answer).ok()?;
    let location = |place: Option<Place>| {
        let (file, start, end) = place?;
        let file: &Arc<SourceFile> = bundle.files.get(file)?;
        Some(Location::new(file, start, end))
    };
    let findings = findings.into_iter().map(|found| Finding {
        level: if found.denies {
            Level::Deny
        } else {
            Level::Warn
        },
        rule: found.rule,
        message: found.message,
        address: found.address,
        location: location(found.place),
        is_rest: found.is_rest,
    });
    let diagnostics = diagnostics.into_iter().map(|fault| {
        let rule = RULES.get(fault.rule).copied().unwrap_or(RULES[0]);
        let told = if fault.is_error {
            Diagnostic::error(rule, fault.summary)
        } else {
            Diagnostic::warning(rule, fault.summary)
        };
        told.help(fault.help).at(location(fault.place))
    });
    Some(Outcome {
        findings: findings.collect(),
        diagnostics: diagnostics.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_policies_say_is_the_same_from_a_process_of_their_own() {
        let says = |name: &str| format!("package {name}\nimport rego.v1\n");
        let files = [
            (
                "a.rego",
                says("main")
                    + "deny contains \"no\" if input.x == 1\nwarn contains {\"msg\": \"hm\"} if input.x\n",
            ),
            ("b.rego", says("other") + "deny contains \"idle\"\n"),
            (
                "c.rego",
                says("main") + "deny_late contains to_number(\"x\") if input.x\n",
            ),
        ];
        for count in 1..=files.len() {
            let files = files.iter().take(count);
            let files = files.map(|(path, text)| SourceFile::new(*path, text.as_str()));
            let bundle = Bundle {
                files: files.collect(),
                data: serde_json::json!({ "a": 1 }),
            };
            for input in [Some(r#"{"x": 1}"#), None] {
                let (mut sent, mut answer) = (Vec::new(), Vec::new());
                send(&bundle, input, &mut sent).unwrap();
                serve(&mut sent.as_slice(), &mut answer, |bytes| {
                    assert_eq!(bytes, sent.len());
                    Ok(())
                })
                .unwrap();
                let here = match input {
                    Some(input) => evaluate(&bundle, input.to_owned()),
                    None => Outcome {
                        diagnostics: check(&bundle),
                        ..Outcome::default()
                    },
                };
                let there = receive(&bundle, &answer).unwrap();
                assert_eq!(there.findings, here.findings);
                assert_eq!(there.diagnostics, here.diagnostics);
                assert!(receive(&bundle, &answer[..answer.len() - 1]).is_none());
            }
        }
    }
}
