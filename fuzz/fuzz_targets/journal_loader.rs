//! Reads arbitrary bytes as a journal, and lays what it says over a state: no input may panic, and
//! bytes that are cut off are read as far as they are whole.
#![no_main]

use gwplan::state::journal::{decode, encode_batch, encode_head};
use gwplan::kinds::id_form;
use gwplan::state::{Change, State, decode as decode_state, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Some(journal)) = decode(bytes) {
        journal.over(Some(State::new()), id_form).ok();
    }
    // Checksums keep bytes out that were never written, so changes are tried behind a sound one too.
    let (at, rest) = bytes.split_first().map_or((0, bytes), |(at, rest)| (*at, rest));
    let Ok(changes) = serde_json::from_slice::<Vec<Change>>(rest) else {
        return;
    };
    let state = State::new();
    let mut sound = encode_head(&state.lineage, state.serial);
    sound.extend(encode_batch(&changes));
    let whole = decode(&sound).expect("what was encoded decodes").expect("a head");
    assert!(!whole.is_torn());
    if let Ok(after) = whole.over(Some(state), id_form) {
        let again = decode_state(&encode(&after), id_form).expect("what was encoded decodes");
        assert_eq!(again, after);
    }
    sound.truncate(sound.len() - 1 - usize::from(at) % (sound.len() - 1));
    decode(&sound).expect("a journal that was cut off is none that is spoilt");
});
