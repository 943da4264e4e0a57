//! What one plan does otherwise than another, for people.

use crate::review::Difference;

use super::words;

/// Says what differs, a line for each resource.
pub fn lines(difference: &Difference) -> Vec<String> {
    let Difference { shifts, partial } = difference;
    let shifts = shifts.iter();
    let mut lines: Vec<String> = shifts
        .map(|(address, shift)| format!("{address}: {}", words::plain(&words::shift(shift))))
        .collect();
    if *partial {
        lines.push("more may have changed: the earlier plan is not known whole".to_owned());
    }
    lines
}
