//! Patterns of addresses.

/// Tells whether a text fits a pattern: `*` stands for any characters, `?` for one.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut from) = (0, 0);
    // Where the last star stands, and how much of the text it has taken so far.
    let mut star = None;
    while from < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(sign) if *sign == '?' || *sign == text[from] => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((place, taken)) = star else {
                    return false;
                };
                star = Some((place, taken + 1));
                at = place + 1;
                from = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|sign| *sign == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_characters() {
        for (pattern, text, fits) in [
            ("gateway.prod-*", "gateway.prod-a", true),
            ("gateway.prod-*", "gateway.prod-", true),
            ("gateway.prod-*", "gateway.production", false),
            ("gateway.a", "gateway.a", true),
            ("gateway.a", "gateway.ab", false),
            ("gateway.?", "gateway.a", true),
            ("gateway.?", "gateway.", false),
            ("*", "gateway.a", true),
            ("*.*-a", "gateway.b-a-a", true),
            ("*a*b*c", "gateway.xabxc", true),
            ("*a*b*c", "gateway.xabxcd", false),
            ("", "gateway.a", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_no_long_time() {
        let pattern = "*a".repeat(200) + "b";
        assert!(!matches(&pattern, &"a".repeat(5000)));
    }
}
