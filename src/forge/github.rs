//! How GitHub wants to be spoken to.

use reqwest::Method;
use serde_json::Value as Json;

use crate::model::Secret;

use super::comments::{Comment, Request};
use super::dialect::{Dialect, Note, path};
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

    fn order(&self) -> &'static [(&'static str, &'static str)] {
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
        let association = json["author_association"].as_str();
        let writes = matches!(association, Some("OWNER" | "MEMBER" | "COLLABORATOR"));
        Some(Note {
            comment: Comment {
                id: json["id"].as_u64()?,
                body: json["body"].as_str().unwrap_or_default().to_owned(),
                url: json["html_url"].as_str().map(str::to_owned),
            },
            author: author["id"].as_u64(),
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

fn in_repository(target: &Target, more: &[&str]) -> Vec<String> {
    let mut parts = vec!["repos"];
    parts.extend(target.repository.split('/'));
    parts.extend(more);
    path(&parts)
}
