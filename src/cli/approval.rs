//! Holding a plan to the one that was approved.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::forge::{Approval, Demand, Marker, Pipeline, Settings, Wishes, find_approval};
use crate::model::{Address, Desired, Diagnostic, Fault};
use crate::plan::{Binding, Plan, SavedPlan, beyond, digest};
use crate::review::Outline;
use crate::state::State;
use crate::view;

use super::Session;
use super::failure::Failure;
use super::planning::read_named;
use super::stage::folder;

/// How many hexadecimal digits name a plan: of fewer, two plans can be made that share them.
const DIGEST_DIGITS: usize = 64;
/// The rule under which it is told that a plan is not the approved one.
const RULE: &str = "not-approved";
/// The rule under which it is told that a saved plan is not what would be planned now.
const STALE: &str = "stale-plan";
/// How many resources are named that differ.
const TOLD: usize = 10;

/// Which plan was approved.
#[derive(Debug, Args)]
pub(super) struct ApprovalArgs {
    /// Goes on, without asking, only if the plan has this digest: all 64 digits, as `gwplan plan` prints
    /// them.
    #[arg(long, value_name = "HEX")]
    expect_digest: Option<String>,
    /// The plan that was approved, as `gwplan plan` wrote it with --out or --format json: goes on,
    /// without asking, only if the plan is that one, and otherwise says what differs.
    #[arg(long, value_name = "FILE")]
    pub(super) approved_plan: Option<PathBuf>,
    /// Goes on, without asking, only with the plan that was approved by merging a pull request: in a
    /// pipeline, finds the request that was merged as this commit, and the digest of the plan that
    /// `gwplan review` has shown in its comment before.
    #[arg(long, conflicts_with_all = ["expect_digest", "approved_plan"])]
    approved: bool,
    /// How many others than its author must have approved that request in reviews, as it was merged and
    /// after the plan was shown.
    #[arg(long, value_name = "N", requires = "approved")]
    approvals: Option<u16>,
    /// Whose comment on the request counts; by default that of the pipeline's own token.
    #[arg(long, value_name = "NAME", requires = "approved")]
    comment_author: Option<String>,
}

impl ApprovalArgs {
    /// Finds what was approved by merging a request, where that is asked for.
    ///
    /// # Errors
    /// Where this is no pipeline for a commit of a branch, or there is no approval: see [`find_approval`].
    pub(super) async fn of_merge(&self, session: &Session) -> Result<Option<Approved>, Failure> {
        if !self.approved {
            return Ok(None);
        }
        let lookup = |name: &str| session.environment.get(name).map(str::to_owned);
        let pipeline = Pipeline::detect(&lookup, None, &Wishes::default()).ok_or_else(|| {
            Fault::new("--approved works in a pipeline of GitHub or GitLab, and this is none")
                .hint("elsewhere, approve the plan by its digest: --expect-digest HEX")
        })?;
        let (target, merge) = pipeline.target_of_merge()?;
        let folder = folder(&session.root, pipeline.workspace.as_deref());
        let environment = session.options.environment.as_deref();
        let marker = Marker::new(folder.as_deref().unwrap_or_default(), environment);
        let demand = Demand {
            marker: &marker,
            author: self.comment_author.as_deref(),
            reviews: self.approvals.unwrap_or(0).into(),
        };
        let clock = session.clock.clone();
        let found = find_approval(target, Settings::default(), clock, &merge, demand).await?;
        let noun = pipeline.forge.request();
        let Some(digest) = view::digest_in(&found.comment) else {
            let request = found.request;
            return Err(Fault::new(format!(
                "the comment on {noun} {request} does not name one plan by its digest"
            ))
            .hint("a plan without changes has no digest, nor has one that was made offline: plan again, review it, and apply it by its digest")
            .into());
        };
        session.terminal.status(&merge_word(noun, &found, &digest));
        Ok(Some(Approved {
            digest,
            outline: None,
        }))
    }
}

/// Says what was approved, by whom and when.
fn merge_word(noun: &str, found: &Approval, digest: &str) -> String {
    let by = found.merged_by.as_deref().map(|name| format!(" by {name}"));
    let mut word = format!(
        "{noun} {} was merged{} at {} with the plan {digest}",
        found.request,
        by.unwrap_or_default(),
        found.merged_at
    );
    if !found.reviewers.is_empty() {
        word += "; approved by ";
        word += &found.reviewers.join(", ");
    }
    word
}

/// Holds what is known of the plan that was approved.
pub(super) struct Approved {
    /// Its digest.
    pub(super) digest: String,
    /// What it was to do, where that is known.
    outline: Option<Outline>,
}

impl ApprovalArgs {
    /// Tells whether a plan was approved beforehand.
    pub(super) fn is_given(&self) -> bool {
        self.expect_digest.is_some() || self.approved_plan.is_some() || self.approved
    }

    /// Reads what was approved; nothing where nothing was.
    pub(super) fn read(&self, session: &Session) -> Result<Option<Approved>, Failure> {
        let outline = match &self.approved_plan {
            Some(file) => Some(read_outline(session, file)?),
            None => None,
        };
        let expected = match &self.expect_digest {
            Some(text) => Some(read_digest(text)?),
            None => None,
        };
        let kept = outline.as_ref().and_then(|outline| outline.digest.clone());
        if let (Some(expected), Some(kept)) = (&expected, &kept)
            && expected != kept
        {
            let fault = Fault::new(format!(
                "the approved plan has the digest {kept}, not {expected}"
            ));
            return Err(fault
                .hint("give the file and the digest of one plan")
                .into());
        }
        Ok(expected.or(kept).map(|digest| Approved { digest, outline }))
    }
}

/// Says that a file with the approved plan can't be held against the rest of it.
pub(super) fn only_by_digest() -> Fault {
    Fault::new("a part of the approved plan was applied by a run before, and a file of the whole does not show what is left")
        .hint("check what is left with `gwplan plan`, and go on with --expect-digest and the digest of the approved plan, without --approved-plan")
}

impl Approved {
    /// Tells whether a file was given that says what the plan was to do.
    pub(super) fn has_outline(&self) -> bool {
        self.outline.is_some()
    }

    /// Refuses a plan that is not the one that was approved, and says what differs.
    pub(super) fn check(&self, plan: &Plan, binding: &Binding) -> Result<(), Failure> {
        let found = digest(plan, binding);
        if found == self.digest {
            return self.check_steps(&Outline::of(plan, &found));
        }
        let summary = format!(
            "this plan is not the one that was approved: its digest is {found}, not {}",
            self.digest
        );
        let first = Diagnostic::error(RULE, summary).help(
            "the files, the state or the cloud have changed since: review the plan above, and approve its digest",
        );
        let mut told = vec![first];
        match &self.outline {
            Some(approved) => told.extend(differences(RULE, approved, &Outline::of(plan, &found))),
            None => told.extend(what_moved(plan)),
        }
        Err(Failure::Diagnostics(told))
    }

    /// Refuses a file whose digest is that of the plan, but whose steps, which somebody has read, are not.
    fn check_steps(&self, found: &Outline) -> Result<(), Failure> {
        let Some(approved) = &self.outline else {
            return Ok(());
        };
        let lines = view::difference_lines(&approved.difference(found));
        if lines.is_empty() {
            return Ok(());
        }
        let summary = "the file with the approved plan was altered: its digest is that of this plan, but its steps are not";
        let first = Diagnostic::error(RULE, summary)
            .help("take it from where only your own pipeline writes, or plan and review again");
        let lines = lines.into_iter();
        let told = lines.map(|line| Diagnostic::error(RULE, line));
        Err(Failure::Diagnostics(
            [first].into_iter().chain(told).collect(),
        ))
    }
}

/// Says how a plan stands to the one that was approved.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is that one as a whole, or none was approved, or it is another one: see [`Approved::check`].
    Whole,
    /// A run before has done a part of that one, and this is what is left of so many steps.
    Rest { of: usize },
    /// A run before has done a part of that one, and this does more than what is left, as these say.
    Beyond(Vec<Diagnostic>),
    /// All of that one is done.
    Done,
}

impl Standing {
    /// Compares a plan, which has its own digest and scope, with the one of the approved digest, of which a run
    /// before may have done a part.
    pub(super) fn of(
        approved: Option<&String>,
        plan: &Plan,
        (digest, scope): (&String, &String),
        state: &State,
        desired: &BTreeMap<Address, Desired>,
    ) -> Self {
        let Some(approved) = approved else {
            return Self::Whole;
        };
        let open = state.open_plan.as_ref();
        match open.filter(|open| open.digest == *approved && open.scope == *scope) {
            _ if digest == approved => Self::Whole,
            Some(open) if open.done && plan.is_empty() => Self::Done,
            Some(open) if !open.done => {
                let beyond = beyond(plan, desired, open);
                if !beyond.is_empty() {
                    Self::Beyond(not_the_rest(&beyond))
                } else if plan.is_empty() {
                    Self::Done
                } else {
                    Self::Rest {
                        of: open.steps.len(),
                    }
                }
            }
            _ => Self::Whole,
        }
    }
}

/// Says what keeps the rest of an approved plan from being applied; of many resources, a few.
fn not_the_rest(beyond: &[(Address, &'static str)]) -> Vec<Diagnostic> {
    let first = Diagnostic::error(
        RULE,
        "a part of the approved plan was applied by a run before, and what is to be done now is not the rest of it",
    )
    .help("the files or the cloud have changed since: review the plan above, and approve its digest");
    let told = beyond.iter().take(TOLD);
    let told = told
        .map(|(address, why)| Diagnostic::error(RULE, format!("{address} {why}")).about(address));
    let more = beyond.len().saturating_sub(TOLD);
    let rest = (more > 0).then(|| Diagnostic::error(RULE, format!("and {more} more")));
    [first].into_iter().chain(told).chain(rest).collect()
}

/// Says that an approved plan is gone on with.
pub(super) fn rest_word(left: usize, of: usize) -> String {
    format!(
        "A run before has applied a part of the approved plan: this is the rest, {left} of {of} steps."
    )
}

/// Refuses a saved plan that, made afresh, is another one, and says what differs.
pub(super) fn refuse_stale(
    saved: &SavedPlan,
    fresh: &Plan,
    binding: &Binding,
) -> Result<(), Failure> {
    if saved.is(fresh, binding) {
        return Ok(());
    }
    let summary =
        "the plan is stale: planned again from the same files and the same state, it differs";
    let first = Diagnostic::error(STALE, summary)
        .help("the cloud has changed since: plan again, review the new plan, and apply that");
    let [then, now] = [&saved.plan, fresh].map(|plan| Outline::of(plan, ""));
    let told = differences(STALE, &then, &now);
    Err(Failure::Diagnostics([vec![first], told].concat()))
}

/// Says what a plan does otherwise than the approved one; of many resources, a few.
fn differences(rule: &'static str, approved: &Outline, found: &Outline) -> Vec<Diagnostic> {
    let mut lines = view::difference_lines(&approved.difference(found));
    if lines.is_empty() {
        let summary = "the steps are the same, but not what they are bound to: the project's environment, state, endpoint or region, a move, or what the cloud holds beside the state";
        return vec![Diagnostic::error(rule, summary)];
    }
    let more = lines.len().saturating_sub(TOLD);
    lines.truncate(TOLD);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    let lines = lines.into_iter();
    lines.map(|line| Diagnostic::error(rule, line)).collect()
}

/// Says what is known to have moved where the approved plan itself is not at hand.
fn what_moved(plan: &Plan) -> Vec<Diagnostic> {
    let drifts = plan.drift.iter().map(|drift| {
        let address = &drift.address;
        let paths: Vec<String> = drift
            .fields
            .iter()
            .map(|field| field.path.to_string())
            .collect();
        let what = if drift.gone {
            "has been deleted".to_owned()
        } else {
            format!("has been changed ({})", paths.join(", "))
        };
        let summary = format!("{address} {what} outside gwplan since the last apply");
        Diagnostic::warning(RULE, summary).about(address)
    });
    let mut told: Vec<Diagnostic> = drifts.collect();
    if told.is_empty() {
        let summary = "nothing was changed outside gwplan since the last apply: the files or the state have changed";
        told.push(Diagnostic::warning(RULE, summary).help(
            "pass `--approved-plan FILE`, the JSON of the approved plan, to see what differs",
        ));
    }
    told
}

fn read_digest(text: &str) -> Result<String, Failure> {
    let digest = text.trim().to_lowercase();
    let is_hex = digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && digest.len() == DIGEST_DIGITS {
        return Ok(digest);
    }
    let fault = match digest.len() {
        length @ 1..DIGEST_DIGITS if is_hex => Fault::new(format!(
            "{digest:?} is only a part of a digest: {length} of {DIGEST_DIGITS} digits"
        )),
        _ => Fault::new(format!("{digest:?} is not a digest of a plan")),
    };
    let hint = "give all 64 digits: `gwplan plan` prints them after `Digest:`, and `gwplan plan --format json` as gwplan.digest";
    Err(fault.hint(hint).into())
}

/// Tells whether an outline holds a whole digest: the beginning of one that a file holds would name
/// many plans.
fn names_a_plan(outline: &Outline) -> bool {
    outline.digest.as_ref().is_some_and(|digest| {
        digest.len() == DIGEST_DIGITS && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Reads a saved plan, or a plan's JSON.
fn read_outline(session: &Session, path: &Path) -> Result<Outline, Failure> {
    let shown = path.display();
    let bytes = read_named(session, path)?;
    let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let outline = Outline::from_json(&json);
    if outline.as_ref().is_some_and(|one| one.digest.is_none()) {
        let fault = Fault::new(format!(
            "{shown} is a plan without a digest: it was made offline"
        ));
        return Err(fault
            .hint("approve a plan that has asked the cloud: `gwplan plan` without --offline")
            .into());
    }
    if let Some(outline) = outline.filter(names_a_plan) {
        return Ok(outline);
    }
    match SavedPlan::decode(&bytes) {
        Ok(saved) => Ok(Outline::of(&saved.plan, &saved.digest)),
        Err(fault) => {
            let fault = Fault::new(format!("{shown} is not a gwplan plan")).because(fault);
            Err(fault
                .hint("keep the output of `gwplan plan --format json`, or what `--out FILE` writes")
                .into())
        }
    }
}
