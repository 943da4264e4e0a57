//! Holds `docs/reference.md` to the schema tables that it is made from.

use std::fs;
use std::path::Path;

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test has no command line of its own"
)]
fn the_reference_page_is_what_the_tables_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
    let made = gwplan::schema::reference::page(&gwplan::kinds::schemas());
    let kept = fs::read_to_string(&path).unwrap_or_default();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(&path, made).expect("docs can be written");
        return;
    }
    assert!(
        made == kept,
        "docs/reference.md is out of date: run `UPDATE_REFERENCE=1 cargo test --test reference` and commit it"
    );
}
