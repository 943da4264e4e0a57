//! `gwplan output`.

use clap::{Args, ValueEnum};

use crate::model::{Address, Fault};
use crate::schema::suggest;
use crate::view::{self, OutputError};

use crate::cli::failure::Failure;
use crate::cli::workspace::Workspace;
use crate::cli::{Exit, Session};

use super::state::recorded;

/// Prints what the state holds of a resource, for scripts: its id, its public addresses, its ports.
///
/// Everything is as it was last seen: `gwplan apply` brings the state up to date.
#[derive(Debug, Args)]
pub(in crate::cli) struct OutputArgs {
    /// The address, for example gateway.prod-ingress.
    #[arg(value_name = "ADDR")]
    address: Address,
    /// Which value: keys with dots between, for example publicIpAddresses.0 or nodeConfig.number; all
    /// where it is left out.
    #[arg(value_name = "PATH")]
    path: Option<String>,
    /// The form of the output.
    #[arg(long, default_value = "json")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON, on one line.
    Json,
    /// A line for each value that a shell can read, such as `GATEWAY_ID=gateway-dde03755`.
    Env,
    /// One value as it is, or each item of a list on a line.
    Raw,
}

pub(super) fn run(args: &OutputArgs, session: &Session) -> Result<Exit, Failure> {
    let OutputArgs {
        address,
        path,
        format,
    } = args;
    let state = Workspace::open(session)?.state()?;
    let document = view::output_document(address, recorded(address, &state)?);
    let value = match path {
        Some(path) => view::find_output(&document, path).map_err(|error| told(&error, args))?,
        None => &document,
    };
    let text = match format {
        Format::Json => format!("{value}\n"),
        Format::Env => view::output_env(value, path.as_deref().unwrap_or_default()),
        Format::Raw => view::output_raw(value).map_err(|error| told(&error, args))?,
    };
    session.terminal.product(&text)?;
    Ok(Exit::Done)
}

fn told(error: &OutputError, args: &OutputArgs) -> Fault {
    let OutputArgs { address, path, .. } = args;
    match error {
        OutputError::Missing { path: rest, known } => {
            let last = rest.split('.').next().unwrap_or_default();
            let likely = suggest(last, known.iter().map(String::as_str));
            let path = path.as_deref().unwrap_or_default();
            let fault = Fault::new(format!("the state holds no `{path}` of {address}"));
            match likely {
                Some(likely) => fault.hint(format!("did you mean `{likely}`?")),
                None if known.is_empty() => {
                    fault.hint("what stands before the last dot is one value")
                }
                None => fault.hint(format!("known there: {}", known.join(", "))),
            }
        }
        OutputError::Many(_) => {
            let whole = path
                .as_deref()
                .map_or_else(|| address.to_string(), |path| format!("`{path}`"));
            Fault::new(format!("{whole} has no raw form: {error}"))
                .hint("name one of them by its PATH, or use --format json or env")
        }
    }
}
