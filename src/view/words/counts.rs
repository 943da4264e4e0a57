//! What is counted, and how it is counted out.

use crate::model::Counts;

/// Says whether something is still to be done, or was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::view) enum Tense {
    /// It is to be done.
    Planned,
    /// It was done.
    Done,
}

/// Lists how many resources there are of what a plan or a run does, each with its words; what there is none
/// of is left out, but for what a reader looks for first.
pub(in crate::view) fn counts(counts: &Counts, tense: Tense) -> Vec<(usize, &'static str)> {
    let Counts {
        add,
        change,
        destroy,
        resume,
        forget,
        moved,
    } = *counts;
    let words = [
        (add, ["to add", "added"], true),
        (change, ["to change", "changed"], true),
        (destroy, ["to destroy", "destroyed"], true),
        (resume, ["to wait for", "waited for"], false),
        (forget, ["to forget", "forgotten"], false),
        (moved, ["to move", "moved"], false),
    ];
    let told = words
        .into_iter()
        .filter(|(number, _, always)| *always || *number > 0);
    let told = told.map(|(number, [planned, done], _)| match tense {
        Tense::Planned => (number, planned),
        Tense::Done => (number, done),
    });
    told.collect()
}

/// Says what a plan or a run does, without a full stop.
pub(in crate::view) fn counted(counts: &Counts, tense: Tense) -> String {
    let parts = self::counts(counts, tense).into_iter();
    let parts = parts.map(|(number, what)| format!("{number} {what}"));
    parts.collect::<Vec<_>>().join(", ")
}

/// Counts things whose plural ends in s.
pub(in crate::view) fn plural(number: usize, what: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{number} {what}{end}")
}

/// Joins parts as a sentence does: `a, b and c`.
pub(in crate::view) fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Names the first few of many, and says how many there are beside them: `a, b and 3 more`.
pub(crate) fn few<T>(things: &[T], most: usize, name: impl Fn(&T) -> String) -> String {
    let named: Vec<String> = things.iter().take(most).map(name).collect();
    match things.len().saturating_sub(most) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
