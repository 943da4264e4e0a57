//! Markdown as GitHub reads it: parsed by the same grammar, and looked at node by node.

use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options, parse_document};

use gwplan::plan::Action;

use super::scenarios::all;
use super::{MAX_BYTES, link, markdown_of};

/// The tags that are ours, as they are written.
fn is_ours(html: &str) -> bool {
    let html = html.trim();
    html.lines().all(|line| {
        let line = line.trim();
        let summary = line
            .strip_prefix("<details open>")
            .or(line.strip_prefix("<details>"))
            .and_then(|rest| rest.strip_prefix("<summary>"))
            .and_then(|rest| rest.strip_suffix("</summary>"));
        matches!(line, "<br>" | "</details>" | "")
            || summary.is_some_and(|text| !text.contains('<'))
    })
}

fn parse<'a>(arena: &'a Arena<'a>, text: &str) -> &'a AstNode<'a> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    parse_document(arena, text, &options)
}

#[test]
fn only_our_own_tags_links_and_images_are_there() {
    let start = link(&gwplan::model::SourceLine {
        file: String::new(),
        line: 1,
    });
    let start = start.unwrap().split("#L").next().unwrap().to_owned();
    for scenario in all() {
        for max_bytes in [MAX_BYTES, 8000, 4096] {
            let text = markdown_of(&scenario, max_bytes);
            let arena = Arena::new();
            for node in parse(&arena, &text).descendants() {
                match &node.data.borrow().value {
                    NodeValue::HtmlBlock(block) => assert!(is_ours(&block.literal), "{block:?}"),
                    NodeValue::HtmlInline(html) => assert!(is_ours(html), "{html}"),
                    NodeValue::Link(link) => assert!(link.url.starts_with(&start), "{link:?}"),
                    NodeValue::Image(image) => panic!("{image:?}"),
                    NodeValue::Text(words) => {
                        let mut pairs = words.chars().zip(words.chars().skip(1));
                        let calls = pairs.find(|(c, next)| {
                            matches!(c, '@' | '#' | '!') && next.is_alphanumeric()
                        });
                        assert_eq!(calls, None, "{words}");
                    }
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn what_is_opened_is_closed_however_little_room_there_is() {
    for scenario in all() {
        for max_bytes in [MAX_BYTES, 30_000, 12_000, 8000, 4096] {
            let text = markdown_of(&scenario, max_bytes);
            assert!(
                text.len() <= max_bytes,
                "{} takes {}",
                scenario.name,
                text.len()
            );
            let arena = Arena::new();
            let mut open = 0_i32;
            for node in parse(&arena, &text).descendants() {
                if let NodeValue::HtmlBlock(block) = &node.data.borrow().value {
                    let count =
                        |tag: &str| i32::try_from(block.literal.matches(tag).count()).unwrap();
                    open += count("<details") - count("</details>");
                    assert!((0..=1).contains(&open), "{}", scenario.name);
                }
            }
            assert_eq!(open, 0, "{}", scenario.name);
            let fences = text.lines().filter(|line| line.starts_with("```")).count();
            assert_eq!(fences % 2, 0, "{}", scenario.name);
        }
    }
}

#[test]
fn every_destroy_is_told_in_the_comment_on_three_hundred_gateways() {
    let many = all().into_iter().find(|one| one.name == "many").unwrap();
    let destroyed: Vec<String> = many
        .plan
        .steps
        .iter()
        .filter(|step| step.action == Action::Delete)
        .map(|step| step.address.to_string())
        .collect();
    assert_eq!(destroyed.len(), 30);
    for max_bytes in [MAX_BYTES, 12_000] {
        let text = markdown_of(&many, max_bytes);
        for address in &destroyed {
            let row = format!("| 🔴 destroy | `{address}` |");
            assert!(text.contains(&row), "{address} at {max_bytes}");
        }
    }
}
