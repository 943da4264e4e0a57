//! YAML scalars that every reader reads as the text they are.

use std::fmt::Write;

/// The words that YAML 1.1 or 1.2 reads as a truth value or as nothing.
const WORDS: &[&str] = &[
    "y", "n", "yes", "no", "true", "false", "on", "off", "null", "~",
];

/// Writes a text as a scalar on one line, in quotes only where some reader could misread it.
///
/// What counts as misread is what YAML 1.1 and 1.2 make of it between them: `no`, `12:30:45` and
/// `0o17` each are something other than text to one of the two.
pub(super) fn scalar(text: &str) -> String {
    if text.chars().any(needs_escape) {
        return escaped(text);
    }
    if is_plain(text) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// Tells whether a printable text can stand without quotes, as a key or as a value of a block.
fn is_plain(text: &str) -> bool {
    let begins_well = text
        .chars()
        .next()
        .is_some_and(|c| c.is_alphanumeric() || "_/($.+".contains(c));
    let ends_well = !text.ends_with([' ', ':']);
    let marks = text.contains(": ") || text.contains(" #");
    begins_well && ends_well && !marks && !is_word(text) && !is_number(text) && !is_date(text)
}

fn is_word(text: &str) -> bool {
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Tells whether a text is a number, or so much like one that a reader may take it for one.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = unsigned.to_ascii_lowercase();
    if matches!(lower.as_str(), ".inf" | ".nan") {
        return true;
    }
    for (prefix, digits) in [
        ("0x", "0123456789abcdef_"),
        ("0o", "01234567_"),
        ("0b", "01_"),
    ] {
        if let Some(rest) = lower.strip_prefix(prefix) {
            return rest.chars().all(|c| digits.contains(c));
        }
    }
    let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let digits_of =
        |text: &str, more: &str| text.chars().all(|c| c.is_ascii_digit() || more.contains(c));
    // A second dot makes a version of it, which no reader takes for a number.
    mantissa.contains(|c: char| c.is_ascii_digit())
        && digits_of(mantissa, "_.,:")
        && mantissa.matches('.').count() <= 1
        && exponent.starts_with(|c: char| c.is_ascii_digit())
        && digits_of(exponent, "_")
}

/// Tells whether a text begins like a date, which YAML 1.1 has a type for.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let mut digits = |least: usize, most: usize| {
        parts.next().is_some_and(|part| {
            (least..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
        })
    };
    digits(4, 4)
        && digits(1, 2)
        && parts
            .next()
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Tells whether a character can't stand in a file as it is: a reader refuses it or folds it, or a
/// person does not see it.
fn needs_escape(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(u32::from(c),
            0xAD | 0x061C | 0x180E | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F
            | 0xFE00..=0xFE0F | 0xFEFF | 0xFFF0..=0xFFFB | 0xE0000..=0xE0FFF)
        || u32::from(c) & 0xFFFE == 0xFFFE
}

fn escaped(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if !needs_escape(c) => out.push(c),
            // Writing to a String does not fail.
            c => {
                let _ = match u32::from(c) {
                    code @ 0..=0xFF => write!(out, "\\x{code:02X}"),
                    code @ 0x100..=0xFFFF => write!(out, "\\u{code:04X}"),
                    code => write!(out, "\\U{code:08X}"),
                };
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_reader_takes_for_text_stands_without_quotes() {
        for text in [
            "gateway-prod",
            "2.5.1",
            "1c2g",
            "vpc-59cag821",
            "Public ingress, live",
            "a:b",
            "it's",
            "ap-guangzhou",
            "网关",
            "a#b",
            "10.0.0.1:80",
            "1e",
            "clb.c2.medium",
            "2024-spring",
            "a [b] {c}",
            "noon",
            "/path",
            "1st",
            "0xyz",
            "e3",
        ] {
            assert_eq!(scalar(text), text);
        }
    }

    #[test]
    fn what_some_reader_misreads_is_quoted() {
        for text in [
            "",
            " ",
            "no",
            "NO",
            "Yes",
            "on",
            "Off",
            "y",
            "N",
            "true",
            "null",
            "Null",
            "~",
            "12:30:45",
            "1e3",
            "1E+3",
            "0x1F",
            "0o17",
            "017",
            "0b1",
            "2.5",
            ".5",
            "5.",
            "+1",
            "-1",
            "1_000",
            "1,000",
            ".inf",
            "-.INF",
            ".NaN",
            "2024-01-02",
            "2024-1-2 10:00:00",
            " a",
            "a ",
            "a: b",
            "a:",
            "a #b",
            "#a",
            "- a",
            "-",
            "?",
            "? a",
            ":a",
            "[a]",
            "{a}",
            "&a",
            "*a",
            "!a",
            "|",
            ">",
            "'a'",
            "\"a\"",
            "%a",
            "@a",
            "`a`",
            "=",
            "<<",
            ",a",
            "---",
            "190:20:30.15",
            "0",
            "685_230.15",
            "1e1_0",
        ] {
            let written = scalar(text);
            assert!(written.starts_with('\''), "{text:?} is written {written}");
        }
    }

    #[test]
    fn what_is_not_seen_is_escaped() {
        for (text, written) in [
            ("a\nb", r#""a\nb""#),
            ("a\tb\r", r#""a\tb\r""#),
            ("say \"hi\"\\\u{7}", r#""say \"hi\"\\\x07""#),
            ("a\u{85}\u{a0}", r#""a\x85\xA0""#),
            ("\u{202e}x\u{200b}", r#""\u202Ex\u200B""#),
            ("\u{feff}", r#""\uFEFF""#),
            ("\u{1ffff}", r#""\U0001FFFF""#),
        ] {
            assert_eq!(scalar(text), written);
        }
    }

    #[test]
    fn a_reader_of_yaml_gets_the_text_back() {
        let mut samples: Vec<String> = [
            "'",
            "''",
            "it's: so",
            "\u{0}",
            "\u{10ffff}",
            "a\u{2028}b",
            "=",
            "🦀",
        ]
        .map(str::to_owned)
        .into();
        samples.extend(
            (1..=0x3000)
                .filter_map(char::from_u32)
                .map(|c| format!("{c}x{c}")),
        );
        for text in samples {
            let yaml = format!("{}: {}\n", scalar(&text), scalar(&text));
            let read: serde_yaml::Value = serde_yaml::from_str(&yaml).expect(&yaml);
            let expected = serde_yaml::Value::String(text.clone());
            assert_eq!(read.get(&text), Some(&expected), "{yaml}");
        }
    }
}
