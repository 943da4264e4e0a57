//! `gwplan orphans`.

use std::collections::BTreeSet;

use clap::Args;

use crate::engine::{self, Gate};
use crate::kinds::{self, Kind};
use crate::model::{Address, Fault, Identity, owned_address};
use crate::plan::{Snapshot, strays};
use crate::state::State;
use crate::view::{self, Orphan};

use crate::cli::arguments::Format;
use crate::cli::cloud::{Connection, connect};
use crate::cli::failure::Failure;
use crate::cli::locking::LockArgs;
use crate::cli::siblings::Siblings;
use crate::cli::workspace::{Workspace, block_on, refuse_errors};
use crate::cli::{Exit, Session};

/// Lists gateways that were made for this state, and that it doesn't hold.
///
/// They are known by their tag `gwplan:owner`. `gwplan import` takes one over.
#[derive(Debug, Args)]
pub(in crate::cli) struct OrphansArgs {
    /// Deletes this one for good; may be repeated.
    #[arg(long, value_name = "GATEWAY_ID", conflicts_with = "release")]
    delete: Vec<String>,
    /// Takes the tag off this one: it lives on, and is not an orphan any more; may be repeated.
    #[arg(long, value_name = "GATEWAY_ID")]
    release: Vec<String>,
    /// Lists also what was made for other states, such as one that is lost; not what the states of the
    /// project's other environments hold.
    #[arg(long)]
    any_state: bool,
    /// A region to look in, beside the project's own and those of the state; may be repeated.
    #[arg(long = "region", value_name = "REGION")]
    regions: Vec<String>,
    /// Deletes without asking.
    #[arg(long)]
    auto_approve: bool,
    /// The form of the list.
    #[arg(long, default_value = "text")]
    format: Format,
    #[command(flatten)]
    lock: LockArgs,
}

pub(super) fn run(args: &OrphansArgs, session: &Session) -> Result<Exit, Failure> {
    let workspace = Workspace::open(session)?;
    if args.delete.is_empty() && args.release.is_empty() {
        let state = workspace.state()?;
        workspace.check_cloud(session, &state)?;
        return list(args, &state, &workspace, session);
    }
    if !args.delete.is_empty() && !args.auto_approve && !session.terminal.can_ask() {
        let fault =
            Fault::new("orphans --delete asks for approval, but there is no terminal to ask at");
        return Err(Failure::Usage(
            fault.hint("pass --auto-approve to go on without asking"),
        ));
    }
    // Under the lock, and with nothing open: what a run is just making is not an orphan.
    let lock = args.lock.take(&workspace, session, "orphans")?;
    let writing = workspace.begin(session, lock)?;
    workspace.check_cloud(session, &writing.state)?;
    block_on(async {
        let connection = connect(session, &workspace, &writing.state).await?;
        let found = find(args, &writing.state, &workspace, session, &connection).await?;
        let chosen = chosen(args, &found)?;
        let gate = writing.gate(session, &workspace, &connection.client);
        if args.delete.is_empty() {
            release(&chosen, session, &gate).await
        } else {
            delete(args, &chosen, &workspace, session, &connection, &gate).await
        }
    })
}

fn list(
    args: &OrphansArgs,
    state: &State,
    workspace: &Workspace,
    session: &Session,
) -> Result<Exit, Failure> {
    let found = block_on(async {
        let connection = connect(session, workspace, state).await?;
        find(args, state, workspace, session, &connection).await
    })?;
    let mut told = Vec::new();
    let live = workspace.tell_of_live_run(&mut told)?;
    refuse_errors(session, told)?;
    if !state.intents.is_empty() && !live {
        session.terminal.hint(
            "a run was interrupted; what it was creating is not listed: run `gwplan recover` to take it over",
        );
    }
    session.terminal.product(&match args.format {
        Format::Text if found.is_empty() && state.serial == 0 => {
            "There is no state yet, so nothing was made for it. `--any-state` lists what was made for others, such as one that is lost.\n".to_owned()
        }
        Format::Text => view::orphans_text(&found),
        Format::Json => view::orphans_json(&found),
    })?;
    Ok(Exit::Done)
}

async fn find(
    args: &OrphansArgs,
    state: &State,
    workspace: &Workspace,
    session: &Session,
    connection: &Connection,
) -> Result<Vec<Orphan>, Failure> {
    let own = Some(workspace.region(session)).filter(|region| !region.is_empty());
    let recorded = state.identities().map(|identity| identity.region);
    let regions: BTreeSet<String> = own
        .map(str::to_owned)
        .into_iter()
        .chain(args.regions.iter().cloned())
        .chain(recorded)
        .collect();
    if regions.is_empty() {
        return Err(Fault::new("no region says where to look")
            .hint("pass --region REGION, set `provider.region` in gwplan.yaml, or TENCENTCLOUD_REGION")
            .into());
    }
    let snapshot = engine::list_all_kinds(&connection.client, &regions).await?;
    // Looked at after the cloud: what a run that is under way makes is written down before it is there.
    let state = &workspace.state()?;
    let mut found: Vec<Orphan> = strays(state, &snapshot)
        .into_iter()
        .map(|(address, stray)| Orphan::new(Some(address), stray.identity, stray.observed))
        .collect();
    if args.any_state {
        // Looked at after the cloud too, as the own state is.
        let siblings = Siblings::of(&workspace.project, session)?;
        found.extend(of_other_states(state, &siblings, &snapshot));
    }
    // What is open is somebody's work, not an orphan.
    found.retain(|orphan| {
        let address = orphan.address.as_ref();
        address.is_none_or(|address| !state.intents.contains_key(address))
    });
    found.sort_by(|a, b| (&a.owner, &a.identity).cmp(&(&b.owner, &b.identity)));
    Ok(found)
}

fn of_other_states<'a>(
    state: &'a State,
    siblings: &'a Siblings,
    snapshot: &'a Snapshot,
) -> impl Iterator<Item = Orphan> + 'a {
    let recorded: BTreeSet<Identity> = state.identities().collect();
    snapshot
        .found
        .iter()
        .filter(move |(identity, observed)| {
            let owner = observed.owner.as_deref();
            !recorded.contains(identity)
                && siblings.holder(identity, observed).is_none()
                && owner.is_some_and(|owner| owned_address(&state.lineage, owner).is_none())
        })
        .map(|(identity, observed)| Orphan::new(None, identity, observed))
}

/// Finds the orphans that were named.
fn chosen(args: &OrphansArgs, found: &[Orphan]) -> Result<Vec<Orphan>, Fault> {
    let named = args.delete.iter().chain(&args.release);
    named
        .map(|id| {
            let orphan = found.iter().find(|orphan| orphan.identity.id == *id);
            orphan.cloned().ok_or_else(|| {
                Fault::new(format!("{id} is not an orphan of this state"))
                    .hint("`gwplan orphans` lists them; what was made for another state needs --any-state, and what is recorded is deleted by taking it out of the YAML")
            })
        })
        .collect()
}

async fn release(chosen: &[Orphan], session: &Session, gate: &Gate) -> Result<Exit, Failure> {
    for orphan in chosen {
        let identity = &orphan.identity;
        engine::release(gate, kind_of(orphan)?, identity).await?;
        session.terminal.product(&format!(
            "{} is released: it still exists, and no state manages it.\n",
            identity.id
        ))?;
    }
    Ok(Exit::Done)
}

async fn delete(
    args: &OrphansArgs,
    chosen: &[Orphan],
    workspace: &Workspace,
    session: &Session,
    connection: &Connection,
    gate: &Gate,
) -> Result<Exit, Failure> {
    let question = format!("Delete {} for good?", chosen.len());
    if !args.auto_approve {
        session.terminal.error(&view::orphans_text(chosen));
        if !session.terminal.confirm(&question)? {
            session.terminal.status("Cancelled: nothing was done.");
            return Ok(Exit::Failed);
        }
    }
    for orphan in chosen {
        let identity = &orphan.identity;
        session
            .terminal
            .status(&format!("{}: deleting", identity.id));
        let limit = workspace.project.timeouts.delete;
        engine::delete_orphan(&connection.client, gate, kind_of(orphan)?, identity, limit).await?;
        session
            .terminal
            .product(&format!("{} is deleted.\n", identity.id))?;
    }
    Ok(Exit::Done)
}

/// An orphan without an address of this state is of the kind that its owner tag names.
fn kind_of(orphan: &Orphan) -> Result<&'static dyn Kind, Fault> {
    let address = orphan.address.clone().or_else(|| {
        let (_, address) = orphan.owner.split_once('/')?;
        address.parse::<Address>().ok()
    });
    address
        .and_then(|address| kinds::find(address.kind()))
        .ok_or_else(|| {
            let id = &orphan.identity.id;
            Fault::new(format!(
                "of which kind {id} is can't be told from its tag {:?}",
                orphan.owner
            ))
            .hint("delete it in the console")
        })
}
