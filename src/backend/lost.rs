//! What is lost where a backup takes the place of a state that can't be read.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::model::visible;
use crate::state::{State, encode};

/// How many addresses are named; the rest are counted.
const NAMED: usize = 5;

/// The head and the records of a state, as far as they can be told apart; nothing of it is checked.
#[derive(Deserialize)]
struct Rough {
    serial: u64,
    resources: serde_json::Map<String, Json>,
}

/// Says which serial a backup has, and which records differ from those of the state that is spoilt.
pub(super) fn by(backup: &State, spoilt: &[u8]) -> String {
    let serial = backup.serial;
    let (Ok(spoilt), Ok(kept)) = (
        serde_json::from_slice::<Rough>(spoilt),
        serde_json::from_slice::<Rough>(&encode(backup)),
    ) else {
        let count = backup.resources.len();
        return format!(
            "the backup has serial {serial} and {count} gateways; whatever was done after it is not in it"
        );
    };
    let all: BTreeSet<&String> = spoilt
        .resources
        .keys()
        .chain(kept.resources.keys())
        .collect();
    let differing: Vec<&str> = all
        .into_iter()
        .filter(|address| spoilt.resources.get(*address) != kept.resources.get(*address))
        .map(String::as_str)
        .collect();
    let newer = spoilt.serial;
    format!(
        "the backup has serial {serial}, this state {newer}; {}",
        listed(&differing)
    )
}

fn listed(addresses: &[&str]) -> String {
    let shown: Vec<_> = addresses
        .iter()
        .take(NAMED)
        .map(|one| visible(one))
        .collect();
    match (shown.as_slice(), addresses.len().saturating_sub(NAMED)) {
        ([], _) => "the two have the same records".to_owned(),
        (shown, 0) => format!("records that differ: {}", shown.join(", ")),
        (shown, more) => format!("records that differ: {} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_says_what_the_backup_lacks() {
        let backup = State {
            serial: 3,
            ..State::new()
        };
        let names: Vec<String> = (0..7)
            .map(|at| format!("\"gateway.g{at}\": {{}}"))
            .collect();
        let spoilt = format!("{{\"serial\": 5, \"resources\": {{{}}}}}", names.join(", "));
        let told = by(&backup, spoilt.as_bytes());
        for part in [
            "serial 3",
            "this state 5",
            "gateway.g0",
            "gateway.g4 and 2 more",
        ] {
            assert!(told.contains(part), "{part} is missing in: {told}");
        }
        let told = by(&backup, b"no JSON");
        assert!(
            told.contains("serial 3") && told.contains("0 gateways"),
            "{told}"
        );
    }
}
