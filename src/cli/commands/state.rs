//! `gwplan state`.

use clap::{Args, Subcommand};

use crate::backend::Lock;
use crate::model::{Address, Fault};
use crate::plan::{Move, moved_state};
use crate::schema::suggest;
use crate::state::{Record, State};
use crate::view;

use crate::cli::arguments::Format;
use crate::cli::failure::Failure;
use crate::cli::locking::LockArgs;
use crate::cli::workspace::Workspace;
use crate::cli::{Exit, Session};

/// Looks into the state, renames and forgets.
#[derive(Debug, Args)]
pub(in crate::cli) struct StateArgs {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Debug, Subcommand)]
enum StateCommand {
    /// Lists the addresses, one a line.
    List,
    /// Shows one resource: its ids, its status, its attributes.
    Show {
        /// The address, for example gateway.prod-ingress.
        #[arg(value_name = "ADDR")]
        address: Address,
    },
    /// Lists the latest runs that have changed something, the newest last.
    History {
        /// The form of the output.
        #[arg(long, default_value = "text")]
        format: Format,
    },
    /// Gives a resource another address; the cloud is not touched.
    Mv {
        /// The address now.
        #[arg(value_name = "FROM")]
        from: Address,
        /// The address afterwards.
        #[arg(value_name = "TO")]
        to: Address,
        #[command(flatten)]
        lock: LockArgs,
    },
    /// Forgets a resource without deleting it; the cloud is not touched.
    Rm {
        /// The address.
        #[arg(value_name = "ADDR")]
        address: Address,
        #[command(flatten)]
        lock: LockArgs,
    },
}

pub(super) fn run(args: &StateArgs, session: &Session) -> Result<Exit, Failure> {
    let workspace = Workspace::open(session)?;
    let text = match &args.command {
        StateCommand::List => view::state_list(&workspace.state()?),
        StateCommand::Show { address } => {
            let state = workspace.state()?;
            view::record_text(address, recorded(address, &state)?)
        }
        StateCommand::History { format } => {
            let history = workspace.state()?.history;
            match format {
                Format::Text => view::history_text(&history),
                Format::Json => view::history_json(&history),
            }
        }
        StateCommand::Mv { from, to, lock } => {
            let lock = lock.take(&workspace, session, "state mv")?;
            edit(session, &workspace, lock, |state| rename(state, from, to))?
        }
        StateCommand::Rm { address, lock } => {
            let lock = lock.take(&workspace, session, "state rm")?;
            edit(session, &workspace, lock, |state| forget(state, address))?
        }
    };
    session.terminal.product(&text)?;
    Ok(Exit::Done)
}

/// Changes the state, whose lock is held; the change says what it did.
fn edit(
    session: &Session,
    workspace: &Workspace,
    lock: Box<dyn Lock>,
    change: impl FnOnce(&mut State) -> Result<String, Fault>,
) -> Result<String, Failure> {
    let mut writing = workspace.begin(session, lock)?;
    let done = change(&mut writing.state)?;
    writing.state.serial += 1;
    writing.store(workspace)?;
    Ok(done)
}

fn rename(state: &mut State, from: &Address, to: &Address) -> Result<String, Fault> {
    recorded(from, state)?;
    if from.kind() != to.kind() {
        return Err(
            Fault::new(format!("{from} can't become {to}: that is another kind"))
                .hint("the word before the dot must stay"),
        );
    }
    if state.resources.contains_key(to) {
        return Err(Fault::new(format!("the state holds {to} already"))
            .hint("choose another address, or forget that one with `gwplan state rm`"));
    }
    let moved = moved_state(
        state,
        &[Move {
            from: from.clone(),
            to: to.clone(),
        }],
    );
    *state = moved;
    Ok(format!(
        "{from} is {to} now. Rename its key in the YAML too.\n"
    ))
}

fn forget(state: &mut State, address: &Address) -> Result<String, Fault> {
    let record = recorded(address, state)?;
    let done = format!(
        "{address} is forgotten; {} lives on in {}. Take it out of the YAML too. It keeps gwplan's mark, and plans tell of it until `gwplan orphans --release {}` takes that off.\n",
        record.id, record.region, record.id
    );
    state.resources.remove(address);
    Ok(done)
}

fn recorded<'a>(address: &Address, state: &'a State) -> Result<&'a Record, Fault> {
    state
        .resources
        .get(address)
        .ok_or_else(|| not_recorded(address, state))
}

fn not_recorded(address: &Address, state: &State) -> Fault {
    let names: Vec<String> = state.resources.keys().map(Address::to_string).collect();
    let hint = match suggest(&address.to_string(), names.iter().map(String::as_str)) {
        Some(word) => format!("did you mean {word}?"),
        None => "`gwplan state list` lists what it holds".to_owned(),
    };
    Fault::new(format!("the state holds no {address}")).hint(hint)
}
