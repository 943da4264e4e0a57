//! Holding a plan to the one that was approved.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use crate::model::{Diagnostic, Fault};
use crate::plan::{Binding, Plan, SavedPlan, digest};
use crate::review::Outline;
use crate::view;

use super::Session;
use super::failure::Failure;

/// How many hexadecimal digits a digest has: fewer would be found by trying for another plan too.
const DIGEST_DIGITS: usize = 64;
/// How many differences from a saved plan are told.
const TOLD: usize = 10;
/// The rule under which it is told that a plan is not the approved one.
const RULE: &str = "not-approved";

/// Which plan was approved.
#[derive(Debug, Args)]
pub(super) struct ApprovalArgs {
    /// Goes on, without asking, only if the plan has this digest, as `gwplan plan` printed it.
    #[arg(long, value_name = "HEX")]
    expect_digest: Option<String>,
    /// The plan that was approved, as `gwplan plan` wrote it with --out or --format json: goes on,
    /// without asking, only if the plan is that one, and otherwise says what differs.
    #[arg(long, value_name = "FILE")]
    approved_plan: Option<PathBuf>,
}

/// Holds what is known of the plan that was approved.
pub(super) struct Approved {
    /// Its digest.
    digest: String,
    /// What it was to do, where that is known.
    outline: Option<Outline>,
}

impl ApprovalArgs {
    /// Tells whether a plan was approved beforehand.
    pub(super) fn is_given(&self) -> bool {
        self.expect_digest.is_some() || self.approved_plan.is_some()
    }

    /// Reads what was approved; nothing where nothing was.
    pub(super) fn read(&self, session: &Session) -> Result<Option<Approved>, Failure> {
        let outline = match &self.approved_plan {
            Some(file) => Some(read_outline(&session.root.join(file), file)?),
            None => None,
        };
        let expected = match &self.expect_digest {
            Some(text) => Some(read_digest(text)?),
            None => None,
        };
        if let (Some(expected), Some(outline)) = (&expected, &outline)
            && outline.digest != *expected
        {
            let fault = Fault::new(format!(
                "the approved plan has the digest {}, not {expected}",
                outline.digest
            ));
            return Err(fault
                .hint("give the file and the digest of one plan")
                .into());
        }
        let digest = expected.or_else(|| Some(outline.as_ref()?.digest.clone()));
        Ok(digest.map(|digest| Approved { digest, outline }))
    }
}

impl Approved {
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
            Some(approved) => told.extend(differences(approved, &Outline::of(plan, &found))),
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

/// Says what a plan does otherwise than the approved one.
fn differences(approved: &Outline, found: &Outline) -> Vec<Diagnostic> {
    let lines = view::difference_lines(&approved.difference(found));
    if lines.is_empty() {
        let summary = "the steps are the same, but not what they are bound to: the project's environment, state, endpoint or region, or a move";
        return vec![Diagnostic::error(RULE, summary)];
    }
    let lines = lines.into_iter();
    lines.map(|line| Diagnostic::error(RULE, line)).collect()
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
        let summary = "nothing was changed outside gwplan since the last apply: the files or the state have moved";
        told.push(Diagnostic::warning(RULE, summary).help(
            "with `--approved-plan FILE`, the JSON of the plan that was approved, it is told what differs",
        ));
    }
    told
}

/// Refuses a saved plan where the same wish now gives another plan.
///
/// What the file holds beside its digest is not carried out, and so need not be believed.
pub(super) fn check_saved(
    saved: &SavedPlan,
    plan: &Plan,
    binding: &Binding,
) -> Result<(), Failure> {
    // A state that was not there yet has no id, and whoever planned may not have been allowed to ask for
    // the account: these were looked at before, and the plan was made for whichever they are.
    let mut binding = binding.clone();
    binding.lineage.clone_from(&saved.binding.lineage);
    binding.account.clone_from(&saved.binding.account);
    let (then, now) = (saved.digest.as_str(), digest(plan, &binding));
    if then == now {
        return Ok(());
    }
    let first = Diagnostic::error(
        "stale-plan",
        "the plan is stale: made again, it is another one",
    )
    .help("the cloud has changed since: plan again, review the new plan, and apply that");
    let differing = differences(&Outline::of(&saved.plan, then), &Outline::of(plan, &now));
    let more = differing.len().saturating_sub(TOLD);
    let mut told = vec![first];
    told.extend(differing.into_iter().take(TOLD));
    if more > 0 {
        told.push(Diagnostic::error(
            "stale-plan",
            format!("{more} more differences are not shown"),
        ));
    }
    Err(Failure::Diagnostics(told))
}

fn read_digest(text: &str) -> Result<String, Failure> {
    let digest = text.trim().to_lowercase();
    let hexadecimal = digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digest.len() == DIGEST_DIGITS && hexadecimal {
        return Ok(digest);
    }
    let fault = if hexadecimal && !digest.is_empty() {
        let count = digest.len();
        Fault::new(format!(
            "the digest {digest} has {count} digits, and a plan's has {DIGEST_DIGITS}"
        ))
    } else {
        Fault::new(format!("{digest:?} is no digest of a plan"))
    };
    Err(fault
        .hint("give the whole digest: `gwplan plan` prints it after `Digest:`")
        .into())
}

/// Tells whether an outline holds a whole digest: the beginning of one that a file holds would name
/// many plans.
fn names_a_plan(outline: &Outline) -> bool {
    let Outline { digest, .. } = outline;
    digest.len() == DIGEST_DIGITS && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Reads a saved plan, or a plan's JSON.
fn read_outline(path: &Path, shown: &Path) -> Result<Outline, Failure> {
    let shown = shown.display();
    let bytes = std::fs::read(path).with_context(|| format!("{shown} can't be read"))?;
    let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if let Some(outline) = Outline::from_json(&json).filter(names_a_plan) {
        return Ok(outline);
    }
    match SavedPlan::decode(&bytes) {
        Ok(saved) => Ok(Outline::of(&saved.plan, &saved.digest)),
        Err(fault) => {
            let fault = Fault::new(format!("{shown} is no plan of gwplan's")).because(fault);
            Err(fault
                .hint("keep the output of `gwplan plan --format json`, or what `--out FILE` writes")
                .into())
        }
    }
}
