//! `gwplan state`.

use clap::{Args, Subcommand};

use crate::model::{Address, Fault};
use crate::schema::suggest;
use crate::state::State;
use crate::view;

use crate::cli::failure::Failure;
use crate::cli::workspace::Workspace;
use crate::cli::{Exit, Session};

/// Looks into the state.
#[derive(Debug, Args)]
pub(in crate::cli) struct StateArgs {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Debug, Subcommand)]
enum StateCommand {
    /// Lists the addresses, one a line.
    List,
    /// Shows one resource: `GatewayId`, `TaskId`, status, attributes.
    Show {
        /// The address, for example gateway.prod-ingress.
        #[arg(value_name = "ADDR")]
        address: Address,
    },
}

pub(super) fn run(args: &StateArgs, session: &Session) -> Result<Exit, Failure> {
    let state = Workspace::open(session)?.state()?;
    let text = match &args.command {
        StateCommand::List => view::state_list(&state),
        StateCommand::Show { address } => {
            let record = state
                .resources
                .get(address)
                .ok_or_else(|| not_recorded(address, &state))?;
            view::record_text(address, record)
        }
    };
    session.terminal.product(&text)?;
    Ok(Exit::Done)
}

fn not_recorded(address: &Address, state: &State) -> Fault {
    let names: Vec<String> = state.resources.keys().map(Address::to_string).collect();
    let hint = match suggest(&address.to_string(), names.iter().map(String::as_str)) {
        Some(word) => format!("did you mean {word}?"),
        None => "`gwplan state list` lists what it holds".to_owned(),
    };
    Fault::new(format!("the state holds no {address}")).hint(hint)
}
