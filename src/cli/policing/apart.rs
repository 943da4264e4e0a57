//! Policies run in a process of their own, within a bound of memory.

use std::io::{self, Write};
use std::process::{Command, Output, Stdio};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::cli::Session;
use crate::model::Diagnostic;
use crate::policy::{self, Bundle, Outcome};

/// The name of the command that runs them; nobody types it.
pub(in crate::cli) const COMMAND: &str = "policy-worker";

/// The memory that policies may have whatever their input, in bytes: far more than any needs.
const LEAST: u64 = 1 << 30;

/// How much more they may have for each byte of what they are given, since values are larger than their text.
const FOR_EACH_BYTE: u64 = 32;

/// What the runtime says where it is denied memory.
const DENIED: &str = "memory allocation of";

fn limit(bytes: usize) -> u64 {
    LEAST.saturating_add(FOR_EACH_BYTE.saturating_mul(bytes as u64))
}

/// Holds policies against their input in another process, or checks them alone.
///
/// However that process ends, a policy that was not evaluated to its end is an error, and so denies.
pub(super) fn run(bundle: &Bundle, input: Option<&str>, session: &Session) -> Outcome {
    let mut request = Vec::new();
    let sent = policy::send_policies(bundle, input, &mut request);
    let ended = sent.and_then(|()| ask(&request));
    let output = match ended {
        Ok(output) => output,
        Err(error) => return failed(format!("the policies could not be run: {error}")),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    for line in said
        .lines()
        .filter(|line| line.trim_start().starts_with("DEBUG"))
    {
        session.terminal.error(line);
    }
    if output.status.success()
        && let Some(outcome) = policy::receive_outcome(bundle, &output.stdout)
    {
        return outcome;
    }
    failed(if said.contains(DENIED) {
        let mebibytes = limit(request.len()) >> 20;
        format!("the policies asked for more memory than {mebibytes} MiB")
    } else {
        format!(
            "the policies could not be run: their process ended with {}",
            output.status
        )
    })
}

fn failed(summary: String) -> Outcome {
    let help =
        "simplify them: look for ranges, products and texts of a width that grow without bound";
    Outcome {
        diagnostics: vec![Diagnostic::error("policy", summary).help(help)],
        ..Outcome::default()
    }
}

/// Asks a process of our own program, which sees nothing of our environment.
fn ask(request: &[u8]) -> io::Result<Output> {
    let mut command = Command::new(std::env::current_exe()?);
    if tracing::enabled!(tracing::Level::DEBUG) {
        command.arg("-v");
    }
    let mut process = command
        .args(["--color", "never", COMMAND])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = process.stdin.take() {
        // One that ended while it read says so by how it ended.
        stdin.write_all(request).ok();
    }
    process.wait_with_output()
}

/// Is the other process: reads, bounds itself, evaluates, answers.
pub(in crate::cli) fn work() -> io::Result<()> {
    let bound = |bytes: usize| {
        // A core of what was too large would be as large.
        restrict(Resource::Core, 0)?;
        let bounded = restrict(Resource::As, limit(bytes));
        // Elsewhere a program may begin with more addresses than that, and then there is no such bound.
        if cfg!(target_os = "linux") {
            bounded
        } else {
            Ok(())
        }
    };
    policy::serve_policies(&mut io::stdin().lock(), &mut io::stdout().lock(), bound)
}

/// Lowers a limit of this process; one that is lower already stays.
fn restrict(resource: Resource, to: u64) -> io::Result<()> {
    let now = getrlimit(resource);
    let to = now.maximum.map_or(to, |maximum| maximum.min(to));
    let limit = Rlimit {
        current: Some(to),
        maximum: Some(to),
    };
    Ok(setrlimit(resource, limit)?)
}
