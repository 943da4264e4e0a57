//! The limit on requests a second.

use std::collections::HashMap;

use super::answer::Refusal;

/// Counts each action's requests within the present second of the calendar.
///
/// The vendor documents the number, by action and account, and not how it is measured. A fixed
/// window lets a burst around the turn of a second through, as such limits do.
#[derive(Debug)]
pub(super) struct Rate {
    limit: u32,
    windows: HashMap<&'static str, Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    second: i64,
    used: u32,
}

impl Rate {
    /// Allows `limit` requests a second for each action; 0 allows any number.
    pub(super) fn new(limit: u32) -> Self {
        Self {
            limit,
            windows: HashMap::new(),
        }
    }

    /// Counts one request, or refuses it.
    pub(super) fn admit(&mut self, action: &'static str, second: i64) -> Result<(), Refusal> {
        if self.limit == 0 {
            return Ok(());
        }
        let window = self
            .windows
            .entry(action)
            .and_modify(|window| {
                if window.second != second {
                    *window = Window { second, used: 0 };
                }
            })
            .or_insert(Window { second, used: 0 });
        if window.used >= self.limit {
            return Err(Refusal::new(
                "RequestLimitExceeded",
                format!("{action} takes {} requests a second", self.limit),
            ));
        }
        window.used += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_has_its_own_count_and_each_second_a_new_one() {
        let mut rate = Rate::new(2);
        assert!(rate.admit("A", 1).is_ok());
        assert!(rate.admit("A", 1).is_ok());
        assert_eq!(rate.admit("A", 1).unwrap_err().code, "RequestLimitExceeded");
        assert!(rate.admit("B", 1).is_ok());
        assert!(rate.admit("A", 2).is_ok());
    }

    #[test]
    fn zero_means_no_limit() {
        let mut rate = Rate::new(0);
        assert!((0..1000).all(|_| rate.admit("A", 1).is_ok()));
    }
}
