//! What a comment remembers, in lines that no reader sees, of the plans that it has shown.

use crate::review::{Difference, Outline};

/// Holds the outline of the plan that a comment shows, and of the last one that was another.
///
/// With the earlier one at hand, a run that finds the same plan again says the same about what has
/// changed, and so has nothing to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    now: Outline,
    before: Option<Outline>,
}

impl Record {
    /// Begins to remember.
    pub(super) fn new(now: Outline) -> Self {
        Self { now, before: None }
    }

    /// Reads it from a comment.
    pub(super) fn read(comment: &str) -> Option<Self> {
        let mut lines = comment.lines().skip(1);
        let now = inner(lines.next()?, "plan").and_then(Outline::decode)?;
        let before = lines.next().and_then(|line| inner(line, "before"));
        Some(Self {
            now,
            before: before.and_then(Outline::decode),
        })
    }

    /// Remembers one plan more.
    pub(super) fn then(self, now: Outline) -> Self {
        let before = if is_same(&self.now, &now) {
            self.before
        } else {
            Some(self.now)
        };
        Self { now, before }
    }

    /// Tells what the plan does otherwise than the last one that was another.
    pub(super) fn difference(&self) -> Option<Difference> {
        let difference = self.before.as_ref()?.difference(&self.now);
        let is_one = !difference.shifts.is_empty() || difference.partial;
        is_one.then_some(difference)
    }

    /// Writes it, within some bytes for each of its lines.
    pub(super) fn lines(&self, max_bytes: usize) -> String {
        let line = |word: &str, outline: &Outline| {
            format!("<!-- gwplan:{word} {} -->\n", outline.encode(max_bytes))
        };
        let before = self.before.as_ref();
        let before = before.map(|before| line("before", before));
        line("plan", &self.now) + &before.unwrap_or_default()
    }
}

/// Tells whether two plans do the same, as far as can be known.
fn is_same(before: &Outline, now: &Outline) -> bool {
    let difference = before.difference(now);
    (before.digest.is_some() && before.digest == now.digest)
        || (difference.shifts.is_empty() && !difference.partial)
}

fn inner<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let line = line.trim_end().strip_prefix("<!-- gwplan:")?;
    line.strip_prefix(word)?
        .strip_prefix(' ')?
        .strip_suffix(" -->")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(digest: &str, entries: &str) -> Outline {
        Outline::decode(&format!("1 {digest}{entries}")).expect("an outline")
    }

    fn read(record: &Record) -> Record {
        let comment = format!("<!-- marker -->\n{}\nthe plan", record.lines(1000));
        Record::read(&comment).expect("a record")
    }

    #[test]
    fn a_record_reads_back_as_it_is_written() {
        let first = Record::new(outline("a", " gateway.x--y=create:01"));
        assert_eq!(read(&first), first);
        let second = first.then(outline("b", ""));
        assert_eq!(read(&second), second);
        assert_eq!(Record::read("<!-- marker -->\nno record"), None);
        assert_eq!(Record::read("<!-- marker -->"), None);
    }

    #[test]
    fn the_same_plan_again_tells_the_same_change_again() {
        let first = Record::new(outline("a", " gateway.x=create:01"));
        assert_eq!(first.difference(), None);
        let again = read(&first).then(outline("a", " gateway.x=create:01"));
        assert_eq!(again, first);
        let changed = read(&first).then(outline("b", " gateway.x=delete:02"));
        assert_eq!(changed.difference().expect("one").shifts.len(), 1);
        let again = read(&changed).then(outline("b", " gateway.x=delete:02"));
        assert_eq!(again, changed);
    }

    #[test]
    fn what_is_cut_is_the_same_only_by_its_digest() {
        let cut = || outline("a", " gateway.x=create:01 cut");
        assert!(is_same(&cut(), &outline("a", " gateway.x=create:01")));
        assert!(!is_same(&cut(), &outline("b", " gateway.x=create:01")));
    }
}
