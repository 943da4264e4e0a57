//! What the list shows late: the cloud that keeps its copies in step only after a while.

use serde::{Deserialize, Serialize};

use super::Gateway;

/// Records how a gateway looked before a change that the list does not show yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::sim) struct Late {
    until: i64,
    before: Box<Gateway>,
}

impl Gateway {
    /// Tells whether calls that look for gateways find it already.
    pub(in crate::sim) fn has_appeared(&self, now: i64) -> bool {
        self.appears <= now
    }

    /// Returns it as the list knows it; nothing while the list does not know it yet.
    pub(in crate::sim) fn as_listed(&self, now: i64) -> Option<&Self> {
        if !self.has_appeared(now) {
            return None;
        }
        let late = self.late.as_ref().filter(|late| now < late.until);
        Some(late.map_or(self, |late| &late.before))
    }

    /// Lets the list show this change of `old` only from a time on.
    ///
    /// A change that comes while an earlier one is late takes that along when it is shown.
    pub(in crate::sim) fn lag_behind(&mut self, old: &Self, now: i64, until: i64) {
        // What has not appeared has no earlier look: it appears as it is then.
        self.late = old.as_listed(now).map(|listed| Late {
            until,
            before: Box::new(Self {
                late: None,
                ..listed.clone()
            }),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::gateway;

    #[test]
    fn the_list_shows_a_change_once_its_time_has_come() {
        let old = gateway(1);
        let mut new = old.clone();
        new.delete_protect = true;
        new.lag_behind(&old, 3000, 5000);
        let listed = |now| new.as_listed(now).map(|one| one.delete_protect);
        assert_eq!(listed(4999), Some(false));
        assert_eq!(listed(5000), Some(true));
    }

    #[test]
    fn a_change_that_is_shown_takes_the_earlier_ones_along() {
        let old = gateway(1);
        let mut first = old.clone();
        first.delete_protect = true;
        first.lag_behind(&old, 3000, 9000);
        let mut second = first.clone();
        second.modified = 4000;
        second.lag_behind(&first, 4000, 5000);
        let listed = |now| {
            let one = second.as_listed(now);
            one.map(|one| (one.delete_protect, one.modified))
        };
        assert_eq!(listed(4999), Some((false, old.modified)));
        assert_eq!(listed(5000), Some((true, 4000)));
    }
}
