//! Decodes arbitrary bytes as a state: no input may panic, and what decodes must encode to bytes
//! that decode to the same state.
#![no_main]

use gwplan::kinds::id_form;
use gwplan::state::{decode, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(state) = decode(bytes, id_form) {
        let encoded = encode(&state);
        let again = decode(&encoded, id_form).expect("what was encoded decodes");
        assert_eq!(again, state);
        assert_eq!(encode(&again), encoded);
    }
});
