//! `gwplan import`.

mod filter;
mod others;
mod out;
mod take_over;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::config::{self, Project, TerraformResource, TerraformState};
use crate::engine;
use crate::kinds::{self, Kind};
use crate::model::{Address, Diagnostic, Fault, Identity, Observed, Phase, Value};
use crate::schema::Need;

use crate::cli::cloud::connect;
use crate::cli::failure::Failure;
use crate::cli::locking::LockArgs;
use crate::cli::planning::{check_place, read_named};
use crate::cli::siblings::Siblings;
use crate::cli::workspace::{Wanted, Workspace, block_on, refuse_errors};
use crate::cli::writing::Writing;
use crate::cli::{Exit, Session};

use filter::FilterArgs;
use out::Out;
use take_over::Candidate;

/// Takes over gateways that others have made; all that they get in the cloud is the tag gwplan:owner.
///
/// Those of a Terraform state don't get that either: nothing in the cloud is changed.
#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    /// The address under which the gateway is to be managed, for example gateway.prod-ingress.
    #[arg(
        value_name = "ADDR",
        requires = "id",
        required_unless_present_any = ["all", "from_terraform"],
        conflicts_with_all = ["all", "from_terraform"]
    )]
    address: Option<Address>,
    /// The gateway's id in the cloud, for example gateway-dde03755.
    #[arg(value_name = "GATEWAY_ID")]
    id: Option<String>,
    /// Takes over every gateway of the project's region, and of those named, that the state doesn't
    /// hold.
    #[arg(long, conflicts_with = "from_terraform")]
    all: bool,
    /// Takes over the gateways of a Terraform state; FILE is what `terraform state pull` writes.
    #[arg(long, value_name = "FILE")]
    from_terraform: Option<PathBuf>,
    /// Takes over also what carries the tag of another state: that must not manage it any longer.
    #[arg(long)]
    from_other_state: bool,
    #[command(flatten)]
    filter: FilterArgs,
    /// Takes over what --all finds without asking; where there is no terminal, it is only listed without.
    #[arg(long, requires = "all")]
    auto_approve: bool,
    /// The file to write the YAML to; it must not be there yet. Default for many: imported.yaml, or
    /// imported-ENV.yaml, which the overlays of the environment ENV must name.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The region to look in; for many, beside the project's own, and may be repeated.
    #[arg(long = "region", value_name = "REGION")]
    regions: Vec<String>,
    /// The files or folders with the YAML that is there already; by default the project's folder.
    #[arg(long = "path", value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    lock: LockArgs,
}

impl ImportArgs {
    /// Returns the paths that the command line names.
    pub(super) fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        let paths = self.paths.iter_mut();
        paths
            .chain(&mut self.from_terraform)
            .chain(&mut self.out)
            .collect()
    }

    /// Returns the file that the YAML goes to: for many there is a default.
    fn out(&self, project: &Project) -> Option<PathBuf> {
        let many = self.address.is_none();
        let named = self.out.clone();
        named.or_else(|| many.then(|| out::default(project)))
    }
}

pub(super) fn run(args: &ImportArgs, session: &Session) -> Result<Exit, Failure> {
    let mut workspace = Workspace::open(session)?;
    let out = args.out(&workspace.project);
    let out = out.map(|path| Out::new(&session.root, path)).transpose()?;
    if let Some(out) = &out {
        check_place(session, &out.given)?;
        workspace.project.expect_overlay(&out.given);
    }
    let wanted = if args.paths.is_empty() {
        workspace.wanted_if_any(session)?
    } else {
        workspace.wanted(session, &args.paths)?
    };
    let lock = args.lock.take(&workspace, session, "import")?;
    let writing = workspace.begin(session, lock)?;
    workspace.check_cloud(session, &writing.state)?;
    let importer = Importer {
        args,
        session,
        workspace: &workspace,
        siblings: Siblings::of(&workspace.project, session)?,
        out: out.as_ref(),
        wanted,
        writing,
    };
    match (&args.address, &args.id, &args.from_terraform) {
        (Some(address), Some(id), _) => importer.one(address, id),
        (_, _, Some(file)) => importer.of_terraform(file),
        _ => importer.all(),
    }
}

/// Holds what every way to import works on; the state's lock is held meanwhile.
struct Importer<'a> {
    args: &'a ImportArgs,
    session: &'a Session,
    workspace: &'a Workspace,
    siblings: Siblings,
    /// Where the YAML goes; always there for many.
    out: Option<&'a Out>,
    wanted: Wanted,
    writing: Writing,
}

impl Importer<'_> {
    fn one(self, address: &Address, id: &str) -> Result<Exit, Failure> {
        let kind = kind_of(address)?;
        self.refuse_recorded(address, id)?;
        let desired = self.wanted.desired.get(address).cloned();
        if let (Some(_), Some(out)) = (&desired, self.out) {
            let fault = Fault::new(format!("the YAML describes {address} already"));
            return Err(fault
                .hint(format!(
                    "leave --out {} out: nothing has to be written",
                    out.shown
                ))
                .into());
        }
        let region = self.region_of_one(desired.as_ref().map(|desired| desired.region.as_str()))?;
        let identity = Identity {
            region,
            id: id.to_owned(),
        };
        let observed = block_on(async {
            let connection = connect(self.session, self.workspace, &self.writing.state).await?;
            Ok(engine::look_up(&connection.client, kind, &identity).await?)
        })?;
        let observed = observed.ok_or_else(|| {
            Fault::new(format!("there is no {id} in {}", identity.region))
                .hint("check the id, or name the region that holds it with --region REGION")
        })?;
        if observed.phase == Phase::Leaving {
            let fault = Fault::new(format!("{id} is being deleted: it can't be taken over"));
            return Err(fault
                .hint("plan without it: then a new one is made of what the YAML describes")
                .into());
        }
        self.refuse_others(&identity, &observed)?;
        match desired {
            Some(desired) => {
                let record = engine::adopt(kind.schema(), &identity, &observed, &desired);
                self.finish(&[(address.clone(), record)])
            }
            None => {
                let candidate = Candidate::found(kind, identity, observed);
                self.take_over_one(address, candidate)
            }
        }
    }

    /// Refuses an address or an id that the state holds.
    fn refuse_recorded(&self, address: &Address, id: &str) -> Result<(), Failure> {
        if let Some(record) = self.writing.state.resources.get(address) {
            let fault = Fault::new(format!("the state holds {address} already: {}", record.id));
            return Err(fault
                .hint("choose another address, or forget that one with `gwplan state rm`")
                .into());
        }
        let holder = self.writing.state.resources.iter().find(|(_, record)| {
            let successor = record.successor.as_deref();
            record.id == id || successor.is_some_and(|successor| successor.id == id)
        });
        if let Some((other, _)) = holder {
            let fault = Fault::new(format!("the state holds {id} already, as {other}"));
            return Err(fault
                .hint(format!(
                    "`gwplan state mv {other} {address}` gives it that address"
                ))
                .into());
        }
        Ok(())
    }

    fn region_of_one(&self, described: Option<&str>) -> Result<String, Failure> {
        let named = match self.args.regions.as_slice() {
            [] => None,
            [region] => Some(region.as_str()),
            _ => {
                let fault = Fault::new("one gateway is in one region, but several are named");
                return Err(fault.hint("pass --region once").into());
            }
        };
        match (described, named) {
            (Some(described), Some(named)) if described != named => {
                let fault = Fault::new(format!(
                    "the YAML says that it is in {described}, not in {named}"
                ));
                Err(fault
                    .hint("leave --region out, or change the region in the YAML")
                    .into())
            }
            (Some(region), _) | (None, Some(region)) => Ok(region.to_owned()),
            (None, None) => match self.workspace.region(self.session) {
                "" => Err(no_region()),
                region => Ok(region.to_owned()),
            },
        }
    }

    fn all(self) -> Result<Exit, Failure> {
        let regions = self.regions();
        if regions.is_empty() {
            return Err(no_region());
        }
        let recorded: BTreeSet<Identity> = self.writing.state.identities().collect();
        let found = block_on(async {
            let connection = connect(self.session, self.workspace, &self.writing.state).await?;
            let mut found = Vec::new();
            for kind in kinds::ALL.iter().copied() {
                let none = BTreeSet::new();
                let unknown = |identity: &Identity| !recorded.contains(identity);
                let seen =
                    engine::survey(&connection.client, kind, &regions, &none, unknown).await?;
                let asked_for = seen
                    .into_iter()
                    .filter(|(_, observed)| self.args.filter.takes(observed));
                found.extend(
                    asked_for
                        .map(|(identity, observed)| Candidate::found(kind, identity, observed)),
                );
            }
            Ok(found)
        })?;
        let nothing = format!(
            "Nothing to import: the state holds every gateway of {}.\n",
            listed(&regions)
        );
        self.take_over(found, &nothing)
    }

    /// Returns the project's region, where there is one, and those that were named.
    fn regions(&self) -> BTreeSet<String> {
        let own = Some(self.workspace.region(self.session)).filter(|region| !region.is_empty());
        let named = self.args.regions.iter().map(String::as_str);
        own.into_iter().chain(named).map(str::to_owned).collect()
    }

    fn of_terraform(self, file: &Path) -> Result<Exit, Failure> {
        let TerraformState {
            resources,
            others,
            unusable,
        } = self.read_terraform(file)?;
        self.tell(unusable.into_iter().map(|(address, why)| {
            Diagnostic::warning("not-imported", format!("{address} is left out: {why}"))
        }))?;
        if others > 0 {
            self.session.terminal.status(&format!(
                "{others} other resources of {} are not of a kind that gwplan manages: left out",
                file.display()
            ));
        }
        let mut regions = self.regions();
        regions.extend(resources.iter().flat_map(regions_named));
        if regions.is_empty() {
            return Err(no_region());
        }
        let candidates = if resources.is_empty() {
            Vec::new()
        } else {
            self.found_of(resources, &regions)?
        };
        let shown = file.display();
        let nothing = format!(
            "Nothing to import: {shown} holds no gateway that exists and that the state doesn't hold.\n"
        );
        self.take_over(candidates, &nothing)
    }

    fn read_terraform(&self, file: &Path) -> Result<TerraformState, Failure> {
        let shown = file.display();
        let bytes = read_named(self.session, file)?;
        config::read_terraform(&kinds::schemas(), &bytes).map_err(|error| {
            let hint = error.next_step();
            Fault::new(format!("{shown} can't be imported"))
                .because(error)
                .hint(hint)
                .into()
        })
    }

    /// Looks for the resources of a Terraform state in the cloud; those that are not there, or are
    /// known already, are told and left out.
    fn found_of(
        &self,
        resources: Vec<TerraformResource>,
        regions: &BTreeSet<String>,
    ) -> Result<Vec<Candidate>, Failure> {
        let ids: BTreeSet<String> = resources.iter().map(|one| one.id.clone()).collect();
        let mut seen = block_on(async {
            let connection = connect(self.session, self.workspace, &self.writing.state).await?;
            let mut seen: Vec<(&'static dyn Kind, Identity, Observed)> = Vec::new();
            for kind in kinds::ALL.iter().copied() {
                let asked_for = |identity: &Identity| ids.contains(&identity.id);
                let found =
                    engine::survey(&connection.client, kind, regions, &ids, asked_for).await?;
                seen.extend(
                    found
                        .into_iter()
                        .map(|(identity, observed)| (kind, identity, observed)),
                );
            }
            Ok(seen)
        })?;
        let recorded: BTreeSet<Identity> = self.writing.state.identities().collect();
        let mut candidates = Vec::new();
        let mut left_out = Vec::new();
        let mut taken = BTreeSet::new();
        for TerraformResource {
            schema,
            address,
            name,
            id,
            attributes,
        } in resources
        {
            let at = seen.iter().position(|(kind, identity, _)| {
                kind.schema().kind == schema.kind && identity.id == id
            });
            let Some(at) = at else {
                left_out.push(not_found(&address, &id, regions, &taken));
                continue;
            };
            let (kind, identity, observed) = seen.swap_remove(at);
            taken.insert(id.clone());
            if recorded.contains(&identity) {
                self.session.terminal.status(&format!(
                    "{address} is left out: the state holds {id} already"
                ));
                continue;
            }
            candidates.push(Candidate {
                kind,
                name,
                note: format!("{id}, from Terraform's {address}"),
                attributes,
                is_whole: true,
                identity,
                observed,
            });
        }
        self.tell(left_out)?;
        Ok(candidates)
    }

    /// Shows warnings.
    fn tell(&self, warnings: impl IntoIterator<Item = Diagnostic>) -> Result<(), Failure> {
        refuse_errors(self.session, warnings.into_iter().collect())
    }
}

fn kind_of(address: &Address) -> Result<&'static dyn Kind, Fault> {
    kinds::find(address.kind()).ok_or_else(|| {
        let known: Vec<&str> = kinds::schemas().iter().map(|schema| schema.kind).collect();
        Fault::new(format!("gwplan does not know the kind of {address}"))
            .hint(format!("an address begins with {}", known.join(" or ")))
    })
}

/// Says why a resource of a Terraform state has no counterpart in the cloud.
fn not_found(
    address: &str,
    id: &str,
    regions: &BTreeSet<String>,
    taken: &BTreeSet<String>,
) -> Diagnostic {
    if taken.contains(id) {
        return Diagnostic::warning(
            "not-imported",
            format!("{address} is left out: another resource of the state is {id} too"),
        )
        .help("one gateway has one address");
    }
    Diagnostic::warning(
        "not-imported",
        format!(
            "{address} is left out: there is no {id} in {}",
            listed(regions)
        ),
    )
    .help("if it is in another region, name that with --region REGION and import again")
}

/// Returns the regions that a resource of a Terraform state says it is in.
fn regions_named(resource: &TerraformResource) -> Vec<String> {
    let fields = resource.schema.fields.iter();
    fields
        .filter(|field| matches!(field.need, Need::RegionOfCall))
        .filter_map(|field| resource.attributes.get(field.key)?.as_text())
        .map(str::to_owned)
        .collect()
}

fn listed(regions: &BTreeSet<String>) -> String {
    regions.iter().cloned().collect::<Vec<_>>().join(", ")
}

fn no_region() -> Failure {
    Fault::new("no region says where to look")
        .hint("pass --region REGION, set `provider.region` in gwplan.yaml, or TENCENTCLOUD_REGION")
        .into()
}

impl Candidate {
    /// Describes a resource as the cloud shows it.
    fn found(kind: &'static dyn Kind, identity: Identity, observed: Observed) -> Self {
        let name = observed.attributes.get("name").and_then(Value::as_text);
        Self {
            kind,
            // People type addresses: one form is enough.
            name: name.unwrap_or_default().to_lowercase(),
            note: format!("{}, imported", identity.id),
            attributes: observed.attributes.clone(),
            is_whole: observed.phase != Phase::Busy || !kind.has_details(&observed),
            identity,
            observed,
        }
    }
}
