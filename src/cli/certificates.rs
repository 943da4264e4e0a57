//! The variables that name the certificates to trust.
//!
//! The library that reads them takes an empty one for a path, and says of a wrong one only that no certificate
//! is known. So both are dealt with here, before anything is sent.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::model::Fault;

use super::environment::Environment;

const FILE: &str = "SSL_CERT_FILE";
const FOLDERS: &str = "SSL_CERT_DIR";
/// What a file of certificates holds.
const MARK: &str = "-----BEGIN CERTIFICATE-----";
/// The most bytes of such a file that are read: those of a system are a small part of it.
const MAX_BYTES: u64 = 16 << 20;

/// Starts the program anew without the variables that are set to nothing, in the same process.
///
/// An empty variable is as good as none everywhere else. Taking one out of an environment that other threads
/// may read is not safe, so this is done before there is anything to lose.
pub(super) fn drop_empty(environment: &Environment, arguments: &[OsString]) {
    let is_empty = |name: &&str| {
        let value = environment.variables.get(*name);
        value.is_some_and(String::is_empty)
    };
    let empty: Vec<&str> = [FILE, FOLDERS].into_iter().filter(is_empty).collect();
    let (Ok(program), false) = (std::env::current_exe(), empty.is_empty()) else {
        return;
    };
    let mut again = Command::new(program);
    if let Some((own_name, rest)) = arguments.split_first() {
        again.arg0(own_name).args(rest);
    }
    for name in empty {
        again.env_remove(name);
    }
    // It returns only where the program can't be started anew; then the library complains, if it is used.
    let _ = again.exec();
}

/// Refuses a variable that names no certificates.
pub(super) fn check(environment: &Environment) -> Result<(), Fault> {
    if let Some(file) = environment.get(FILE) {
        let holds = holds_certificates(Path::new(file));
        let wrong = match &holds {
            Ok(true) => return Ok(()),
            Ok(false) => Fault::new(format!(
                "{FILE} names {file}, which holds no certificate in PEM"
            )),
            Err(_) => Fault::new(format!("{FILE} names {file}, which can't be read")),
        };
        let wrong = match holds {
            Err(error) => wrong.because(error),
            Ok(_) => wrong,
        };
        return Err(wrong.hint(format!(
            "correct or unset {FILE}: without it, the system's certificates are trusted"
        )));
    }
    let folders = std::env::split_paths(environment.get(FOLDERS).unwrap_or_default());
    let mut folders = folders
        .filter(|folder| !folder.as_os_str().is_empty())
        .peekable();
    if folders.peek().is_none() || folders.any(|folder| fs::read_dir(folder).is_ok()) {
        return Ok(());
    }
    Err(
        Fault::new(format!("{FOLDERS} names no folder that can be read")).hint(format!(
            "correct or unset {FOLDERS}: without it, the system's certificates are trusted"
        )),
    )
}

fn holds_certificates(file: &Path) -> io::Result<bool> {
    let mut bytes = Vec::new();
    File::open(file)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).contains(MARK))
}
