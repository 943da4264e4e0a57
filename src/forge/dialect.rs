//! In what the forges differ.

use jiff::Timestamp;
use reqwest::Method;
use serde_json::Value as Json;

use crate::model::Secret;

use super::approval::{Merged, Reviewed};
use super::comments::{Comment, Request};
use super::pipeline::Target;
use super::{Forge, github, gitlab};

/// The way in which one forge wants to be spoken to.
pub(super) trait Dialect: Sync {
    /// Returns the headers of every request.
    fn headers(&self) -> &'static [(&'static str, &'static str)];
    /// Returns the header that says who we are.
    fn authorization(&self, token: &Secret) -> (&'static str, String);
    /// Returns the path of the request's comments.
    fn comments(&self, target: &Target) -> Vec<String>;
    /// Returns what asks for the oldest comments first.
    fn order(&self) -> Query;
    /// Returns the path of one comment.
    fn comment(&self, target: &Target, id: u64) -> Vec<String>;
    /// Returns the method that changes a comment.
    fn change(&self) -> Method;
    /// Returns the path of the request itself.
    fn request(&self, target: &Target) -> Vec<String>;
    /// Reads a comment; nothing where it is none that a person or a program wrote.
    fn read_comment(&self, json: &Json) -> Option<Note>;
    /// Reads the request itself.
    fn read_request(&self, json: &Json) -> Option<Request>;
    /// Returns the path, and the query, of the requests that a commit has come from.
    fn merged(&self, target: &Target, commit: &str) -> (Vec<String>, Query);
    /// Reads one of them; nothing where it was not merged.
    fn read_merged(&self, json: &Json) -> Option<Merged>;
    /// Returns the path of a request's reviews, and whether they come in pages.
    fn reviews(&self, target: &Target) -> (Vec<String>, bool);
    /// Reads reviews from one item of that answer.
    fn read_reviews(&self, json: &Json) -> Vec<Reviewed>;
    /// Returns the name that the pipeline comments under, where it is always the same.
    fn own_name(&self) -> Option<&'static str>;
    /// Returns the headers that tell how many requests are left, and when there are new ones.
    fn limits(&self) -> [&'static str; 2];
    /// Says what a token needs.
    fn rights(&self) -> &'static str;
    /// Tells whether a comment is taken for ours where the forge does not say who we are.
    fn trusts_unknown(&self) -> bool;
}

/// The parameters of a query.
pub(super) type Query = &'static [(&'static str, &'static str)];

/// Holds a comment, and who wrote it.
pub(super) struct Note {
    pub(super) comment: Comment,
    /// The id of the author.
    pub(super) author: Option<u64>,
    /// The name of the author.
    pub(super) name: Option<String>,
    /// When it was last changed.
    pub(super) changed: Option<Timestamp>,
    /// Whether the author is a program, or may write to the repository: others can't plant a comment that
    /// is taken for ours.
    pub(super) is_insider: bool,
}

impl Forge {
    /// Returns how it wants to be spoken to.
    pub(super) fn dialect(self) -> &'static dyn Dialect {
        match self {
            Self::GitHub => &github::GitHub,
            Self::GitLab => &gitlab::GitLab,
        }
    }
}

/// Reads a time; nothing where there is none.
pub(super) fn time(json: &Json) -> Option<Timestamp> {
    json.as_str()?.parse().ok()
}

/// Reads a text; nothing where there is none.
pub(super) fn text(json: &Json) -> Option<String> {
    json.as_str().map(str::to_owned)
}

/// Joins the parts of a path.
pub(super) fn path(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}
