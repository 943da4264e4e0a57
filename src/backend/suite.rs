//! What every backend must pass.

use jiff::Timestamp;

use super::{Backend, Holder, Loaded, LockStatus};
use crate::model::{IdForm, Identity};
use crate::state::{Change, Intent, Request, State};

/// The kinds of the states that the suite stores.
pub(super) fn kinds(kind: &str) -> Option<IdForm> {
    (kind == "gateway").then_some(|id| id.starts_with("gateway-"))
}

/// Checks a backend; each call of `open` opens the same place anew.
pub(super) fn check(open: &dyn Fn() -> Box<dyn Backend>) {
    let holder = Holder {
        id: "one".to_owned(),
        user: "tester".to_owned(),
        host: "nowhere".to_owned(),
        process: 42,
        command: "apply".to_owned(),
        since: Timestamp::UNIX_EPOCH,
        url: Some("https://ci.example/1".to_owned()),
        ended: Vec::new(),
    };
    assert_eq!(open().load().expect("an absent state is no error"), None);

    let status = || open().lock_status().expect("an absent lock is no error");
    assert_eq!(status(), LockStatus::Free);

    let lock = open().lock(&holder).expect("the lock is free");
    assert_eq!(lock.taken_over(), None);
    assert_eq!(status(), LockStatus::Held(Some(holder.clone())));
    let second = open()
        .lock(&holder)
        .map(|_| ())
        .expect_err("the lock is held");
    let message = second.to_string();
    for part in ["tester", "nowhere", "42", "apply", "1970", "ci.example"] {
        assert!(message.contains(part), "{part} is missing in: {message}");
    }

    let mut state = State::new();
    let storing = open();
    storing.store(&state).expect("stored");
    state.serial += 1;
    storing.store(&state).expect("stored again");
    assert_eq!(loaded(open), Some(folded(&state)));

    for name in ["a", "b"] {
        let changes = [sample(name)];
        storing.append(&changes).expect("appended");
        for change in changes {
            state.take(change);
        }
        state.serial += 1;
        let seen = loaded(open).expect("there");
        assert_eq!((seen.state, seen.torn), (state.clone(), false));
    }
    storing.store(&state).expect("stored at last");
    assert_eq!(loaded(open), Some(folded(&state)));

    drop(lock);
    assert_eq!(status(), LockStatus::Free);
    check_break(open, &holder);
}

/// Checks that a lock can be taken away, from its very holder alone, and that this notices.
fn check_break(open: &dyn Fn() -> Box<dyn Backend>, holder: &Holder) {
    let broken = |id: &str| open().break_lock(id).expect("no fault");
    assert!(!broken("one"), "nobody holds it");
    let first = open().lock(holder).expect("the lock is free again");
    assert!(!broken("another") && first.is_held());
    assert!(broken("one") && !first.is_held());
    let next = Holder {
        id: "two".to_owned(),
        ..holder.clone()
    };
    let second = open().lock(&next).expect("it was taken from the first");
    drop(first);
    assert!(second.is_held());
    let status = open().lock_status().expect("no fault");
    assert_eq!(status, LockStatus::Held(Some(next)));
}

fn loaded(open: &dyn Fn() -> Box<dyn Backend>) -> Option<Loaded> {
    open().load().expect("readable")
}

fn folded(state: &State) -> Loaded {
    Loaded {
        state: state.clone(),
        unfolded: false,
        torn: false,
    }
}

fn sample(name: &str) -> Change {
    let target = Identity {
        region: "ap-guangzhou".to_owned(),
        id: format!("gateway-{name}"),
    };
    Change::Intended {
        address: format!("gateway.{name}").parse().expect("valid"),
        intent: Box::new(Intent::new(Request::Delete { target })),
    }
}
