//! What is at stake when a step is carried out.

use crate::model::FieldPath;
use crate::plan::{Action, Loss, Reason, Step};

/// Says what is at stake, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// Nothing: nothing is done.
    None,
    /// Nothing that is lost or paid for.
    Safe,
    /// What is paid to the vendor changes.
    Cost,
    /// What kept it from being destroyed or changed by gwplan is taken away.
    LiftsProtection,
    /// It carries less than before: what it serves may be too much for it.
    Shrinks,
    /// It is replaced: its id is lost, and unless the new one is made first, its traffic stops meanwhile.
    Replace,
    /// A public address is lost: whoever reaches it by that doesn't any more.
    LosesAddress,
    /// It is destroyed.
    Destroy,
}

impl Risk {
    /// Every risk that a step can bear, the greatest first.
    pub const ALL: [Self; 7] = [
        Self::Destroy,
        Self::LosesAddress,
        Self::Replace,
        Self::Shrinks,
        Self::LiftsProtection,
        Self::Cost,
        Self::Safe,
    ];

    /// Returns the word that names it for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Safe => "safe",
            Self::Cost => "cost",
            Self::LiftsProtection => "lifts-protection",
            Self::Shrinks => "shrinks",
            Self::Replace => "replace",
            Self::LosesAddress => "loses-address",
            Self::Destroy => "destroy",
        }
    }

    /// Tells whether those who use it may notice: it goes, it is cut off, or it becomes too small.
    pub fn is_danger(self) -> bool {
        self >= Self::Shrinks
    }

    /// Judges a step; `billed` names the fields whose change changes what is paid, `guard` the flag that
    /// keeps the cloud from deleting a resource, and `shrinks` says whether it carries less afterwards.
    pub(super) fn of(step: &Step, billed: &[&str], guard: Option<&str>, shrinks: bool) -> Self {
        let public = step.losses.iter().any(Loss::is_public);
        match step.action {
            Action::Delete => Self::Destroy,
            // A replacement that is taken back destroys what it has made.
            Action::Update if step.deleted_successor().is_some() => Self::Destroy,
            // It never ran, so nobody uses it: what is at stake is what a create has at stake.
            Action::Replace if matches!(step.reason, Reason::Failed(_)) => Self::Cost,
            Action::Replace | Action::Update | Action::AwaitCreate if public => Self::LosesAddress,
            Action::Replace => Self::Replace,
            Action::Update | Action::AwaitCreate if shrinks => Self::Shrinks,
            Action::Update | Action::Record | Action::AwaitCreate
                if step.lifts_protection(guard) =>
            {
                Self::LiftsProtection
            }
            Action::Create => Self::Cost,
            Action::Update | Action::AwaitCreate
                if step.changes.iter().any(|one| is_billed(&one.path, billed)) =>
            {
                Self::Cost
            }
            Action::Update
            | Action::AwaitCreate
            | Action::AwaitDelete
            | Action::Forget
            | Action::Record => Self::Safe,
        }
    }
}

/// Tells whether a change of a field is a change of one that is paid for, or of what holds one.
pub(super) fn is_billed(path: &FieldPath, billed: &[&str]) -> bool {
    let mut billed = billed.iter().filter_map(|text| FieldPath::parse(text));
    billed.any(|paid| paid.is_within(path))
}
