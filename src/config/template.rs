//! The parts of a text with variables in it: `gateway-${var.cell}`.

/// One part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Characters that stand for themselves.
    Literal(&'t str),
    /// A variable, and how it is spelled with what encloses it.
    Reference { name: &'t str, spelled: &'t str },
    /// What can't be read.
    Broken(Problem),
}

/// Says what is wrong with a part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) rule: &'static str,
    /// The part as it is spelled, by which it is found in the file.
    pub(super) spelled: String,
    pub(super) summary: String,
    pub(super) help: String,
}

const OPEN: &str = "${";
const ALLOWED: &str =
    "only `${var.NAME}` is filled in; write `$${` for the characters `${` themselves";

/// Tells whether a text holds anything that [`pieces`] would not leave as it is.
pub(super) fn is_template(text: &str) -> bool {
    text.contains(OPEN)
}

/// Tells whether a name can stand in `${var.NAME}`.
pub fn is_variable_name(name: &str) -> bool {
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    name.starts_with(begins) && name.chars().all(goes_on)
}

/// Takes a text apart.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(OPEN) {
        // Of `$${` the first sign only says that the rest stands for itself.
        if let Some(before) = rest[..at].strip_suffix('$') {
            found.push(Piece::Literal(before));
            found.push(Piece::Literal(OPEN));
            rest = &rest[at + OPEN.len()..];
            continue;
        }
        if at > 0 {
            found.push(Piece::Literal(&rest[..at]));
        }
        let Some(length) = rest[at..].find('}') else {
            found.push(Piece::Broken(unclosed(&rest[at..])));
            return found;
        };
        let spelled = &rest[at..=at + length];
        found.push(reference(spelled));
        rest = &rest[at + length + 1..];
    }
    if !rest.is_empty() {
        found.push(Piece::Literal(rest));
    }
    found
}

/// Reads a text that may hold no variables, such as the value of one.
pub(super) fn literal(text: &str) -> Result<String, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut plain = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Literal(literal) => plain.push_str(literal),
            Piece::Reference { spelled, .. } => problems.push(Problem {
                rule: "bad-expression",
                spelled: spelled.to_owned(),
                summary: "the value of a variable can't hold another variable".to_owned(),
                help: "write the value out, or put both variables where the value is used"
                    .to_owned(),
            }),
            Piece::Broken(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(plain)
    } else {
        Err(problems)
    }
}

fn reference(spelled: &str) -> Piece<'_> {
    let inside = spelled[OPEN.len()..spelled.len() - 1].trim();
    match inside.strip_prefix("var.") {
        Some(name) if is_variable_name(name) => Piece::Reference { name, spelled },
        _ => {
            let help = if is_variable_name(inside) {
                format!("did you mean `${{var.{inside}}}`? {ALLOWED}")
            } else {
                format!("{ALLOWED}; there are no functions and no other expressions")
            };
            Piece::Broken(Problem {
                rule: "bad-expression",
                spelled: spelled.to_owned(),
                summary: format!("`{spelled}` is not a variable"),
                help,
            })
        }
    }
}

fn unclosed(spelled: &str) -> Problem {
    Problem {
        rule: "bad-expression",
        spelled: spelled.to_owned(),
        summary: "`${` has no `}` after it".to_owned(),
        help: format!("close it, as in `${{var.NAME}}`; {ALLOWED}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let show = |piece: Piece<'_>| match piece {
            Piece::Literal(literal) => literal.to_owned(),
            Piece::Reference { name, .. } => format!("<{name}>"),
            Piece::Broken(problem) => format!("!{}!", problem.spelled),
        };
        pieces(text).into_iter().map(show).collect()
    }

    #[test]
    fn a_text_comes_apart_at_its_variables() {
        for (text, expected) in [
            ("", ""),
            ("plain $5 {x}", "plain $5 {x}"),
            ("${var.a}", "<a>"),
            ("a-${ var.cell_1 }-b${var.c}", "a-<cell_1>-b<c>"),
            ("$${var.a}", "${var.a}"),
            ("x$${a}${var.b}", "x${a}<b>"),
            ("${a}", "!${a}!"),
            ("${var.}", "!${var.}!"),
            ("${var.a", "!${var.a!"),
            ("网${upper(var.a)}关", "网!${upper(var.a)}!关"),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }
}
