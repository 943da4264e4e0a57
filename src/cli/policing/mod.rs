//! Holds plans to the project's policies, in one way for all commands.

pub(super) mod apart;
mod files;

use clap::Args;

use crate::config::Project;
use crate::model::{Diagnostic, Fault, FieldPath, Severity};
use crate::plan::{Plan, digest};
use crate::policy::{self, Bundle, Finding, Level, Outcome, Subject, denied};
use crate::review::{Context, Review};
use crate::state::{HistoryEntry, OpenPlan, Override, State};
use crate::view;

use super::Session;
use super::failure::Failure;
use super::planning::{binding, destination};
use super::workspace::{Workspace, schema_of};

/// Holds a plan to the project's policies.
///
/// What is wrong with the policies themselves goes to the plan's diagnostics: with an error there, the plan
/// can't be applied, as with any other.
pub(super) fn police(
    plan: &mut Plan,
    state: &State,
    workspace: &Workspace,
    session: &Session,
) -> Vec<Finding> {
    let policy = &workspace.project.policy;
    let locate = |path: &FieldPath| policy.location(path);
    let subject = Subject {
        plan,
        state,
        schemas: &schema_of,
    };
    let mut findings = policy::evaluate_guards(&policy.settings, &locate, &subject);
    // What all environments share need not be about each of them.
    let own = |path: &FieldPath| policy.location(path).filter(|_| policy.is_own(path));
    let mut diagnostics = policy::idle_guards(&policy.settings, &own, &subject);
    let bundle = files::read(&workspace.project, &session.reach, &mut diagnostics);
    if !bundle.files.is_empty() {
        let input = input(plan, state, workspace, session);
        let told = apart::run(&bundle, Some(&input), session);
        let Outcome {
            findings: found,
            diagnostics: faults,
        } = told;
        findings.extend(found);
        diagnostics.extend(faults);
    }
    policy::sort(&mut findings);
    plan.diagnostics.extend(diagnostics);
    findings
}

/// Checks the policies in Rego without a plan.
pub(super) fn check(project: &Project, session: &Session) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let bundle: Bundle = files::read(project, &session.reach, &mut diagnostics);
    if !bundle.files.is_empty() {
        diagnostics.extend(apart::run(&bundle, None, session).diagnostics);
    }
    diagnostics
}

/// Renders what policies see: the plan in JSON, as `gwplan plan --format json` writes it.
fn input(plan: &Plan, state: &State, workspace: &Workspace, session: &Session) -> String {
    let digest = digest(plan, &binding(session, workspace, state));
    let destination = destination(session, workspace);
    let review = Review::new(
        plan,
        Context {
            destination: Some(&destination),
            digest: &digest,
            command: None,
            policy: &[],
            schemas: &schema_of,
        },
    );
    view::plan_json(&review, state, &schema_of)
}

/// Refuses a plan that policies deny.
pub(super) fn refuse_denied(findings: &[Finding], hint: &str) -> Result<(), Failure> {
    if !denied(findings) {
        return Ok(());
    }
    let fault = Fault::new(format!("policy denies this plan: {}", rules(findings)));
    Err(fault.hint(hint).into())
}

/// Names the rules that deny, each once.
fn denying(findings: &[Finding]) -> Vec<String> {
    let mut rules: Vec<String> = findings
        .iter()
        .filter(|finding| finding.denies())
        .map(|finding| finding.rule.clone())
        .collect();
    rules.sort();
    rules.dedup();
    rules
}

fn rules(findings: &[Finding]) -> String {
    denying(findings).join(", ")
}

/// Whether a plan that policies deny is carried out all the same.
#[derive(Debug, Args)]
pub(super) struct OverrideArgs {
    /// Carries out a plan that policies deny; the state remembers who did it and why.
    #[arg(long = "override-policy", value_name = "REASON", value_parser = reason)]
    reason: Option<String>,
}

fn reason(text: &str) -> Result<String, String> {
    const MOST: usize = 1000;
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MOST {
        return Err(format!("say why, in 1 to {MOST} characters"));
    }
    Ok(text.to_owned())
}

impl OverrideArgs {
    /// Lets a plan through that no policy denies, or whose denial is overridden; says so aloud.
    pub(super) fn let_through(
        &self,
        findings: &[Finding],
        session: &Session,
    ) -> Result<Option<Override>, Failure> {
        let Some(reason) = &self.reason else {
            let hint = "change what it denies, or apply the plan anyway with --override-policy REASON: the state records who did that and why";
            refuse_denied(findings, hint)?;
            return Ok(None);
        };
        if !denied(findings) {
            let hint = "no policy denies this plan: --override-policy changes nothing";
            session.terminal.hint(hint);
            return Ok(None);
        }
        let rules = denying(findings);
        let said = Diagnostic::warning(
            "policy-overridden",
            format!("policy is overridden: {}", rules.join(", ")),
        )
        .help(format!("the reason that the state remembers: {reason}"));
        session.terminal.error(&view::render_diagnostics(
            &[said],
            view::DiagnosticFormat::Text,
        ));
        Ok(Some(Override {
            reason: reason.clone(),
            rules,
        }))
    }

    /// Turns findings into diagnostics, for output that programs read.
    pub(super) fn diagnostics(&self, findings: &[Finding]) -> Vec<Diagnostic> {
        let told = findings.iter().map(|finding| {
            let Finding {
                level,
                rule,
                message,
                address,
                location,
                is_rest: _,
            } = finding;
            let denies = *level == Level::Deny && self.reason.is_none();
            let mut told = Diagnostic::error("policy", format!("{rule}: {message}"));
            if !denies {
                told.severity = Severity::Warning;
            }
            told.about.clone_from(address);
            told.at(location.clone())
        });
        told.collect()
    }
}

/// Makes the state remember the run that is about to carry a plan out; a plan of nothing is none.
pub(super) fn remember(
    state: &mut State,
    plan: &Plan,
    open: OpenPlan,
    command: &str,
    overridden: Option<Override>,
    session: &Session,
) {
    if plan.is_empty() {
        return;
    }
    let holder = Workspace::holder(session, command);
    state.remember(HistoryEntry {
        at: holder.since,
        user: holder.user,
        host: holder.host,
        url: holder.url,
        command: holder.command,
        digest: open.digest.clone(),
        planned: plan.counts(),
        overridden,
    });
    state.open_plan = Some(open);
}
