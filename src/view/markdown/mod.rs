//! The plan as markdown, for a comment on a pull request and for the summary of a job.

mod budget;
mod inert;
mod notices;

use std::fmt::Write;

use crate::model::{Diagnostic, SourceLine, Value, leaves, told_diagnostics};
use crate::plan::{Action, Drift, DriftedField, FieldChange, Move, Reason, Step};
use crate::review::{Difference, Group, Item, Review, Risk, alike_drifts};

use super::words::{self, Cause, Part};
use budget::{Piece, Section, Weight, fit};
use inert::{cell, code, fence};
use notices::{diagnostic, difference, policy};

/// Turns a line of the files into the address of a page that shows it, if there is one.
pub type Link<'a> = &'a dyn Fn(&SourceLine) -> Option<String>;

/// Says what is told around a plan, and within which bounds.
#[derive(Clone, Copy, Default)]
pub struct MarkdownOptions<'a> {
    /// The most bytes that it may take; nothing for no bound.
    pub max_bytes: Option<usize>,
    /// The project's folder, where a reader may see several projects.
    pub project: Option<&'a str>,
    /// Where the lines of the files can be seen.
    pub link: Option<Link<'a>>,
    /// What differs from the plan that was reviewed before.
    pub since: Option<&'a Difference>,
    /// What is to be known about how the plan was made, each a sentence of our own.
    pub notes: &'a [&'a str],
}

/// Renders a plan as markdown that GitHub and GitLab show alike.
///
/// Nothing that is destroyed is left out, whatever the bound, as long as its address has room.
pub fn render(review: &Review<'_>, options: &MarkdownOptions<'_>) -> String {
    let page = Page {
        review,
        link: options.link,
    };
    let mut sections = vec![Section::fixed(page.head(options))];
    sections.extend(options.since.map(difference));
    sections.push(policy(review.policy, options.link));
    sections.push(page.diagnostics());
    let (destroyed, others) = page.risks(options.max_bytes);
    sections.extend([destroyed, others]);
    for group in GROUPS {
        sections.push(page.details(group));
    }
    sections.push(page.drift());
    sections.push(page.moves());
    sections.push(page.details((Group::Forget, "No longer managed", false)));
    sections.push(page.ignored());
    sections.push(Section::fixed(page.end()));
    fit(sections, options.max_bytes.unwrap_or(usize::MAX))
}

/// Renders the faults that kept a plan from being made.
pub fn failure(
    environment: Option<&str>,
    diagnostics: &[Diagnostic],
    options: &MarkdownOptions<'_>,
) -> String {
    let mut head = heading(options.project, environment);
    head += "🔴 **The plan could not be made.** Nothing was applied.\n";
    for note in options.notes {
        let _ = write!(head, "\n> {note}\n");
    }
    let faults = diagnostics.iter().map(|one| diagnostic(one, options.link));
    let sections = vec![
        Section::fixed(head),
        Section {
            head: "\n".to_owned(),
            pieces: faults.collect(),
            tail: "\n".to_owned(),
        },
    ];
    fit(sections, options.max_bytes.unwrap_or(usize::MAX))
}

/// Says in one line that there is nothing to do, in the place of a plan that was there before.
pub fn nothing(review: &Review<'_>, options: &MarkdownOptions<'_>) -> String {
    let (mark, says) = (mark(Risk::None), words::unchanged(review.plan));
    let names = match names(options.project, review.environment()) {
        names if names.is_empty() => names,
        names => format!("{names}: "),
    };
    let mut line = format!("{mark} {names}**No changes.** {says}");
    for note in options.notes {
        let _ = write!(line, " {note}");
    }
    line + "\n"
}

/// The groups of steps, each with what its details are called and whether they are open at first.
const GROUPS: [(Group, &str, bool); 4] = [
    (Group::Danger, "Dangerous", true),
    (Group::Update, "Updates", false),
    (Group::Create, "Creates", false),
    (Group::Wait, "Under way already", false),
];

/// How many resources a row of a table names.
const NAMED_PER_ROW: usize = 12;

/// The longest value that a row of a table shows, in bytes.
const SHORT_BYTES: usize = 60;

/// The longest command that is told: what is never left out must be short.
const MAX_COMMAND_BYTES: usize = 1500;

struct Page<'a> {
    review: &'a Review<'a>,
    link: Option<Link<'a>>,
}

impl Page<'_> {
    fn head(&self, options: &MarkdownOptions<'_>) -> String {
        let Review { plan, verdict, .. } = self.review;
        let mut out = heading(options.project, self.review.environment());
        if plan.is_empty() {
            let says = words::unchanged(plan);
            let _ = writeln!(out, "{} **No changes.** {says}", mark(Risk::None));
        } else {
            let says = words::verdict(verdict);
            let counted = words::counted(&verdict.counts, words::Tense::Planned);
            let _ = writeln!(
                out,
                "{} **{}: this plan {says}**: {counted}.",
                mark(verdict.risk),
                words::label(verdict.risk)
            );
        }
        if let Some(barrier) = verdict.barrier {
            let _ = write!(out, "\n⛔ **It {}.**\n", words::barrier(barrier));
        }
        for note in options.notes {
            let _ = write!(out, "\n> {note}\n");
        }
        for caveat in words::caveats(plan) {
            let _ = write!(out, "\n> {caveat}\n");
        }
        out
    }

    /// Tabulates what is at stake; what is destroyed apart, where there is too much of it for a table.
    fn risks(&self, max_bytes: Option<usize>) -> (Section, Section) {
        // What is destroyed, replaced or cut off loses something of its own: each has its row.
        let dangers = self.review.blocks(Group::Danger).into_iter();
        let dangers = dangers.flat_map(|block| {
            if block[0].step.losses.is_empty() {
                vec![block]
            } else {
                block.into_iter().map(|item| vec![item]).collect()
            }
        });
        let others = self.review.blocks(Group::Update).into_iter();
        let others = others.filter(|block| block[0].risk > Risk::Safe);
        let (mut destroyed, mut others): (Vec<Piece>, Vec<Piece>) = dangers
            .chain(others)
            .map(|block| self.risk(&block))
            .partition(|piece| piece.weight == Weight::Destroyed);
        let briefs = destroyed.iter().filter_map(|piece| piece.brief.as_ref());
        let least: usize = briefs.map(String::len).sum();
        let mut names = Vec::new();
        if least > max_bytes.map_or(usize::MAX, |bytes| bytes / 4 * 3) {
            let items = self.review.group(Group::Danger);
            let items = items.filter(|item| item.risk == Risk::Destroy);
            names.extend(items.map(|item| Piece {
                weight: Weight::Destroyed,
                number: 1,
                text: format!("{} ", code(&item.step.address.to_string())),
                brief: None,
            }));
        } else {
            destroyed.append(&mut others);
            others = destroyed;
        }
        let list = Section {
            head: format!("\n{} **Destroyed:** ", mark(Risk::Destroy)),
            pieces: names,
            tail: "\n\n".to_owned(),
        };
        let table = Section {
            head: "\n| Risk | Gateway | Why | Lost for good |\n|---|---|---|---|\n".to_owned(),
            pieces: others,
            tail: "\n".to_owned(),
        };
        (list, table)
    }

    /// Tells in a row what is at stake for one resource, or for several alike.
    fn risk(&self, block: &[&Item<'_>]) -> Piece {
        let item = block[0];
        let Item { step, risk, .. } = item;
        let (mark, word) = (mark(*risk), words::stake(item));
        let names = named(block, NAMED_PER_ROW);
        let stays = matches!(step.action, Action::Update | Action::Record);
        let mut why: Vec<String> = if stays && !step.changes.is_empty() {
            let changes = step.changes.iter();
            let at_stake = changes.filter(|one| item.is_at_stake(one));
            at_stake.map(short_change).collect()
        } else {
            let causes = words::causes(item);
            causes.iter().map(|cause| self.cause(cause)).collect()
        };
        why.extend(words::growth(item));
        let losses = step.losses.iter().map(|loss| parts(&words::loss(loss)));
        let losses = losses.collect::<Vec<_>>().join("<br>");
        let portrait = match parts(&words::portrait(item)) {
            nothing if nothing.is_empty() => nothing,
            portrait => format!("<br>{portrait}"),
        };
        let [who, why, losses] = [format!("{names}{portrait}"), why.join("<br>"), losses];
        let [who, why, losses, brief] = [&who, &why, &losses, &names].map(|text| cell(text));
        Piece {
            weight: match risk {
                Risk::Destroy => Weight::Destroyed,
                Risk::LosesAddress | Risk::Replace | Risk::Shrinks => Weight::Danger,
                Risk::LiftsProtection | Risk::Cost | Risk::Safe | Risk::None => {
                    Weight::CostlyUpdate
                }
            },
            number: block.len(),
            text: format!("| {mark} {word} | {who} | {why} | {losses} |\n"),
            brief: Some(format!("| {mark} {word} | {brief} | | |\n")),
        }
    }

    fn cause(&self, cause: &Cause<'_>) -> String {
        let Cause {
            parts: said,
            line,
            past,
        } = cause;
        let said = parts(said);
        match line {
            // The line is that of an earlier version: no page of this one shows it.
            Some(line) if *past => format!("{said}{}{}", words::PAST, code(&line.to_string())),
            Some(line) => format!("{said}, {}", self.line(line)),
            None => said,
        }
    }

    fn line(&self, line: &SourceLine) -> String {
        line_link(line, self.link)
    }

    fn details(&self, (group, title, open): (Group, &str, bool)) -> Section {
        // Of what is only destroyed, the table of risks tells all there is to tell.
        let told = |block: &Vec<&Item<'_>>| {
            let item = block[0];
            item.risk != Risk::Destroy || !lines(item).is_empty()
        };
        let blocks = self.review.blocks(group).into_iter().filter(told);
        let pieces: Vec<Piece> = blocks.map(|block| self.detail(&block)).collect();
        let number: usize = pieces.iter().map(|piece| piece.number).sum();
        let open = if open { " open" } else { "" };
        Section {
            head: format!("\n<details{open}><summary>{title} ({number})</summary>\n\n"),
            pieces,
            tail: "</details>\n".to_owned(),
        }
    }

    /// Tells what becomes of one resource, or of several alike.
    fn detail(&self, block: &[&Item<'_>]) -> Piece {
        let item = block[0];
        let text = |names: usize| match block {
            [item] => self.subject(item),
            _ => {
                let headline = words::headline_of_each(block.len(), item.step);
                format!("{headline}: {}", named(block, names))
            }
        };
        let mut rest = String::new();
        for cause in self.told_causes(item) {
            let cause = match block {
                [_] => self.cause(&cause),
                _ => parts(&cause.parts),
            };
            let _ = write!(rest, "; {cause}");
        }
        rest += "\n";
        let lines = lines(item);
        if !lines.is_empty() {
            rest += "\n";
            rest += &fence("diff", &lines);
        }
        rest += "\n";
        Piece {
            weight: detail_weight(item),
            number: block.len(),
            text: text(usize::MAX) + &rest,
            brief: (block.len() > NAMED_PER_ROW).then(|| text(NAMED_PER_ROW) + &rest),
        }
    }

    /// Names one resource, where it is and where the files describe it, and says what becomes of it.
    fn subject(&self, item: &Item<'_>) -> String {
        let step = item.step;
        let mut text = format!(
            "{} {} ({})",
            code(&step.address.to_string()),
            words::headline(step),
            code(&words::whereabouts(step)),
        );
        if let Some(line) = item.block.filter(|_| step.reason != Reason::LeftTheFiles) {
            let _ = write!(text, ", {}", self.line(line));
        }
        text
    }

    /// Lists the causes that no note beside a field tells.
    fn told_causes<'i>(&self, item: &'i Item<'_>) -> Vec<Cause<'i>> {
        let step = item.step;
        if step.action == Action::Replace && step.reason == Reason::Differs {
            return Vec::new();
        }
        words::causes(item)
    }

    fn drift(&self) -> Section {
        let drifts = &self.review.plan.drift;
        let blocks = alike_drifts(drifts).into_iter();
        let pieces = blocks.map(|block| Piece {
            weight: Weight::Drifted,
            number: block.len(),
            text: drifted(&block),
            brief: None,
        });
        Section {
            head: format!(
                "\n<details><summary>Changed outside gwplan since the last apply ({})</summary>\n\n",
                drifts.len()
            ),
            pieces: pieces.collect(),
            tail: "</details>\n".to_owned(),
        }
    }

    fn moves(&self) -> Section {
        let moves = self.review.plan.moves.iter();
        let pieces = moves.map(|Move { from, to }| {
            let (from, to) = (code(&from.to_string()), code(&to.to_string()));
            Piece {
                weight: Weight::Moved,
                number: 1,
                text: format!("- {from} has moved to {to}\n"),
                brief: None,
            }
        });
        Section {
            head: "\n".to_owned(),
            pieces: pieces.collect(),
            tail: "\n".to_owned(),
        }
    }

    fn ignored(&self) -> Section {
        let ignored = self.review.plan.ignored.iter();
        let pieces = ignored.map(|(address, path)| {
            let (address, path) = (code(&address.to_string()), code(&path.to_string()));
            Piece {
                weight: Weight::Ignored,
                number: 1,
                text: format!("- {path} of {address}\n"),
                brief: None,
            }
        });
        let pieces: Vec<Piece> = pieces.collect();
        Section {
            head: format!(
                "\n<details><summary>Differences that `ignoreChanges` leaves alone ({})</summary>\n\n",
                pieces.len()
            ),
            pieces,
            tail: "\n</details>\n".to_owned(),
        }
    }

    fn diagnostics(&self) -> Section {
        let told = told_diagnostics(&self.review.plan.diagnostics);
        let diagnostics = told.iter();
        Section {
            head: "\n**Errors and warnings**\n\n".to_owned(),
            pieces: diagnostics.map(|one| diagnostic(one, self.link)).collect(),
            tail: "\n".to_owned(),
        }
    }

    fn end(&self) -> String {
        let Review {
            digest, command, ..
        } = self.review;
        let (Some(command), Some(digest)) = (command, digest) else {
            return String::new();
        };
        let digest = format!("\nDigest {}.", code(digest));
        if command.len() > MAX_COMMAND_BYTES {
            return format!(
                "{digest} The command that applies exactly this plan is too long for this place: `gwplan plan` prints it.\n"
            );
        }
        let apply = fence("sh", &[(*command).to_owned()]);
        format!("{digest} Apply exactly this plan with\n\n{apply}")
    }
}

/// Tells what others changed of one resource, or of several alike.
fn drifted(block: &[&Drift]) -> String {
    let Drift { gone, fields, .. } = block[0];
    let names: Vec<String> = block
        .iter()
        .map(|Drift { address, id, .. }| format!("{} ({})", code(&address.to_string()), code(id)))
        .collect();
    let names = names.join(", ");
    let lead = words::plural(block.len(), "gateway");
    let who = match block {
        [_] => names,
        _ => format!("Each of these {lead}: {names}"),
    };
    if *gone {
        return format!("{who} has been deleted\n\n");
    }
    let mut lines = Vec::new();
    for DriftedField { path, applied, now } in fields {
        for (mark, value) in [("-", applied), ("+", now)] {
            match value {
                Some(value) => lines.push(format!("{mark} {path}: {value}")),
                None => lines.push(format!("{mark} {path}: (not set)")),
            }
        }
    }
    let fence = fence("diff", &lines);
    format!("{who} has been changed\n\n{fence}\n")
}

fn detail_weight(item: &Item<'_>) -> Weight {
    match (item.group, item.risk) {
        (_, Risk::Destroy) => Weight::DestroyDetail,
        (Group::Danger, _) => Weight::DangerDetail,
        (Group::Update, Risk::LiftsProtection | Risk::Cost) => Weight::CostlyUpdate,
        (Group::Update, _) => Weight::SafeUpdate,
        (Group::Create, _) => Weight::Created,
        (Group::Wait, _) => Weight::Waited,
        (Group::Forget, _) => Weight::Moved,
    }
}

/// Names resources by their addresses, at most so many of them.
fn named(block: &[&Item<'_>], most: usize) -> String {
    words::few(block, most, |item| code(&item.step.address.to_string()))
}

/// Tells a change in a few words; the details show what a map or a long text holds.
fn short_change(change: &FieldChange) -> String {
    let path = code(&change.path.to_string());
    let short = |value: &Option<Value>| match value {
        Some(Value::Map(_)) => None,
        Some(value) => Some(code(&value.to_string())).filter(|text| text.len() <= SHORT_BYTES),
        None => Some("not set".to_owned()),
    };
    match (short(&change.before), short(&change.after)) {
        (Some(before), Some(after)) => format!("{path}: {before} → {after}"),
        _ if change.after.is_none() => format!("{path} is removed"),
        _ if change.before.is_none() => format!("{path} is added"),
        _ => format!("{path} is changed"),
    }
}

/// Reads the digest that a comment shows; nothing where it shows none, or several.
pub fn digest_in(comment: &str) -> Option<String> {
    let digests = comment.lines().filter_map(|line| {
        let digest = line.strip_prefix("Digest `")?.split('`').next()?;
        let is_whole = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_whole.then(|| digest.to_owned())
    });
    let mut digests: Vec<String> = digests.collect();
    digests.pop().filter(|_| digests.is_empty())
}

fn heading(project: Option<&str>, environment: Option<&str>) -> String {
    match names(project, environment) {
        names if names.is_empty() => "### gwplan\n\n".to_owned(),
        names => format!("### gwplan: {names}\n\n"),
    }
}

/// Names what is planned, as far as a reader can't know it.
fn names(project: Option<&str>, environment: Option<&str>) -> String {
    let names: Vec<String> = project.into_iter().chain(environment).map(code).collect();
    names.join(", ")
}

/// Returns the sign of a risk; its colour repeats what the word beside it says.
fn mark(risk: Risk) -> &'static str {
    match risk {
        Risk::None => "✅",
        Risk::Safe => "🟢",
        Risk::Cost | Risk::LiftsProtection => "🟡",
        Risk::Replace | Risk::Shrinks => "🟠",
        Risk::LosesAddress | Risk::Destroy => "🔴",
    }
}

fn parts(parts: &[Part]) -> String {
    let texts = parts.iter().map(|part| match part {
        Part::Words(words) => (*words).to_owned(),
        Part::Word(word) => code(word),
    });
    texts.collect()
}

fn line_link(line: &SourceLine, page_of: Option<Link<'_>>) -> String {
    let shown = code(&line.to_string());
    match page_of.and_then(|page_of| page_of(line)) {
        Some(page) => format!("[{shown}]({page})"),
        None => shown,
    }
}

/// Lists what becomes of the fields, as a diff shows it.
fn lines(item: &Item<'_>) -> Vec<String> {
    let step = item.step;
    let mut lines = Vec::new();
    for change in &step.changes {
        changed(step, change, &mut lines);
    }
    if step.changes.is_empty() {
        let made = leaves(&item.attributes).into_iter();
        lines.extend(made.map(|(path, value)| format!("+ {path}: {value}")));
    }
    let ways = words::ways(step).into_iter();
    lines.extend(ways.map(|way| format!("# {way}")));
    lines
}

fn changed(step: &Step, change: &FieldChange, lines: &mut Vec<String>) {
    let FieldChange {
        path,
        before,
        after,
        how: _,
        drifted: _,
    } = change;
    let before = before.as_ref().map(|value| format!("- {path}: {value}"));
    let after = after.as_ref().map(|value| format!("+ {path}: {value}"));
    let mut both: Vec<String> = before.into_iter().chain(after).collect();
    let note = words::how(step, change);
    if let Some(last) = both.last_mut().filter(|_| !note.is_empty()) {
        let _ = write!(last, "  # {note}");
    }
    lines.extend(both);
}
