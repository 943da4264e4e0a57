//! `gwplan state`.

use std::collections::BTreeSet;
use std::fmt::Write;

use clap::{Args, Subcommand, ValueEnum};

use crate::backend::Lock;
use crate::engine;
use crate::model::{Address, Fault};
use crate::plan::{Move, moved_state};
use crate::schema::suggest;
use crate::state::{Record, State};
use crate::view;

use crate::cli::arguments::Format;
use crate::cli::cloud::connect;
use crate::cli::failure::Failure;
use crate::cli::locking::LockArgs;
use crate::cli::workspace::{Workspace, block_on};
use crate::cli::writing::Writing;
use crate::cli::{Exit, Session};

/// Looks into the state, renames and forgets.
#[derive(Debug, Args)]
pub(in crate::cli) struct StateArgs {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Debug, Subcommand)]
enum StateCommand {
    /// Lists what is managed: the address, the id, where it stands, and the public address.
    List {
        /// The form of the output.
        #[arg(long, default_value = "text")]
        format: ListFormat,
    },
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
    /// Takes over a state that was changed by something other than gwplan, such as an editor.
    ///
    /// Its checksum is made anew. All else that a state must be is checked all the same.
    Accept {
        #[command(flatten)]
        lock: LockArgs,
    },
    /// Makes a resource's tag gwplan:owner name this state and its address; nothing else is changed.
    Retag {
        /// The address.
        #[arg(value_name = "ADDR")]
        address: Address,
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

/// The form of the list of what is managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ListFormat {
    /// A table, for people.
    Text,
    /// The addresses alone, one a line.
    Names,
    /// JSON, on one line.
    Json,
}

pub(super) fn run(args: &StateArgs, session: &Session) -> Result<Exit, Failure> {
    let workspace = Workspace::open(session)?;
    let text = match &args.command {
        StateCommand::List { format } => {
            let state = workspace.state()?;
            match format {
                ListFormat::Text => view::state_list(&state),
                ListFormat::Names => view::state_names(&state),
                ListFormat::Json => view::state_list_json(&state),
            }
        }
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
        StateCommand::Accept { lock } => {
            let lock = lock.take(&workspace, session, "state accept")?;
            accept(session, &workspace, lock)?
        }
        StateCommand::Retag { address, lock } => {
            let lock = lock.take(&workspace, session, "state retag")?;
            let writing = workspace.begin(session, lock)?;
            retag(session, &workspace, writing, address)?
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

/// Takes over a state as it stands, and says how it differs from the one that gwplan kept.
fn accept(
    session: &Session,
    workspace: &Workspace,
    lock: Box<dyn Lock>,
) -> Result<String, Failure> {
    let place = workspace.backend.place();
    let Some(loaded) = workspace.backend.load_edited()? else {
        let fault = Fault::new(format!(
            "there is no state {place}: there is nothing to accept"
        ));
        return Err(fault.hint("the first `gwplan apply` makes one").into());
    };
    if workspace.backend.load().is_ok() {
        return Ok(format!(
            "The state {place} is as gwplan wrote it: there is nothing to accept.\n"
        ));
    }
    let before = workspace.backend.load_backup();
    let mut writing = Writing::of(session, loaded, lock.into());
    writing.state.serial += 1;
    writing.store(workspace)?;
    let State {
        serial, resources, ..
    } = &writing.state;
    let mut done = format!(
        "The state {place} is accepted as it stands: serial {serial}, {} resources.\n",
        resources.len()
    );
    if let Some(before) = before {
        let all: BTreeSet<&Address> = resources.keys().chain(before.resources.keys()).collect();
        for address in all {
            let word = match (before.resources.get(address), resources.get(address)) {
                (None, _) => "is not",
                (_, None) => "is still",
                (then, now) if then != now => "is another",
                _ => continue,
            };
            let serial = before.serial;
            let _ = writeln!(done, "  {address} {word} in the backup of serial {serial}");
        }
    }
    Ok(done)
}

/// Gives a resource the owner tag of its address; from then on the record is not one that was moved.
fn retag(
    session: &Session,
    workspace: &Workspace,
    mut writing: Writing,
    address: &Address,
) -> Result<String, Failure> {
    let record = recorded(address, &writing.state)?.clone();
    if !workspace.project.ownership_tag {
        let fault = Fault::new("provider.ownershipTag is false: gwplan sets no owner tags");
        return Err(fault.hint("set it to true in gwplan.yaml first").into());
    }
    workspace.check_cloud(session, &writing.state)?;
    let id = record.id.clone();
    let records = [(address.clone(), record)];
    let failed = block_on(async {
        let connection = connect(session, workspace, &writing.state).await?;
        let gate = writing.gate(session, workspace, &connection.client);
        Ok(engine::mark(&gate, &writing.state.lineage, &records).await)
    })?;
    if let Some((_, why)) = failed.into_iter().next() {
        let fault = Fault::new(format!("{id} did not get its tag gwplan:owner: {why}"));
        return Err(fault
            .hint("see who may call TagResources, then run it again")
            .into());
    }
    if let Some(record) = writing.state.resources.get_mut(address) {
        record.made_for = None;
    }
    writing.state.serial += 1;
    writing.store(workspace)?;
    Ok(format!("{id} is marked as {address} of this state now.\n"))
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
        "{address} is removed from the state; {} still exists in {}. Remove it from the YAML too. It keeps gwplan's owner tag, and plans report it until `gwplan orphans --release {}` removes the tag.\n",
        record.id, record.region, record.id
    );
    state.resources.remove(address);
    Ok(done)
}

pub(super) fn recorded<'a>(address: &Address, state: &'a State) -> Result<&'a Record, Fault> {
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
