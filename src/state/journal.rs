//! The journal: what has happened since a state file was written.
//!
//! Each line is a record: a CRC-32 in eight hexadecimal digits, a space, JSON. The first one says which
//! state the journal continues; each further one holds the changes that became durable together. A
//! record is synced before the next is begun, so a crash can spoil only the last one.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::model::Kinds;

use super::{Change, State, StateError};

/// The only layout that is written.
const VERSION: u64 = 1;

/// Holds what a journal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// The lineage of the state that it continues.
    lineage: String,
    /// The serial of the state that it continues.
    base: u64,
    /// What has happened, in the order in which it became durable.
    batches: Vec<Vec<Change>>,
    /// Whether its last record was cut off, and was dropped.
    torn: bool,
}

/// Says why bytes are no journal, or one that continues another state.
#[derive(Debug, Error)]
pub enum JournalError {
    /// More is spoilt than the last record.
    #[error(
        "line {line} is corrupt, and not only at the end of the last record, where a crash could have cut it off"
    )]
    Corrupt {
        /// The line, from 1.
        line: usize,
    },
    /// It is a file of something else.
    #[error("it does not begin like a gwplan journal")]
    Foreign,
    /// A record is whole, but says nothing that this gwplan understands.
    #[error("line {line}: {message}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// A newer gwplan wrote it.
    #[error("it has version {0}, and this gwplan reads up to version {VERSION}")]
    Newer(u64),
    /// The state that it continues is not there.
    #[error("it continues a state of serial {base}, and there is no state")]
    NoState {
        /// The lineage of the missing state.
        lineage: String,
        /// The serial of the missing state.
        base: u64,
    },
    /// The state beside it is another one.
    #[error(
        "it continues serial {base} of the lineage {lineage}, and the state beside it is serial {serial} of {other}"
    )]
    OtherState {
        /// The lineage that it continues.
        lineage: String,
        /// The serial that it continues.
        base: u64,
        /// The lineage of the state that is there.
        other: String,
        /// The serial of the state that is there.
        serial: u64,
    },
    /// What it comes to is no state.
    #[error("the state that it leads to is not valid: {0}")]
    NoSense(#[from] StateError),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    journal: u64,
    lineage: String,
    base: u64,
}

/// Writes the first record of a journal that continues a state.
pub fn encode_head(lineage: &str, base: u64) -> Vec<u8> {
    encode(&Head {
        journal: VERSION,
        lineage: lineage.to_owned(),
        base,
    })
}

/// Writes one record of changes that become durable together.
pub fn encode_batch(changes: &[Change]) -> Vec<u8> {
    encode(changes)
}

fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    // Writing plain data to memory can't fail.
    let json = serde_json::to_vec(value).unwrap_or_default();
    let mut line = format!("{:08x} ", crc32fast::hash(&json)).into_bytes();
    line.extend(json);
    line.push(b'\n');
    line
}

/// Reads a journal; nothing where not even its first record became whole.
///
/// A crash can spoil one record, the last: the ones before it were synced before it was begun. More than
/// that is an error.
///
/// # Errors
/// [`JournalError`] says what is wrong and where; no input panics.
pub fn decode(bytes: &[u8]) -> Result<Option<Journal>, JournalError> {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let whole: Vec<&[u8]> = lines.iter().map_while(|line| verified(line)).collect();
    let torn = whole.len() + 1 == lines.len();
    let cut_head = whole.is_empty() && !bytes.ends_with(b"\n");
    if whole.len() < lines.len() && !(torn && (cut_head || !whole.is_empty())) {
        return Err(JournalError::Corrupt {
            line: whole.len() + 1,
        });
    }
    let mut records = whole.into_iter().enumerate();
    let Some((_, head)) = records.next() else {
        // A crash leaves the beginning of a head; any other line is not gwplan's to drop.
        return if is_start_of_head(bytes) {
            Ok(None)
        } else {
            Err(JournalError::Foreign)
        };
    };
    let Head { lineage, base, .. } = read_head(head)?;
    let batches = records.map(|(at, json)| read(json, at + 1));
    Ok(Some(Journal {
        lineage,
        base,
        batches: batches.collect::<Result<_, _>>()?,
        torn,
    }))
}

/// Tells whether bytes can be what a crash has left of a head: its beginning, and zeros where the disk
/// has its length and not its bytes.
fn is_start_of_head(bytes: &[u8]) -> bool {
    const JSON: &[u8] = b" {\"journal\":";
    let end = bytes.iter().rposition(|byte| *byte != 0);
    let written = &bytes[..end.map_or(0, |last| last + 1)];
    let (sum, json) = written.split_at(written.len().min(8));
    let is_sum = sum.iter().all(u8::is_ascii_hexdigit);
    is_sum && (json.starts_with(JSON) || JSON.starts_with(json))
}

/// Returns a line's JSON if the line is whole.
fn verified(line: &[u8]) -> Option<&[u8]> {
    let (sum, json) = line.strip_suffix(b"\n")?.split_at_checked(9)?;
    let sum = std::str::from_utf8(sum).ok()?.strip_suffix(' ')?;
    // Only the one spelling that is written counts: a sign or a capital letter was never written.
    (sum == format!("{:08x}", crc32fast::hash(json))).then_some(json)
}

fn read_head(json: &[u8]) -> Result<Head, JournalError> {
    #[derive(Deserialize)]
    struct Version {
        journal: u64,
    }
    let Version { journal } = read(json, 1)?;
    if journal > VERSION {
        return Err(JournalError::Newer(journal));
    }
    read(json, 1)
}

fn read<'a, T: Deserialize<'a>>(json: &'a [u8], line: usize) -> Result<T, JournalError> {
    serde_json::from_slice(json).map_err(|error| JournalError::Malformed {
        line,
        message: error.to_string(),
    })
}

impl Journal {
    /// Tells whether its last record was cut off, and was dropped.
    pub fn is_torn(&self) -> bool {
        self.torn
    }

    /// Lays the journal over the state file beside it.
    ///
    /// A state whose serial is that of the journal's end has all that it holds: a crash came between the
    /// writing of that state and the removal of the journal. No other state fits.
    ///
    /// # Errors
    /// Where the state is not there or another one, or the outcome is no state.
    pub fn over(self, state: Option<State>, kinds: Kinds) -> Result<State, JournalError> {
        let Self {
            lineage,
            base,
            batches,
            ..
        } = self;
        let Some(mut state) = state else {
            return Err(JournalError::NoState { lineage, base });
        };
        let end = base.saturating_add(batches.len() as u64);
        if state.lineage == lineage && state.serial == end {
            return Ok(state);
        }
        if state.lineage != lineage || state.serial != base {
            return Err(JournalError::OtherState {
                lineage,
                base,
                other: state.lineage,
                serial: state.serial,
            });
        }
        for change in batches.into_iter().flatten() {
            state.take(change);
        }
        state.serial = end;
        state.check(kinds)?;
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Identity;
    use crate::state::tests::kinds;
    use crate::state::{Intent, Request};

    fn changes(name: &str) -> Vec<Change> {
        let address: crate::model::Address = format!("gateway.{name}").parse().expect("valid");
        let target = Identity {
            region: "ap-guangzhou".to_owned(),
            id: format!("gateway-{name}"),
        };
        vec![Change::Intended {
            address,
            intent: Box::new(Intent::new(Request::Delete { target })),
        }]
    }

    fn state(serial: u64) -> State {
        State {
            lineage: "line".to_owned(),
            serial,
            ..State::new()
        }
    }

    fn journal() -> Vec<u8> {
        let mut bytes = encode_head("line", 7);
        for name in ["a", "b", "c"] {
            bytes.extend(encode_batch(&changes(name)));
        }
        bytes
    }

    #[test]
    fn a_journal_continues_its_state() {
        let journal = decode(&journal()).expect("whole").expect("there");
        assert!(!journal.is_torn());
        let after = journal.over(Some(state(7)), kinds).expect("fits");
        assert_eq!((after.serial, after.intents.len()), (10, 3));
    }

    #[test]
    fn cut_anywhere_it_loses_the_last_record_alone() {
        let bytes = journal();
        let ends: Vec<usize> = (1..=bytes.len())
            .filter(|at| bytes[at - 1] == b'\n')
            .collect();
        for length in 0..bytes.len() {
            let whole = ends.iter().filter(|end| **end <= length).count();
            let read = decode(&bytes[..length]).expect("a crash's work");
            match (whole, read) {
                (0, None) => {}
                (whole, Some(journal)) => {
                    assert_eq!(journal.batches.len(), whole - 1, "cut at {length}");
                    assert_eq!(journal.torn, !ends.contains(&length), "cut at {length}");
                }
                (whole, None) => panic!("{whole} whole records, and nothing read"),
            }
        }
    }

    #[test]
    fn a_spoilt_middle_is_an_error_with_its_line_and_a_spoilt_end_is_dropped() {
        let bytes = journal();
        let lines = bytes.split(|byte| *byte == b'\n').count() - 1;
        let mut at = 0;
        for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let mut spoilt = bytes.clone();
            spoilt[at + 12] ^= 1;
            match decode(&spoilt) {
                Err(JournalError::Corrupt { line }) => assert_eq!(line, number + 1),
                Ok(Some(journal)) => assert!(journal.torn && number + 1 == lines),
                other => panic!("line {number}: {other:?}"),
            }
            at += line.len();
        }
    }

    #[test]
    fn more_than_the_end_of_the_last_record_is_no_crashs_work() {
        let text = String::from_utf8(journal()).expect("text");
        let windows = text.replace('\n', "\r\n");
        let two = text
            .replace("gateway-b", "gateway-x")
            .replace("gateway-c", "gateway-x");
        for spoilt in [windows.as_str(), &two, "garbage\n", "one\ntwo"] {
            let read = decode(spoilt.as_bytes());
            assert!(
                matches!(read, Err(JournalError::Corrupt { .. })),
                "{spoilt}"
            );
        }
        assert!(matches!(decode(b""), Ok(None)));
        assert!(matches!(decode(b"01234567 {\"jour"), Ok(None)));
    }

    #[test]
    fn a_state_that_was_written_at_its_end_holds_it_already() {
        let journal = decode(&journal()).expect("whole").expect("there");
        let after = journal.over(Some(state(10)), kinds).expect("fits");
        assert_eq!((after.serial, after.intents.len()), (10, 0));
    }

    #[test]
    fn another_state_or_none_is_an_error() {
        let journal = decode(&journal()).expect("whole").expect("there");
        for serial in [0, 6, 8, 9, 11, 90] {
            let error = journal
                .clone()
                .over(Some(state(serial)), kinds)
                .expect_err("refused");
            assert!(matches!(error, JournalError::OtherState { .. }), "{serial}");
        }
        let other = State {
            lineage: "other".to_owned(),
            ..state(7)
        };
        assert!(journal.clone().over(Some(other), kinds).is_err());
        assert!(matches!(
            journal.over(None, kinds),
            Err(JournalError::NoState { base: 7, .. })
        ));
    }

    #[test]
    fn what_a_newer_gwplan_wrote_is_told_as_that() {
        let newer = serde_json::json!({ "journal": 2, "anything": [] });
        assert!(matches!(
            decode(&encode(&newer)),
            Err(JournalError::Newer(2))
        ));
        let unknown = [
            encode_head("line", 0),
            encode(&serde_json::json!([{ "danced": 1 }])),
        ];
        assert!(matches!(
            decode(&unknown.concat()),
            Err(JournalError::Malformed { line: 2, .. })
        ));
    }
}
