//! How GitLab wants to be spoken to.

use reqwest::Method;
use serde_json::Value as Json;

use crate::model::Secret;

use super::approval::{Merged, Reviewed};
use super::comments::{Comment, Request};
use super::dialect::{Dialect, Note, Query, path, text, time};
use super::pipeline::Target;

/// GitLab, also one's own.
pub(super) struct GitLab;

impl Dialect for GitLab {
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("accept", "application/json")]
    }

    fn authorization(&self, token: &Secret) -> (&'static str, String) {
        ("private-token", token.expose().to_owned())
    }

    fn comments(&self, target: &Target) -> Vec<String> {
        in_request(target, &["notes"])
    }

    fn order(&self) -> Query {
        &[("sort", "asc"), ("order_by", "created_at")]
    }

    fn comment(&self, target: &Target, id: u64) -> Vec<String> {
        in_request(target, &["notes", &id.to_string()])
    }

    fn change(&self) -> Method {
        Method::PUT
    }

    fn request(&self, target: &Target) -> Vec<String> {
        in_request(target, &[])
    }

    fn read_comment(&self, json: &Json) -> Option<Note> {
        // GitLab's own notes tell of labels and pushes, and quote what people wrote.
        let is_system = json["system"].as_bool() == Some(true);
        (!is_system).then_some(())?;
        Some(Note {
            comment: Comment {
                id: json["id"].as_u64()?,
                body: json["body"].as_str().unwrap_or_default().to_owned(),
                url: None,
            },
            author: json["author"]["id"].as_u64(),
            name: text(&json["author"]["username"]),
            changed: time(&json["updated_at"]).or(time(&json["created_at"])),
            is_insider: false,
        })
    }

    fn read_request(&self, json: &Json) -> Option<Request> {
        Some(Request {
            head: json["sha"].as_str()?.to_owned(),
            is_fork: json["source_project_id"].as_u64()? != json["target_project_id"].as_u64()?,
        })
    }

    fn merged(&self, target: &Target, commit: &str) -> (Vec<String>, Query) {
        let parts = [
            "projects",
            &target.repository,
            "repository",
            "commits",
            commit,
        ];
        let mut path = path(&parts);
        path.push("merge_requests".to_owned());
        (path, &[("state", "merged")])
    }

    fn read_merged(&self, json: &Json) -> Option<Merged> {
        (json["state"] == "merged").then_some(())?;
        let person = |name: &str| text(&json[name]["username"]);
        Some(Merged {
            number: json["iid"].as_u64()?,
            head: text(&json["sha"])?,
            branch: text(&json["target_branch"])?,
            // After a fast-forward the commit is the head of the request.
            commits: ["merge_commit_sha", "squash_commit_sha", "sha"]
                .iter()
                .filter_map(|name| text(&json[*name]))
                .collect(),
            at: time(&json["merged_at"])?,
            by: person("merge_user").or(person("merged_by")),
            author: person("author")?,
        })
    }

    fn reviews(&self, target: &Target) -> (Vec<String>, bool) {
        (in_request(target, &["approvals"]), false)
    }

    fn read_reviews(&self, json: &Json) -> Vec<Reviewed> {
        let approved = json["approved_by"].as_array().into_iter().flatten();
        let read = approved.filter_map(|one| {
            Some(Reviewed {
                by: text(&one["user"]["username"])?,
                approves: true,
                // GitLab lets only members approve.
                is_insider: true,
                // It says when, and not what: what was approved before the plan was shown does not count.
                commit: None,
                at: time(&one["approved_at"]),
            })
        });
        read.collect()
    }

    fn own_name(&self) -> Option<&'static str> {
        None
    }

    fn limits(&self) -> [&'static str; 2] {
        ["ratelimit-remaining", "ratelimit-reset"]
    }

    fn rights(&self) -> &'static str {
        "the token needs the scope `api` and at least the role Reporter in the project; where the discussion is locked, Developer"
    }

    fn trusts_unknown(&self) -> bool {
        // GitLab lets only its maintainers change what others wrote, and so says no by itself.
        true
    }
}

fn in_request(target: &Target, more: &[&str]) -> Vec<String> {
    let number = target.request.to_string();
    let mut parts = vec!["projects", &target.repository, "merge_requests", &number];
    parts.extend(more);
    path(&parts)
}
