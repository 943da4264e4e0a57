//! Markdown as GitHub reads it: parsed by the same grammar, and looked at node by node.

use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options, parse_document};

use gwplan::plan::Action;

use gwplan::policy::{Finding, Level};
use gwplan::review::{Context, Review};
use gwplan::view::{MarkdownOptions, plan_markdown};

use super::scenarios::{Scenario, all, file, gateway, scenario};
use super::world::World;
use super::{MAX_BYTES, context, link, markdown_of};

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
            let row = format!("| 🔴 destroy | `{address}`");
            assert!(text.contains(&row), "{address} at {max_bytes}");
        }
    }
}

/// A plan that destroys many gateways with names of some length.
fn destroying(count: usize, length: usize) -> Scenario {
    let name = |index: usize| format!("g{index:0>width$}", width = length - 1);
    let block = |index| gateway(&name(index), "").replace("name: gateway-", "name: ");
    let blocks = (0..count)
        .map(|index| block(index).replace(&format!("name: {}", name(index)), "name: short"));
    let before = file(&blocks.collect::<Vec<_>>());
    scenario("destroying", World::applied(&before), "gateways: {}\n")
}

#[test]
fn every_destroy_is_told_as_long_as_its_name_has_room() {
    for (count, length) in [(600, 20), (1000, 30), (2000, 8)] {
        let many = destroying(count, length);
        let text = markdown_of(&many, MAX_BYTES);
        assert!(text.len() <= MAX_BYTES, "{count} of {length}");
        for step in &many.plan.steps {
            let shown = format!("`{}`", step.address);
            assert!(text.contains(&shown), "{shown} of {count}");
        }
    }
    let too_many = destroying(1000, 100);
    let text = markdown_of(&too_many, MAX_BYTES);
    assert!(text.len() <= MAX_BYTES);
    let top: String = text.lines().take(6).collect();
    assert!(top.contains("no room for all that is dangerous"), "{top}");
}

#[test]
fn a_command_that_is_too_long_gives_way() {
    let many = all().into_iter().find(|one| one.name == "many").unwrap();
    let command = format!(
        "gwplan apply {}",
        "a-file-with-a-long-name.yaml ".repeat(3000)
    );
    let review = Review::new(
        &many.plan,
        Context {
            command: Some(&command),
            ..context(&many)
        },
    );
    let options = MarkdownOptions {
        max_bytes: Some(MAX_BYTES),
        ..MarkdownOptions::default()
    };
    let text = plan_markdown(&review, &options);
    assert!(text.len() <= MAX_BYTES, "{}", text.len());
    assert!(text.contains("is too long for this place"));
    assert!(text.contains("| 🔴 destroy | `gateway.fleet-290`"));
}

#[test]
fn one_denial_of_each_rule_is_told_beside_hundreds_of_replaces() {
    let mut many = all().into_iter().find(|one| one.name == "many").unwrap();
    for number in 0..600 {
        many.policy.push(Finding {
            level: Level::Deny,
            rule: if number % 2 == 0 {
                "main.deny"
            } else {
                "gwplan.deny"
            }
            .to_owned(),
            message: format!("{number}: {}", "the reason at length ".repeat(9)),
            address: None,
            location: None,
            is_rest: false,
        });
    }
    let text = markdown_of(&many, MAX_BYTES);
    assert!(text.len() <= MAX_BYTES);
    for told in [
        "`main.deny`: 0",
        "`gwplan.deny`: 1",
        "| `gateway.fleet-291` |",
    ] {
        assert!(text.contains(told), "{told}");
    }
}
