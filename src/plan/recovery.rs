//! What the cloud's word makes of requests whose outcome is not recorded.
//!
//! A run that was cut off leaves intents open. [`judge`] says, from what the cloud shows, how each one
//! ended; the engine asks for as long as it takes and acts on that, and a plan foresees it.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::model::{
    Address, Attributes, Diagnostic, FieldPath, Identity, Observed, Phase, Value, set_value_at,
    value_at,
};
use crate::schema::{Field, Read, ResourceSchema, field_at};
use crate::state::{Change, Draft, Intent, Record, Request, State, Status};

use super::diff::meaningful;
use super::{Inputs, Schemas, Snapshot};

/// How much earlier than its create a resource may say that it was made: the time zone of the
/// cloud's times is not documented.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(24);

/// Says how a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is clear: these changes make the state right.
    Settled {
        /// What the state must take over.
        changes: Vec<Change>,
        /// Whether the cloud has carried the request out.
        done: bool,
        /// What came out, in words that follow the address.
        note: String,
    },
    /// The cloud does not show its outcome yet.
    Unclear,
    /// The cloud is at work on the resource, and shows the outcome when that is over.
    Busy,
    /// Several resources may be the one that it made.
    Several(Vec<Observed>),
}

/// Holds what an intent is judged by.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// The resource.
    pub address: &'a Address,
    /// What was asked for.
    pub intent: &'a Intent,
    /// What is recorded of it.
    pub record: Option<&'a Record>,
    /// The resources that are recorded, whatever their address.
    pub known: &'a BTreeSet<Identity>,
    /// What the cloud shows.
    pub snapshot: &'a Snapshot,
    /// The table of the resource's kind.
    pub schema: &'a ResourceSchema,
    /// Whether the cloud has had the time to show everything.
    pub last: bool,
}

/// Judges by what the cloud shows how a request ended.
pub fn judge(case: Case<'_>) -> Verdict {
    let Case {
        address, intent, ..
    } = case;
    if intent.sent.is_none() {
        let word = intent.request.word();
        return settled(
            address,
            None,
            false,
            format!("the {word} had not been sent"),
        );
    }
    match &intent.request {
        Request::Create {
            draft, successor, ..
        } => judge_create(case, draft, *successor),
        Request::Update {
            target,
            action,
            paths,
            after,
        } => judge_update(case, target, action, paths, after),
        Request::Delete { target } => judge_delete(case, target),
    }
}

fn settled(
    address: &Address,
    record: Option<Record>,
    done: bool,
    note: impl Into<String>,
) -> Verdict {
    let recorded = record.map(|record| Change::recorded(address, record));
    let closed = Change::closed(address);
    Verdict::Settled {
        changes: recorded.into_iter().chain([closed]).collect(),
        done,
        note: note.into(),
    }
}

fn judge_create(case: Case<'_>, draft: &Draft, successor: bool) -> Verdict {
    let mut candidates = candidates(case, draft);
    candidates.sort_by(|a, b| older(a, b));
    match candidates.as_slice() {
        [] if case.last => settled(
            case.address,
            None,
            false,
            "the cloud shows no gateway from the create that was sent: nothing was created",
        ),
        [] => Verdict::Unclear,
        [one] => {
            let note = format!("{} is what the create made: it is taken over", one.id);
            adopt(case, draft, successor, one, note)
        }
        several => Verdict::Several(several.iter().map(|one| (*one).clone()).collect()),
    }
}

/// Takes over the resource that a create made.
fn adopt(case: Case<'_>, draft: &Draft, successor: bool, one: &Observed, note: String) -> Verdict {
    let made = draft.accepted(one.id.clone(), None, one.status.clone());
    let record = match case.record {
        Some(old) if successor => Record {
            successor: Some(Box::new(made)),
            ..old.clone()
        },
        _ => made,
    };
    settled(case.address, Some(record), true, note)
}

/// Settles a create by the user's word: this resource is the one, or none is.
///
/// `None` where the intent is of no create, or the cloud shows no such candidate.
pub fn choose(case: Case<'_>, choice: Option<&str>) -> Option<Verdict> {
    let Request::Create {
        draft, successor, ..
    } = &case.intent.request
    else {
        return None;
    };
    let Some(id) = choice else {
        return Some(settled(
            case.address,
            None,
            false,
            "as you said, the create made nothing",
        ));
    };
    let candidates = candidates(case, draft);
    let one = candidates.into_iter().find(|one| one.id == id)?;
    let note = format!("{id} is taken over, as you said");
    Some(adopt(case, draft, *successor, one, note))
}

/// Finds the resources that a create may have made: none that a record holds, that was there before, or
/// that is too old.
///
/// The owner tag says it. Without one it is a resource of that name and those settings.
fn candidates<'a>(case: Case<'a>, draft: &Draft) -> Vec<&'a Observed> {
    let Request::Create {
        owner, namesakes, ..
    } = &case.intent.request
    else {
        return Vec::new();
    };
    let found = case.snapshot.found.iter().filter(|(identity, observed)| {
        identity.region == draft.region
            && observed.phase != Phase::Leaving
            && !case.known.contains(identity)
            && !namesakes.contains(&identity.id)
            && young_enough(observed, case.intent.sent)
    });
    found
        .map(|(_, observed)| observed)
        .filter(|observed| match owner {
            Some(_) => observed.owner == *owner,
            None => {
                observed.owner.is_none()
                    && is_as_asked(case.schema, &draft.applied, &observed.attributes)
            }
        })
        .collect()
}

fn older(a: &Observed, b: &Observed) -> Ordering {
    (&a.created, &a.id).cmp(&(&b.created, &b.id))
}

fn young_enough(observed: &Observed, sent: Option<Timestamp>) -> bool {
    let made = observed
        .created
        .as_deref()
        .and_then(|text| text.parse::<DateTime>().ok())
        .and_then(|time| TimeZone::UTC.to_timestamp(time).ok());
    match (made, sent) {
        (Some(made), Some(sent)) => made.duration_since(sent) >= -CLOCKS_DIFFER,
        _ => true,
    }
}

/// Tells whether the list shows what was asked for, tags aside.
fn is_as_asked(schema: &ResourceSchema, asked: &Attributes, shown: &Attributes) -> bool {
    schema
        .listed()
        .filter(|field| field.key != "tags")
        .filter_map(|field| Some((field.key, asked.get(field.key)?)))
        .all(|(key, value)| covers(shown.get(key), Some(value)))
}

/// Tells whether a value is the wanted one, or a map that holds all of the wanted one.
fn covers(shown: Option<&Value>, wanted: Option<&Value>) -> bool {
    match (wanted, shown) {
        (Some(Value::Map(wanted)), Some(Value::Map(shown))) => wanted
            .iter()
            .all(|(key, value)| shown.get(key) == Some(value)),
        // The cloud shows nothing of a text that was asked for as empty.
        (wanted, shown) => meaningful(wanted) == meaningful(shown),
    }
}

fn judge_update(
    case: Case<'_>,
    target: &Identity,
    action: &str,
    paths: &[FieldPath],
    after: &Attributes,
) -> Verdict {
    let (Some(record), Some(observed)) = (case.record, case.snapshot.found.get(target)) else {
        let note = format!("the gateway that {action} was about is gone");
        return settled(case.address, None, false, note);
    };
    let done: Vec<&FieldPath> = paths
        .iter()
        .filter(|path| is_shown(case.schema.fields, path, after, &observed.attributes))
        .collect();
    if observed.phase == Phase::Busy {
        return Verdict::Busy;
    }
    if !case.last && done.len() < paths.len() {
        return Verdict::Unclear;
    }
    let mut record = record.clone();
    if let Some(own) = part_of(&mut record, target) {
        for path in &done {
            set_value_at(&mut own.applied, path, value_at(after, path).cloned());
        }
    }
    let all = done.len() == paths.len();
    let note = if all {
        format!("{action} took effect")
    } else {
        format!("the cloud does not show that {action} took effect")
    };
    settled(case.address, Some(record), all, note)
}

/// Tells whether the cloud shows the value that an update sets; what it never shows is not known.
fn is_shown(fields: &[Field], path: &FieldPath, after: &Attributes, shown: &Attributes) -> bool {
    let wanted = value_at(after, path).filter(|value| value.as_text() != Some(""));
    match field_at(fields, path).map(|field| field.read) {
        Some(Read::Unlisted) => false,
        Some(Read::Listed | Read::Detailed) | None => covers(value_at(shown, path), wanted),
    }
}

/// Finds the record of a resource: the one of the address, or its successor.
fn part_of<'a>(record: &'a mut Record, target: &Identity) -> Option<&'a mut Record> {
    if record.identity() == *target {
        return Some(record);
    }
    let successor = record.successor.as_deref_mut()?;
    (successor.identity() == *target).then_some(successor)
}

fn judge_delete(case: Case<'_>, target: &Identity) -> Verdict {
    let observed = case.snapshot.found.get(target);
    let leaving = observed.is_none_or(|observed| observed.phase == Phase::Leaving);
    if !leaving && !case.last {
        return Verdict::Unclear;
    }
    let mut record = case.record.cloned();
    let own = record.as_mut().and_then(|record| part_of(record, target));
    if !leaving {
        // A record that still said so would let a plan give up what lives on.
        if let Some(own) = own.filter(|own| own.status == Status::Deleting) {
            own.status = Status::Ready;
        }
        let note = format!("{} was not deleted: it still exists", target.id);
        return settled(case.address, record, false, note);
    }
    if let Some(own) = own {
        own.status = Status::Deleting;
    }
    let what = if observed.is_some() {
        "is being deleted"
    } else {
        "is deleted"
    };
    settled(case.address, record, true, format!("{} {what}", target.id))
}

/// Holds what a plan presumes about requests that were cut off.
pub(super) struct Foreseen<'a> {
    /// The state as recovery will leave it.
    pub(super) state: Cow<'a, State>,
    /// The addresses whose successor is gone from the cloud, and from the state.
    pub(super) dropped: Vec<Address>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Presumes what recovery will find, so that a plan shows what the next apply will do.
pub(super) fn foresee<'a>(inputs: &Inputs<'a>) -> Foreseen<'a> {
    let dropped = gone_successors(inputs);
    let mut foreseen = Foreseen {
        state: Cow::Borrowed(inputs.state),
        dropped: Vec::new(),
        diagnostics: Vec::new(),
    };
    // A state is large, and this is the rare case.
    if dropped.is_empty() && inputs.state.intents.is_empty() {
        return foreseen;
    }
    let state = foreseen.state.to_mut();
    for address in &dropped {
        if let Some(record) = state.resources.get_mut(address) {
            record.successor = None;
        }
    }
    let mut known: BTreeSet<Identity> = state.identities().collect();
    for (address, intent) in &inputs.state.intents {
        let diagnostic = match inputs.snapshot {
            Some(snapshot) => presume(address, intent, snapshot, inputs.schemas, state, &known),
            None => unasked(address, intent),
        };
        let record = state.resources.get(address);
        known.extend(record.into_iter().flat_map(Record::identities));
        foreseen.diagnostics.push(diagnostic);
    }
    foreseen.dropped = dropped;
    foreseen
}

/// Finds the records whose successor the cloud says is gone.
fn gone_successors(inputs: &Inputs<'_>) -> Vec<Address> {
    let Some(snapshot) = inputs.snapshot else {
        return Vec::new();
    };
    let gone = |record: &Record| {
        let successor = record.successor.as_deref();
        successor.is_some_and(|made| snapshot.gone.contains(&made.identity()))
    };
    let records = inputs.state.resources.iter();
    records
        .filter(|(_, record)| gone(record))
        .map(|(address, _)| address.clone())
        .collect()
}

fn presume(
    address: &Address,
    intent: &Intent,
    snapshot: &Snapshot,
    schemas: Schemas<'_>,
    state: &mut State,
    known: &BTreeSet<Identity>,
) -> Diagnostic {
    let Some(schema) = schemas(address.kind()) else {
        return unasked(address, intent);
    };
    let verdict = judge(Case {
        address,
        intent,
        record: state.resources.get(address),
        known,
        snapshot,
        schema,
        last: true,
    });
    match verdict {
        Verdict::Settled { changes, note, .. } => {
            for change in changes {
                state.take(change);
            }
            Diagnostic::warning("recovery", format!("{address}: {note}"))
                .help("a run was interrupted; apply first asks the cloud how it ended, and `gwplan recover` does only that")
                .about(address)
        }
        Verdict::Several(several) => undecided(address, &several),
        Verdict::Unclear | Verdict::Busy => unasked(address, intent),
    }
}

/// Says that only the user can tell which resource a create made.
pub fn undecided(address: &Address, several: &[Observed]) -> Diagnostic {
    let choices: Vec<String> = several
        .iter()
        .map(|one| {
            let made = one.created.as_deref().unwrap_or("at an unknown time");
            format!("{} ({}, made {made})", one.id, one.status)
        })
        .collect();
    Diagnostic::error(
        "undecided",
        format!(
            "{address}: an interrupted run sent a create, and {} gateways could be its result: {}",
            several.len(),
            choices.join(", ")
        ),
    )
    .help(format!(
        "say which one it is: gwplan recover --choose {address}=GATEWAY_ID, or {address}=none"
    ))
    .about(address)
}

fn unasked(address: &Address, intent: &Intent) -> Diagnostic {
    let word = intent.request.word();
    Diagnostic::warning(
        "recovery",
        format!("{address}: an interrupted run sent a {word}, and its result is not known"),
    )
    .help("`gwplan recover` asks the cloud; this plan does not")
    .about(address)
}
