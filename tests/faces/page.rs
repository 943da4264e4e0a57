//! What a reader of the page, or of the comment, needs each day.

use super::scenarios::{self, all};
use super::{MAX_BYTES, html_of, markdown_of};

#[test]
fn a_closed_card_says_what_changes() {
    let page = html_of(&scenarios::resized());
    for gist in [
        "nodeConfig.number 10 → 2",
        "internetConfig.internetMaxBandwidthOut 100 → 200",
    ] {
        assert!(page.contains(gist), "{gist}");
    }
    let page = html_of(&scenarios::one_create());
    assert!(page.contains("gateway-a, 2 × 1c2g, env=prod"), "{page}");
}

#[test]
fn the_command_has_a_button_that_copies_it_and_that_needs_javascript_to_show_itself() {
    for scenario in all() {
        let page = html_of(&scenario);
        let command = page.matches("class=\"command\"").count();
        let buttons = page.matches("data-copy hidden").count();
        assert_eq!(command, buttons, "{}", scenario.name);
    }
}

#[test]
fn a_network_that_goes_is_shown_whole_once_in_the_comment() {
    let text = markdown_of(&scenarios::network_removed(), MAX_BYTES);
    assert_eq!(text.matches("internetAddressVersion").count(), 1, "{text}");
    assert!(text.contains("| `internetConfig` is removed |"), "{text}");
    let row = text.lines().find(|line| line.contains("`gateway.kept` |"));
    assert!(
        !row.unwrap().contains("`name`"),
        "a name takes no address away"
    );
}

#[test]
fn warnings_have_a_heading_of_their_own_in_the_comment() {
    let text = markdown_of(&scenarios::network_removed(), MAX_BYTES);
    let policy = text.find("**Policy**").unwrap();
    let warnings = text.find("**Errors and warnings**").unwrap();
    let warning = text.find("`likely-move`").unwrap();
    assert!(policy < warnings && warnings < warning, "{text}");
}
