//! Misbehaviour to order.
//!
//! A rule reads `ACTION=KIND[:ARGUMENT][@PROBABILITY][#COUNT]`, for example
//! `CreateCloudNativeAPIGateway=lost#1` or `read=latency:200ms@0.1`. Rules strike requests that
//! signature and rate have let through, so that counts and probabilities mean what they say.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use fastrand::Rng;
use jiff::SignedDuration;

use crate::api::{Effect, Service};
use crate::model::Fault;
use crate::schema::suggest;

use super::actions::{self, Action};

/// Tells a simulator to misbehave.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRule {
    /// The actions that it strikes.
    pub target: Target,
    /// What happens.
    pub kind: FaultKind,
    /// How likely it is to strike a request, from 0 to 1.
    pub probability: f64,
    /// How often it strikes at most.
    pub count: Option<u64>,
}

/// Says which actions a rule strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// All of them.
    All,
    /// Those that change nothing.
    Reads,
    /// Those that change something.
    Writes,
    /// The one of this name.
    Action(String),
}

/// Says what happens to a request that is struck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// `latency:200ms`: it waits before it is carried out.
    Latency(Duration),
    /// `status:502`: it is not carried out; the answer is an HTTP status without an envelope.
    Status(u16),
    /// `code:RequestLimitExceeded`: it is not carried out; the answer is this code of the vendor.
    Code(String),
    /// `reset`: the connection is closed before it is carried out.
    Reset,
    /// `lost`: it is carried out, then the connection is closed without an answer.
    Lost,
    /// `garbage`: it is carried out, and answered with HTTP 200 and something that is not JSON.
    Garbage,
    /// `cut`: it is carried out, and the answer breaks off in the middle.
    Cut,
    /// `5xx-after`: it is carried out, and answered with HTTP 502.
    StatusAfter,
    /// `id:gateway-1`: it is carried out, and the answer says that this is the id of what it is about.
    Id(String),
    /// `fail-task`: it is accepted, and its task fails: that of a create ends in `CreateFailed`, that
    /// of a change in `ModifyFailed` with nothing changed. Actions without such a task pass.
    FailTask,
    /// `empty`: a list shows nothing, as one that lags behind does.
    Empty,
}

const KINDS: [&str; 11] = [
    "latency",
    "status",
    "code",
    "reset",
    "lost",
    "garbage",
    "cut",
    "5xx-after",
    "id",
    "fail-task",
    "empty",
];

impl FromStr for FaultRule {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let Some((target, rest)) = text.trim().split_once('=') else {
            return Err(malformed(text, "it has no `=`"));
        };
        let tail_at = rest.find(['@', '#']).unwrap_or(rest.len());
        let (kind, tail) = rest.split_at(tail_at);
        let (probability, count) = read_tail(text, tail)?;
        Ok(Self {
            target: read_target(text, target)?,
            kind: read_kind(text, kind)?,
            probability,
            count,
        })
    }
}

fn malformed(rule: &str, why: impl fmt::Display) -> Fault {
    Fault::new(format!("the fault rule {rule:?} can't be read: {why}"))
        .hint("write ACTION=KIND[:ARGUMENT][@PROBABILITY][#COUNT], for example `write=lost@0.1`")
}

fn read_target(rule: &str, word: &str) -> Result<Target, Fault> {
    match word {
        "*" => Ok(Target::All),
        "read" => Ok(Target::Reads),
        "write" => Ok(Target::Writes),
        name if actions::named(name).is_some() => Ok(Target::Action(name.to_owned())),
        other => {
            let known = || actions::ACTIONS.iter().map(|action| action.name);
            let why = match suggest(other, known()) {
                Some(likely) => {
                    format!("there is no action {other:?}; did you mean `{likely}`?")
                }
                None => format!(
                    "there is no action {other:?}; known: *, read, write, {}",
                    known().collect::<Vec<_>>().join(", ")
                ),
            };
            Err(malformed(rule, why))
        }
    }
}

fn read_kind(rule: &str, text: &str) -> Result<FaultKind, Fault> {
    let (word, argument) = match text.split_once(':') {
        Some((word, argument)) => (word, Some(argument)),
        None => (text, None),
    };
    let needed = |example: &str| {
        argument.filter(|text| !text.is_empty()).ok_or_else(|| {
            malformed(
                rule,
                format!("`{word}` needs an argument, as in `{word}:{example}`"),
            )
        })
    };
    let plain = |kind: FaultKind| match argument {
        None => Ok(kind),
        Some(_) => Err(malformed(rule, format!("`{word}` takes no argument"))),
    };
    match word {
        "latency" => read_duration(rule, needed("200ms")?).map(FaultKind::Latency),
        "status" => read_status(rule, needed("502")?).map(FaultKind::Status),
        "code" => needed("RequestLimitExceeded").map(|code| FaultKind::Code(code.to_owned())),
        "reset" => plain(FaultKind::Reset),
        "lost" => plain(FaultKind::Lost),
        "garbage" => plain(FaultKind::Garbage),
        "cut" => plain(FaultKind::Cut),
        "5xx-after" => plain(FaultKind::StatusAfter),
        "id" => argument
            .map(|id| FaultKind::Id(id.to_owned()))
            .ok_or_else(|| malformed(rule, "`id` needs an argument, as in `id:gateway-1`")),
        "fail-task" => plain(FaultKind::FailTask),
        "empty" => plain(FaultKind::Empty),
        other => Err(malformed(
            rule,
            format!("there is no kind {other:?}; known: {}", KINDS.join(", ")),
        )),
    }
}

fn read_duration(rule: &str, text: &str) -> Result<Duration, Fault> {
    text.parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| {
            malformed(
                rule,
                format!("{text:?} is not a duration; write 200ms or 2s"),
            )
        })
}

fn read_status(rule: &str, text: &str) -> Result<u16, Fault> {
    text.parse()
        .ok()
        .filter(|status| (200..600).contains(status))
        .ok_or_else(|| malformed(rule, format!("{text:?} is no HTTP status from 200 to 599")))
}

/// Reads `@PROBABILITY` and `#COUNT`, in either order, each at most once.
fn read_tail(rule: &str, mut tail: &str) -> Result<(f64, Option<u64>), Fault> {
    let (mut probability, mut count) = (None, None);
    while let Some(sign) = tail.chars().next() {
        let rest = &tail[1..];
        let end = rest.find(['@', '#']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if sign == '@' && probability.is_none() {
            let read = word.parse().ok().filter(|p| (0.0..=1.0).contains(p));
            probability = Some(read.ok_or_else(|| {
                malformed(rule, format!("{word:?} is no probability from 0 to 1"))
            })?);
        } else if sign == '#' && count.is_none() {
            let read = word.parse().ok().filter(|count| *count > 0);
            count =
                Some(read.ok_or_else(|| malformed(rule, format!("{word:?} is no count from 1")))?);
        } else {
            return Err(malformed(rule, format!("`{sign}` stands there twice")));
        }
        tail = after;
    }
    Ok((probability.unwrap_or(1.0), count))
}

impl fmt::Display for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = match &self.target {
            Target::All => "*",
            Target::Reads => "read",
            Target::Writes => "write",
            Target::Action(name) => name,
        };
        write!(f, "{target}=")?;
        match &self.kind {
            FaultKind::Latency(duration) => write!(f, "latency:{}ms", duration.as_millis())?,
            FaultKind::Status(status) => write!(f, "status:{status}")?,
            FaultKind::Code(code) => write!(f, "code:{code}")?,
            FaultKind::Reset => f.write_str("reset")?,
            FaultKind::Lost => f.write_str("lost")?,
            FaultKind::Garbage => f.write_str("garbage")?,
            FaultKind::Cut => f.write_str("cut")?,
            FaultKind::StatusAfter => f.write_str("5xx-after")?,
            FaultKind::Id(id) => write!(f, "id:{id}")?,
            FaultKind::FailTask => f.write_str("fail-task")?,
            FaultKind::Empty => f.write_str("empty")?,
        }
        if self.probability < 1.0 {
            write!(f, "@{}", self.probability)?;
        }
        self.count.map_or(Ok(()), |count| write!(f, "#{count}"))
    }
}

impl Target {
    fn matches(&self, action: &Action) -> bool {
        match self {
            // Who is asking is a question beside the work: rules for that name it.
            Self::All | Self::Reads if action.service == Service::Sts => false,
            Self::All => true,
            Self::Reads => action.effect == Effect::Read,
            Self::Writes => action.effect != Effect::Read,
            Self::Action(name) => name == action.name,
        }
    }
}

/// Holds what the rules do to one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Strike {
    /// How long it waits first.
    pub(super) latency: Duration,
    /// What happens instead of carrying it out.
    pub(super) before: Option<Before>,
    /// What becomes of the answer.
    pub(super) after: Option<After>,
    /// Whether the task that it starts fails.
    pub(super) fail_task: bool,
    /// Whether the list that it asks for is empty.
    pub(super) empty: bool,
}

/// Says what happens instead of carrying a request out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// The connection is closed.
    HangUp,
    /// A bare HTTP status is the answer.
    Status(u16),
    /// A code of the vendor is the answer.
    Code(String),
}

/// Says what becomes of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The connection is closed instead.
    HangUp,
    /// It is replaced by something that is not JSON.
    Garbage,
    /// It breaks off.
    Cut,
    /// It is replaced by HTTP 502.
    Status,
    /// It names another id.
    Id(String),
}

/// Holds the rules and how often each has struck.
#[derive(Debug)]
pub(super) struct Faults(Vec<(FaultRule, u64)>);

impl Faults {
    /// Takes rules over; none has struck yet.
    pub(super) fn new(rules: Vec<FaultRule>) -> Self {
        Self(rules.into_iter().map(|rule| (rule, 0)).collect())
    }

    /// Returns the rules.
    pub(super) fn rules(&self) -> impl Iterator<Item = &FaultRule> {
        self.0.iter().map(|(rule, _)| rule)
    }

    /// Throws the dice for one request.
    ///
    /// Waits add up; of the rules that decide the request's fate, the first one that strikes wins,
    /// and what prevents it from being carried out comes before what spoils its answer.
    pub(super) fn strike(&mut self, action: &Action, rng: &mut Rng) -> Strike {
        let mut strike = Strike::default();
        for (rule, struck) in &mut self.0 {
            let before = match &rule.kind {
                FaultKind::Latency(_) => None,
                FaultKind::Status(status) => Some(Before::Status(*status)),
                FaultKind::Code(code) => Some(Before::Code(code.clone())),
                FaultKind::Reset => Some(Before::HangUp),
                _ => continue,
            };
            if before.is_some() && strike.before.is_some() {
                continue;
            }
            if !strikes(rule, struck, action, rng) {
                continue;
            }
            match &rule.kind {
                FaultKind::Latency(latency) => strike.latency += *latency,
                _ => strike.before = before,
            }
        }
        if strike.before.is_none() {
            self.strike_carried_out(&mut strike, action, rng);
        }
        strike
    }

    fn strike_carried_out(&mut self, strike: &mut Strike, action: &Action, rng: &mut Rng) {
        for (rule, struck) in &mut self.0 {
            let after = match &rule.kind {
                FaultKind::Lost => Some(After::HangUp),
                FaultKind::Garbage => Some(After::Garbage),
                FaultKind::Cut => Some(After::Cut),
                FaultKind::StatusAfter => Some(After::Status),
                FaultKind::Id(id) => Some(After::Id(id.clone())),
                FaultKind::FailTask if action.can_fail => None,
                FaultKind::Empty if action.lists => None,
                _ => continue,
            };
            if after.is_some() && strike.after.is_some() {
                continue;
            }
            if !strikes(rule, struck, action, rng) {
                continue;
            }
            match rule.kind {
                FaultKind::FailTask => strike.fail_task = true,
                FaultKind::Empty => strike.empty = true,
                _ => strike.after = after,
            }
        }
    }
}

fn strikes(rule: &FaultRule, struck: &mut u64, action: &Action, rng: &mut Rng) -> bool {
    let open = rule.target.matches(action) && rule.count.is_none_or(|count| *struck < count);
    // No die is thrown where the outcome is certain, so that such rules don't shift other dice.
    let hit = open && (rule.probability >= 1.0 || rng.f64() < rule.probability);
    *struck += u64::from(hit);
    hit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes_of(rules: &[&str], name: &str, times: usize) -> Vec<Strike> {
        let rules = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        let mut faults = Faults::new(rules);
        let mut rng = Rng::with_seed(1);
        let action = actions::named(name).unwrap();
        (0..times)
            .map(|_| faults.strike(action, &mut rng))
            .collect()
    }

    #[test]
    fn rules_read_back_as_they_print() {
        for rule in [
            "*=latency:200ms@0.5",
            "read=status:502",
            "write=code:RequestLimitExceeded#3",
            "CreateCloudNativeAPIGateway=lost@0.25#1",
            "*=5xx-after",
            "write=id:gateway-1#1",
            "*=fail-task",
        ] {
            let read: FaultRule = rule.parse().unwrap();
            assert_eq!(read.to_string(), rule);
        }
        let either_order: FaultRule = "*=cut#2@0.5".parse().unwrap();
        assert_eq!(either_order.to_string(), "*=cut@0.5#2");
    }

    #[test]
    fn a_rule_that_can_not_be_read_says_why() {
        for (rule, why) in [
            ("lost", "no `=`"),
            ("CreateCloudNativeApiGatway=lost", "did you mean"),
            ("banana=lost", "known: *"),
            ("*=explode", "known: latency"),
            ("*=latency", "needs an argument"),
            ("*=latency:soon", "not a duration"),
            ("*=status:99", "no HTTP status"),
            ("*=lost:1", "takes no argument"),
            ("*=lost@2", "no probability"),
            ("*=lost#0", "no count"),
            ("*=lost#1#2", "twice"),
        ] {
            let fault = rule.parse::<FaultRule>().unwrap_err().to_string();
            assert!(fault.contains(why), "{fault}");
        }
    }

    #[test]
    fn counts_run_out_and_the_first_fate_wins() {
        let name = "CreateCloudNativeAPIGateway";
        let struck = strikes_of(&["*=lost#1", "write=status:500#1", "read=reset"], name, 3);
        assert_eq!(struck[0].before, Some(Before::Status(500)));
        assert_eq!(struck[0].after, None, "lost is not used up");
        assert_eq!(struck[1].after, Some(After::HangUp));
        assert_eq!(struck[2], Strike::default());
    }

    #[test]
    fn what_suits_one_kind_of_action_is_kept_for_it() {
        let rules = ["*=fail-task#1", "*=empty#1"];
        assert_eq!(
            strikes_of(&rules, "DescribeCloudNativeAPIGateway", 1)[0],
            Strike::default()
        );
        assert!(strikes_of(&rules, "CreateCloudNativeAPIGateway", 1)[0].fail_task);
        assert!(strikes_of(&rules, "DescribeCloudNativeAPIGateways", 1)[0].empty);
    }

    #[test]
    fn dice_are_fair_enough_and_repeat() {
        let name = "DescribeCloudNativeAPIGateway";
        let struck = strikes_of(&["read=reset@0.25"], name, 1000);
        let hits = struck.iter().filter(|s| s.before.is_some()).count();
        assert!((200..300).contains(&hits), "{hits}");
        assert_eq!(struck, strikes_of(&["read=reset@0.25"], name, 1000));
    }
}
