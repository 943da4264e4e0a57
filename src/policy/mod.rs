//! What the project's own rules say about a plan.
//!
//! A policy looks at a plan that is made and says what is wrong with it. It changes nothing about the
//! plan, and it is pure: the files of policies are read by whoever calls.

mod glob;
mod guards;
mod rego;

use crate::model::{Address, Location};

pub use guards::{Locate, Subject, evaluate as evaluate_guards, idle as idle_guards};
pub use rego::{
    Bundle, Outcome, check as check_rego, evaluate as evaluate_rego, receive as receive_outcome,
    send as send_policies, serve as serve_policies,
};

/// Says how much weight a finding has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// It is told, and keeps nothing from being done.
    Warn,
    /// The plan is not to be carried out.
    Deny,
}

impl Level {
    /// Returns the word that names it: `warn` or `deny`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

/// Reports that a plan goes against a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much weight it has.
    pub level: Level,
    /// The stable id of the rule, for example `max-destroys`, or `main.deny` for a rule in Rego.
    pub rule: String,
    /// What is against it, in words.
    pub message: String,
    /// The resource that it is about, if it is about one.
    pub address: Option<Address>,
    /// Where the rule stands, if that is known.
    pub location: Option<Location>,
    /// Whether it stands for further ones of its rule, which are too many to be told one by one.
    pub is_rest: bool,
}

impl Finding {
    /// Tells whether it keeps the plan from being carried out.
    pub fn denies(&self) -> bool {
        self.level == Level::Deny
    }
}

/// Tells whether any of the findings keeps the plan from being carried out.
pub fn denied(findings: &[Finding]) -> bool {
    findings.iter().any(Finding::denies)
}

/// Puts findings in their order, denials first, what stands for further ones behind them, and each of them
/// once.
pub fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by_cached_key(|finding| {
        (
            !finding.denies(),
            finding.rule.clone(),
            finding.is_rest,
            finding.address.clone(),
            finding.message.clone(),
            finding.location.as_ref().map(Location::label),
        )
    });
    findings.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denials_come_first_and_nothing_twice() {
        let finding = |level, rule: &str| Finding {
            level,
            rule: rule.to_owned(),
            message: "too many".to_owned(),
            address: None,
            location: None,
            is_rest: false,
        };
        let warned = finding(Level::Warn, "a");
        let denied = finding(Level::Deny, "b");
        let mut findings = vec![warned.clone(), denied.clone(), warned.clone()];
        sort(&mut findings);
        assert_eq!(findings, [denied, warned]);
        assert!(super::denied(&findings));
    }
}
