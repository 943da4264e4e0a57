//! What was approved by merging a request: found from the commit that the merge has made.
//!
//! A pipeline that applies knows its commit and no more. The forge knows which request was merged as that
//! commit, and holds our comment on it, which shows the plan. That comment counts only if nobody but us
//! could write it, and if it has stood unchanged since before the merge: what it says later, nobody approved.

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::model::{Clock, Fault};

use super::client::{Ask, Client, Settings};
use super::comments::Comments;
use super::dialect::{Query, path};
use super::marker::Marker;
use super::pipeline::Target;

/// How many pages of a list are read at most.
const MAX_PAGES: usize = 30;

/// Names what a merge has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The commit.
    pub commit: String,
    /// The branch that it is on.
    pub branch: String,
}

/// Says what is asked of an approval.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'a> {
    /// The mark of the comment that shows the plan.
    pub marker: &'a Marker,
    /// The name of the only one whose comment counts; by default the one that the token stands for.
    pub author: Option<&'a str>,
    /// How many others than its author must have approved the request as it was merged.
    pub reviews: usize,
}

/// Tells what was approved, by whom and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The number of the request.
    pub request: u64,
    /// The commit that was merged: the last one of the request.
    pub head: String,
    /// Who has merged it, if the forge tells.
    pub merged_by: Option<String>,
    /// When it was merged.
    pub merged_at: Timestamp,
    /// Who has approved that commit in a review; empty where no reviews are asked for.
    pub reviewers: Vec<String>,
    /// The text of our comment.
    pub comment: String,
}

/// Holds what the forge says about a request that was merged.
#[derive(Clone, Debug)]
pub(super) struct Merged {
    pub(super) number: u64,
    pub(super) head: String,
    pub(super) branch: String,
    /// The commits of the branch that the merge may have made.
    pub(super) commits: Vec<String>,
    pub(super) at: Timestamp,
    pub(super) by: Option<String>,
    pub(super) author: String,
}

/// Holds what somebody has said in a review.
#[derive(Clone, Debug)]
pub(super) struct Reviewed {
    pub(super) by: String,
    /// Whether they approve it; taken back, or asking for changes, they don't.
    pub(super) approves: bool,
    /// Whether their word counts: anybody may review what is public.
    pub(super) is_insider: bool,
    /// The commit that they saw; nothing where the forge does not tell.
    pub(super) commit: Option<String>,
    /// When; nothing where the forge does not tell.
    pub(super) at: Option<Timestamp>,
}

/// Finds what was approved by the merge that has made a commit.
///
/// # Errors
/// A fault that says what is missing for an approval, or that the forge can't be asked.
pub async fn find_approval(
    target: Target,
    settings: Settings,
    clock: Clock,
    merge: &Merge,
    demand: Demand<'_>,
) -> Result<Approval, Fault> {
    let client = Client::new(target.clone(), settings, clock.clone())?;
    let merged = merged(&client, merge).await?;
    let target = Target {
        request: merged.number,
        ..target
    };
    let author = match demand.author {
        Some(author) => author.to_owned(),
        None => own_name(&client).await?,
    };
    let comments = Comments::new(target.clone(), settings, clock.clone())?;
    let found = comments.marked(demand.marker).await?;
    let mut ours = found
        .into_iter()
        .filter(|note| note.name.as_deref() == Some(&author));
    let noun = target.forge.request();
    let number = merged.number;
    let (Some(note), None) = (ours.next(), ours.next()) else {
        return Err(Fault::new(format!(
            "{noun} {number} does not have one comment of {author} that shows the plan, but none or several"
        ))
        .hint("see that `gwplan review` ran for it, in the same folder and environment, and who it comments as: --comment-author NAME names another"));
    };
    let Some(shown) = note.changed.filter(|changed| *changed <= merged.at) else {
        return Err(Fault::new(format!(
            "the comment on {noun} {number} was changed after the merge at {}",
            merged.at
        ))
        .hint("what it says now was not there to be approved: plan again, review it, and apply it by its digest"));
    };
    let client = Client::new(target, settings, clock)?;
    let reviewers = if demand.reviews == 0 {
        Vec::new()
    } else {
        reviewers(&client, &merged, shown, demand.reviews).await?
    };
    Ok(Approval {
        request: number,
        head: merged.head,
        merged_by: merged.by,
        merged_at: merged.at,
        reviewers,
        comment: note.comment.body,
    })
}

/// Finds the one request that was merged as a commit.
async fn merged(client: &Client, merge: &Merge) -> Result<Merged, Fault> {
    let (path, query) = client.dialect().merged(&client.target, &merge.commit);
    let list = list(client, path, query).await?;
    let read = list
        .iter()
        .filter_map(|json| client.dialect().read_merged(json));
    let mut fitting =
        read.filter(|one| one.branch == merge.branch && one.commits.contains(&merge.commit));
    let noun = client.target.forge.request();
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (first, _) => {
            let count = if first.is_some() { "several" } else { "no" };
            let (commit, branch) = (&merge.commit, &merge.branch);
            Err(Fault::new(format!(
                "{count} {noun}s were merged as {commit} into {branch}"
            ))
            .hint("a change that comes without one is approved by its digest: `gwplan apply --expect-digest HEX`"))
        }
    }
}

/// Returns those who have approved the request as it was merged, after they could see the plan.
async fn reviewers(
    client: &Client,
    merged: &Merged,
    shown: Timestamp,
    wanted: usize,
) -> Result<Vec<String>, Fault> {
    let dialect = client.dialect();
    let (path, pages) = dialect.reviews(&client.target);
    let list = if pages {
        list(client, path, &[]).await?
    } else {
        vec![client.ask(&Ask::read(path)).await?.json]
    };
    let mut said: Vec<Reviewed> = Vec::new();
    for one in list.iter().flat_map(|json| dialect.read_reviews(json)) {
        // Of each, the last word counts.
        said.retain(|before| before.by != one.by);
        said.push(one);
    }
    let approves = |one: &&Reviewed| {
        one.approves
            && one.is_insider
            && one.by != merged.author
            && one
                .commit
                .as_ref()
                .is_none_or(|commit| *commit == merged.head)
            && one.at.is_some_and(|at| shown <= at && at <= merged.at)
    };
    let names: Vec<String> = said
        .iter()
        .filter(approves)
        .map(|one| one.by.clone())
        .collect();
    if names.len() >= wanted {
        return Ok(names);
    }
    let (noun, number, count) = (client.target.forge.request(), merged.number, names.len());
    Err(Fault::new(format!(
        "{count} of {wanted} approving reviews that are needed count for {noun} {number}"
    ))
    .hint("a review counts that approves the commit which was merged, after the plan was shown and before the merge, by another than the author who may write to the repository"))
}

/// Returns the name that the token's owner comments under.
async fn own_name(client: &Client) -> Result<String, Fault> {
    if let Some(name) = client.dialect().own_name() {
        return Ok(name.to_owned());
    }
    let answer = client.ask(&Ask::read(path(&["user"]))).await?;
    let name = answer.json["username"].as_str();
    name.map(str::to_owned).ok_or_else(|| {
        Fault::new("the forge does not say whose token this is")
            .hint("name the author of the comments with --comment-author NAME")
    })
}

/// Reads all pages of a list.
async fn list(client: &Client, path: Vec<String>, query: Query) -> Result<Vec<Json>, Fault> {
    let mut all = Vec::new();
    for number in 1..=MAX_PAGES {
        let Some((page, goes_on)) = client.page(path.clone(), query, number).await? else {
            break;
        };
        all.extend(page);
        if !goes_on {
            return Ok(all);
        }
    }
    Err(
        Fault::new("the forge answers with a list that has no end, or is none")
            .hint("check the URL of its API"),
    )
}
