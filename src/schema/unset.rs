//! What becomes of a value that the files no longer set.

use super::{Change, Field, Need, Read, Shape};

/// Says what becomes of a field that was set, and that the files no longer set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unset {
    /// It always has a value: it is required, or its default takes the place of what was set.
    Never,
    /// The call that changes it clears it.
    Cleared,
    /// A call takes the thing away that the field is about.
    TakenAway,
    /// It stays as it is in the cloud: no call takes "none" for it.
    Kept,
    /// Only a new resource is without it.
    Replaced,
}

impl Field {
    /// Says what becomes of the field where the files no longer set it.
    ///
    /// It follows from the table: a text can be emptied and a tag taken off, while a number or a flag
    /// has no word for "none" on the wire.
    pub fn unset(&self) -> Unset {
        match (&self.need, self.change, &self.shape) {
            (Need::Required | Need::Default(_) | Need::RegionOfCall, ..)
            | (_, Change::Local, _) => Unset::Never,
            (_, Change::Presence { .. }, _) => Unset::TakenAway,
            (_, Change::Replace | Change::OnlyToTrue(_), _) => Unset::Replaced,
            (_, _, Shape::Text(_) | Shape::Choice(_) | Shape::Tags) => Unset::Cleared,
            _ => Unset::Kept,
        }
    }

    /// Tells whether the field stands for the whole of a thing that is there or is not.
    ///
    /// Its presence is a fact: nobody but a person adds such a thing, so it counts even where no file
    /// ever spoke of it.
    pub fn is_presence(&self) -> bool {
        matches!(
            (&self.shape, self.change),
            (Shape::Object(_), Change::Presence { .. })
        )
    }

    /// Tells whether only a person can have set the field where no file did.
    ///
    /// So it is with free text of the list. Numbers and words are filled in by the cloud, and what it
    /// fills into the parts that only a call of their own shows is not documented.
    pub fn is_never_filled_in(&self) -> bool {
        let is_free_text = matches!(self.shape, Shape::Text(_))
            && self.unset() == Unset::Cleared
            && self.read == Read::Listed;
        self.is_presence() || is_free_text
    }
}
