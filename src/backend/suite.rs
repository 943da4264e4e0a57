//! What every backend must pass.

use jiff::Timestamp;

use super::{Backend, Holder};
use crate::state::State;

/// Checks a backend; each call of `open` opens the same place anew.
pub(super) fn check(open: &dyn Fn() -> Box<dyn Backend>) {
    let holder = Holder {
        user: "tester".to_owned(),
        host: "nowhere".to_owned(),
        process: 42,
        command: "apply".to_owned(),
        since: Timestamp::UNIX_EPOCH,
    };
    assert_eq!(open().load().expect("an absent state is no error"), None);

    let lock = open().lock(&holder).expect("the lock is free");
    let second = open()
        .lock(&holder)
        .map(|_| ())
        .expect_err("the lock is held");
    let message = second.to_string();
    for part in ["tester", "nowhere", "42", "apply", "1970"] {
        assert!(message.contains(part), "{part} is missing in: {message}");
    }

    let mut state = State::new();
    open().store(&state).expect("stored");
    state.serial += 1;
    open().store(&state).expect("stored again");
    assert_eq!(open().load().expect("readable"), Some(state));

    drop(lock);
    drop(open().lock(&holder).expect("the lock is free again"));
}
