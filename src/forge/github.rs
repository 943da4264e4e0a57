//! How GitHub wants to be spoken to.

use reqwest::Method;
use serde_json::Value as Json;

use crate::model::Secret;

use super::approval::{Merged, Reviewed};
use super::comments::{Comment, Request};
use super::dialect::{Dialect, Note, Query, path, text, time};
use super::pipeline::Target;

/// GitHub, or a GitHub Enterprise Server.
pub(super) struct GitHub;

impl Dialect for GitHub {
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("accept", "application/vnd.github+json"),
            ("x-github-api-version", "2022-11-28"),
        ]
    }

    fn authorization(&self, token: &Secret) -> (&'static str, String) {
        ("authorization", format!("Bearer {}", token.expose()))
    }

    fn comments(&self, target: &Target) -> Vec<String> {
        let number = target.request.to_string();
        in_repository(target, &["issues", &number, "comments"])
    }

    fn order(&self) -> Query {
        // It is the only one there is.
        &[]
    }

    fn comment(&self, target: &Target, id: u64) -> Vec<String> {
        in_repository(target, &["issues", "comments", &id.to_string()])
    }

    fn change(&self) -> Method {
        Method::PATCH
    }

    fn request(&self, target: &Target) -> Vec<String> {
        in_repository(target, &["pulls", &target.request.to_string()])
    }

    fn read_comment(&self, json: &Json) -> Option<Note> {
        let author = &json["user"];
        let writes = may_write(json);
        Some(Note {
            comment: Comment {
                id: json["id"].as_u64()?,
                body: json["body"].as_str().unwrap_or_default().to_owned(),
                url: json["html_url"].as_str().map(str::to_owned),
            },
            author: author["id"].as_u64(),
            name: text(&author["login"]),
            changed: time(&json["updated_at"]),
            is_insider: writes || author["type"].as_str() == Some("Bot"),
        })
    }

    fn read_request(&self, json: &Json) -> Option<Request> {
        let repository = |side: &str| json[side]["repo"]["full_name"].as_str();
        let base = repository("base")?;
        Some(Request {
            head: json["head"]["sha"].as_str()?.to_owned(),
            // The repository of the head is null where it was deleted.
            is_fork: repository("head") != Some(base),
        })
    }

    fn merged(&self, target: &Target, commit: &str) -> (Vec<String>, Query) {
        (in_repository(target, &["commits", commit, "pulls"]), &[])
    }

    fn read_merged(&self, json: &Json) -> Option<Merged> {
        Some(Merged {
            number: json["number"].as_u64()?,
            head: text(&json["head"]["sha"])?,
            branch: text(&json["base"]["ref"])?,
            commits: vec![text(&json["merge_commit_sha"])?],
            // One that is open has a commit too: the merge that would be made.
            at: time(&json["merged_at"])?,
            by: text(&json["merged_by"]["login"]),
            author: text(&json["user"]["login"])?,
        })
    }

    fn reviews(&self, target: &Target) -> (Vec<String>, bool) {
        let number = target.request.to_string();
        (in_repository(target, &["pulls", &number, "reviews"]), true)
    }

    fn read_reviews(&self, json: &Json) -> Vec<Reviewed> {
        let state = json["state"].as_str().unwrap_or_default();
        // A remark takes nothing back.
        let Some(by) =
            text(&json["user"]["login"]).filter(|_| state != "COMMENTED" && state != "PENDING")
        else {
            return Vec::new();
        };
        vec![Reviewed {
            by,
            approves: state == "APPROVED",
            is_insider: may_write(json),
            // Of one whose commit is unknown, nobody can say what it approves.
            commit: Some(text(&json["commit_id"]).unwrap_or_default()),
            at: time(&json["submitted_at"]),
        }]
    }

    fn own_name(&self) -> Option<&'static str> {
        Some("github-actions[bot]")
    }

    fn limits(&self) -> [&'static str; 2] {
        ["x-ratelimit-remaining", "x-ratelimit-reset"]
    }

    fn rights(&self) -> &'static str {
        "the token needs `permissions: pull-requests: write` in the workflow's job (with a personal token: access to the repository, and to write its pull requests)"
    }

    fn trusts_unknown(&self) -> bool {
        // What can't say who it is, is the token of a workflow, whose comments are a program's.
        false
    }
}

/// Tells whether whoever wrote something may write to the repository.
fn may_write(json: &Json) -> bool {
    let association = json["author_association"].as_str();
    matches!(association, Some("OWNER" | "MEMBER" | "COLLABORATOR"))
}

fn in_repository(target: &Target, more: &[&str]) -> Vec<String> {
    let mut parts = vec!["repos"];
    parts.extend(target.repository.split('/'));
    parts.extend(more);
    path(&parts)
}
