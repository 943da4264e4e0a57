//! One YAML file: read, bounded, scanned, parsed.

use std::path::Path;
use std::sync::Arc;

use serde_yaml::Value as Yaml;

use crate::files::{Reach, ReadError};
use crate::model::{Diagnostic, Location, SourceFile};

use super::merge::apply_merges;
use super::scan::{Node, scan};

/// The largest file that is read, in bytes; 10,000 gateways take about a quarter of it.
pub const MAX_FILE_BYTES: usize = 16 * 1024 * 1024;

/// Holds a parsed file, or the faults that kept it from being parsed.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) file: Arc<SourceFile>,
    pub(super) parsed: Result<Parsed, Vec<Diagnostic>>,
}

/// Holds a file's values and the places of all of them.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) value: Yaml,
    pub(super) root: Node,
}

impl Document {
    /// Reads a file of the project; nothing of one that is out of its reach is ever shown.
    pub(super) fn read(reach: &Reach, path: &Path) -> Self {
        Self::from_outcome(path, reach.read(path, MAX_FILE_BYTES as u64))
    }

    /// Reads a file that the command line names itself.
    pub(super) fn read_named(reach: &Reach, path: &Path) -> Self {
        Self::from_outcome(path, reach.read_named(path, MAX_FILE_BYTES as u64))
    }

    fn from_outcome(path: &Path, read: Result<Vec<u8>, ReadError>) -> Self {
        let shown = path.display().to_string();
        let error = match read {
            Ok(bytes) => return Self::from_bytes(&shown, &bytes),
            Err(ReadError::TooLarge(_)) => return Self::too_large(&shown),
            Err(error) => error,
        };
        let rule = match error {
            ReadError::Outside => "outside-project",
            _ => "unreadable-file",
        };
        let fault = Diagnostic::error(rule, format!("the file can't be read: {error}"));
        Self::failed(&shown, fault.help(error.hint()))
    }

    /// Takes a file's bytes over.
    pub(super) fn from_bytes(shown: &str, bytes: &[u8]) -> Self {
        if bytes.len() > MAX_FILE_BYTES {
            return Self::too_large(shown);
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => return Self::not_utf8(shown, bytes, error.valid_up_to()),
        };
        let file = SourceFile::new(shown, text);
        let parsed = scan(&file).and_then(|root| {
            let mut value = parse(&file)?;
            apply_merges(&file, &root, &mut value)?;
            Ok(Parsed { value, root })
        });
        Self { file, parsed }
    }

    fn too_large(shown: &str) -> Self {
        let bound = MAX_FILE_BYTES / (1024 * 1024);
        let fault = Diagnostic::error(
            "file-too-large",
            format!("the file is larger than {bound} MiB"),
        );
        Self::failed(
            shown,
            fault.help("split it: every YAML file in the folder is read"),
        )
    }

    fn failed(shown: &str, fault: Diagnostic) -> Self {
        let file = SourceFile::new(shown, "");
        let fault = fault.at(Some(Location::new(&file, 0, 0)));
        Self {
            file,
            parsed: Err(vec![fault]),
        }
    }

    fn not_utf8(shown: &str, bytes: &[u8], valid: usize) -> Self {
        let file = SourceFile::new(shown, String::from_utf8_lossy(bytes));
        let help = if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            "it looks like UTF-16: save it as UTF-8"
        } else {
            "save it as UTF-8"
        };
        let bad = bytes.get(valid).copied().unwrap_or_default();
        let fault = Diagnostic::error(
            "not-utf8",
            format!("the byte 0x{bad:02X} here is not UTF-8"),
        )
        .help(help)
        .at(Some(Location::new(&file, valid, valid + 1)));
        Self {
            file,
            parsed: Err(vec![fault]),
        }
    }
}

fn parse(file: &Arc<SourceFile>) -> Result<Yaml, Vec<Diagnostic>> {
    serde_yaml::from_str(file.text()).map_err(|error| vec![parse_fault(file, &error)])
}

/// Reports what `serde_yaml` refuses although the scan took it.
fn parse_fault(file: &Arc<SourceFile>, error: &serde_yaml::Error) -> Diagnostic {
    // Its index counts characters, whatever its documentation says.
    let at = error.location().and_then(|location| {
        let mut characters = file.text().char_indices();
        characters.nth(location.index()).map(|(byte, _)| byte)
    });
    let at = at.unwrap_or_default();
    let error = error.to_string();
    // The place is told once, and so is the path to it.
    let says = error.split(" at line ").next().unwrap_or_default();
    let fault = match says.split_once("invalid type: integer `") {
        Some((_, number)) => {
            let number = number.split('`').next().unwrap_or_default();
            Diagnostic::error("out-of-range", format!("the number {number} is too large")).help(
                "see `gwplan schema` for what is allowed; if it is meant as text, put it in quotes",
            )
        }
        None => Diagnostic::error("yaml-syntax", format!("this YAML can't be used: {says}"))
            .help("check aliases and tags here and in the line before"),
    };
    fault.at(Some(Location::new(file, at, at + 1)))
}
