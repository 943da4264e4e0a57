//! What is told when there is no room for all of it.

use super::super::words;

/// One part of a document: a head, pieces that can be left out, and an end.
pub(super) struct Section {
    pub(super) head: String,
    /// What is told; a section that never had anything, or has nothing left, is not told at all.
    pub(super) pieces: Vec<Piece>,
    pub(super) tail: String,
}

/// One thing that is told.
pub(super) struct Piece {
    pub(super) weight: Weight,
    /// How many things it tells of: what is left out is counted by them.
    pub(super) number: usize,
    pub(super) text: String,
    /// What must be told even where there is no room for the whole piece.
    pub(super) brief: Option<String>,
}

/// Says how much a piece matters, the least first: what matters least is left out first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Ignored,
    Moved,
    Created,
    Waited,
    SafeUpdate,
    Drifted,
    CostlyUpdate,
    Warned,
    DangerDetail,
    DestroyDetail,
    Shifted,
    Denied,
    Danger,
    /// The first denial of each rule.
    DeniedFirst,
    Destroyed,
    Frame,
}

impl Weight {
    /// Names what is left out, for one and for several.
    fn names(self) -> [&'static str; 2] {
        match self {
            Self::Ignored => ["ignored difference", "ignored differences"],
            Self::Moved => ["move or forget", "moves and forgets"],
            Self::Created => ["create", "creates"],
            Self::Waited => ["gateway that is waited for", "gateways that are waited for"],
            Self::SafeUpdate => ["safe update", "safe updates"],
            Self::Drifted => ["drifted gateway", "drifted gateways"],
            Self::CostlyUpdate => [
                "update that changes the bill",
                "updates that change the bill",
            ],
            Self::Warned => ["warning", "warnings"],
            Self::DangerDetail => [
                "detail of a replace or shrink",
                "details of replaces and shrinks",
            ],
            Self::DestroyDetail => ["detail of a destroy", "details of destroys"],
            Self::Shifted => [
                "change since the last review",
                "changes since the last review",
            ],
            Self::Danger => ["replace or shrink", "replaces and shrinks"],
            Self::Denied => ["further denial by policy", "further denials by policy"],
            Self::DeniedFirst => ["denial by policy", "denials by policy"],
            Self::Destroyed => ["destroy", "destroys"],
            Self::Frame => ["part", "parts"],
        }
    }
}

/// The room that is kept for saying what was left out, in bytes.
const NOTE_BYTES: usize = 1100;

/// Joins sections to a document of at most `max_bytes` bytes, and says what had no room.
///
/// Sections are kept whole: their ends are always there, so that no fence or tag stays open.
pub(super) fn fit(mut sections: Vec<Section>, max_bytes: usize) -> String {
    let mut bytes: usize = sections.iter().map(Section::bytes).sum();
    let mut left_out = Vec::new();
    if bytes > max_bytes {
        let room = max_bytes.saturating_sub(NOTE_BYTES);
        shorten(&mut sections, &mut bytes, room, &mut left_out);
    }
    let mut out = String::new();
    let told = sections.iter().filter(|section| !section.pieces.is_empty());
    for (at, section) in told.enumerate() {
        out += &section.head;
        for piece in &section.pieces {
            out += &piece.text;
        }
        out += &section.tail;
        if at == 0 {
            out += &warning(&left_out);
        }
    }
    out + &note(&left_out)
}

impl Section {
    /// Begins a section that is always told whole.
    pub(super) fn fixed(text: String) -> Self {
        Self {
            head: String::new(),
            pieces: vec![Piece {
                weight: Weight::Frame,
                number: 1,
                text,
                brief: None,
            }],
            tail: String::new(),
        }
    }

    fn bytes(&self) -> usize {
        let pieces: usize = self.pieces.iter().map(|piece| piece.text.len()).sum();
        self.head.len() + pieces + self.tail.len()
    }
}

/// Leaves out what matters least, the last of it first, until the rest fits.
fn shorten(
    sections: &mut [Section],
    bytes: &mut usize,
    room: usize,
    left_out: &mut Vec<(Weight, usize)>,
) {
    let pieces = sections.iter().flat_map(|section| &section.pieces);
    let mut weights: Vec<Weight> = pieces.map(|piece| piece.weight).collect();
    weights.retain(|weight| *weight != Weight::Frame);
    weights.sort_unstable();
    weights.dedup();
    for (at, weight) in weights.iter().copied().enumerate() {
        if *bytes <= room {
            return;
        }
        if weight >= Weight::Denied {
            // Of what is dangerous, all is told in brief before any of it is left out; a denial is
            // nothing without its reason.
            let brief = weights[at..].iter();
            for weight in brief.filter(|weight| **weight != Weight::DeniedFirst) {
                for section in sections.iter_mut().rev() {
                    abridge(section, *weight, bytes, room);
                }
            }
        }
        let mut number = 0;
        for section in sections.iter_mut().rev() {
            abridge(section, weight, bytes, room);
            number += cut(section, weight, bytes, room);
        }
        if number > 0 {
            left_out.push((weight, number));
        }
    }
}

/// Takes the brief form of pieces, the last first, while there is no room.
fn abridge(section: &mut Section, weight: Weight, bytes: &mut usize, room: usize) {
    for piece in section.pieces.iter_mut().rev() {
        if *bytes <= room {
            return;
        }
        if piece.weight == weight
            && let Some(brief) = piece.brief.take()
        {
            *bytes = *bytes - piece.text.len() + brief.len();
            piece.text = brief;
        }
    }
}

/// Takes pieces out, the last first, while there is no room; returns of how many things they told.
fn cut(section: &mut Section, weight: Weight, bytes: &mut usize, room: usize) -> usize {
    let mut number = 0;
    let mut keep = vec![true; section.pieces.len()];
    for (piece, keep) in section.pieces.iter().zip(&mut keep).rev() {
        if *bytes > room && piece.weight == weight {
            *bytes -= piece.text.len();
            number += piece.number;
            *keep = false;
        }
    }
    let mut keep = keep.into_iter();
    section.pieces.retain(|_| keep.next().unwrap_or(true));
    number
}

/// Says at once, before anything else, where what is dangerous could not all be told.
fn warning(left_out: &[(Weight, usize)]) -> String {
    let grave = left_out
        .iter()
        .filter(|(weight, _)| *weight >= Weight::Danger);
    let parts: Vec<String> = grave.rev().map(counted).collect();
    if parts.is_empty() {
        return String::new();
    }
    format!(
        "\n🔴 **This comment has no room for all that is dangerous: {} not shown.** The whole plan is in the output of `gwplan plan`.\n",
        words::listed(&parts)
    )
}

/// Says what was left out, what matters most first.
fn note(left_out: &[(Weight, usize)]) -> String {
    if left_out.is_empty() {
        return String::new();
    }
    let parts: Vec<String> = left_out.iter().rev().map(counted).collect();
    format!(
        "\n_Left out for lack of room:_ {}. The whole plan is in the output of `gwplan plan`.\n",
        parts.join(", ")
    )
}

fn counted((weight, number): &(Weight, usize)) -> String {
    let [one, several] = weight.names();
    let name = if *number == 1 { one } else { several };
    format!("{number} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(weight: Weight, texts: &[&str]) -> Section {
        let piece = |text: &&str| Piece {
            weight,
            number: 1,
            text: (*text).to_owned(),
            brief: None,
        };
        Section {
            head: "<".to_owned(),
            pieces: texts.iter().map(piece).collect(),
            tail: ">".to_owned(),
        }
    }

    #[test]
    fn what_fits_is_told_whole() {
        let told = fit(vec![section(Weight::Created, &["a", "b"])], 4);
        assert_eq!(told, "<ab>");
    }

    #[test]
    fn what_matters_least_goes_first_and_its_last_first() {
        let long = "x".repeat(1000);
        let sections = vec![
            section(Weight::Destroyed, &[&long]),
            section(Weight::Created, &["first", &long, &long]),
        ];
        let told = fit(sections, 2500);
        assert!(told.starts_with(&format!("<{long}><first>\n")), "{told}");
        assert!(told.contains("2 creates"), "{told}");
        assert!(told.len() <= 2500);
    }

    #[test]
    fn a_section_of_which_nothing_is_left_is_not_framed() {
        let long = "x".repeat(3000);
        let told = fit(vec![section(Weight::Ignored, &[&long])], 2000);
        assert!(told.starts_with("\n_Left out"), "{told}");
    }
}
