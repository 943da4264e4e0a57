//! From what the cloud shows to YAML and records.

use crate::config::{self, Entry, Expressed, Names, express};
use crate::engine;
use crate::kinds::{self, Kind};
use crate::model::{
    Address, Attributes, Diagnostic, Fault, FieldPath, Identity, Observed, Phase, Severity,
};
use crate::schema::{Allowances, Finding};
use crate::state::Record;
use crate::view;

use crate::cli::Exit;
use crate::cli::cloud::connect;
use crate::cli::failure::Failure;
use crate::cli::siblings::other_projects;
use crate::cli::workspace::block_on;

use super::Importer;
use super::out::Out;

/// Describes a resource that the state doesn't hold.
pub(super) struct Candidate {
    pub(super) kind: &'static dyn Kind,
    pub(super) identity: Identity,
    pub(super) observed: Observed,
    /// What its address is made of.
    pub(super) name: String,
    /// What the comment above it says.
    pub(super) note: String,
    /// The attributes that the YAML is to have.
    pub(super) attributes: Attributes,
    /// Whether those are all; before it is made, the cloud does not show everything.
    pub(super) is_whole: bool,
}

/// A candidate with its address and what the YAML says of it.
struct Chosen {
    address: Address,
    says: Expressed,
    candidate: Candidate,
}

/// Holds YAML, and the records that go with it.
struct Written {
    text: String,
    records: Vec<(Address, Record)>,
}

impl Importer<'_> {
    /// Takes over one resource that the YAML doesn't describe yet.
    ///
    /// Without a file to write it to, nothing is taken over: the next plan would delete it.
    pub(super) fn take_over_one(
        self,
        address: &Address,
        candidate: Candidate,
    ) -> Result<Exit, Failure> {
        let says = self.express(&candidate).map_err(|finding| {
            Fault::new(format!("no YAML can describe {}", candidate.identity.id))
                .because(Fault::new(finding.summary))
                .hint(finding.help)
        })?;
        let chosen = vec![Chosen {
            address: address.clone(),
            says,
            candidate,
        }];
        if let Some(out) = self.out {
            return self.take_over_chosen(&chosen, out);
        }
        self.tell_left_out(&chosen)?;
        let Written { text, .. } = self.write(&chosen)?;
        self.session.terminal.product(&text)?;
        self.tell_words(&chosen);
        let fault = Fault::new(format!(
            "the YAML doesn't describe {address}: the next plan would delete what was just taken over"
        ));
        Err(fault
            .hint(match &self.workspace.project.environment {
                None => "put the YAML above into a file of the project and import again, or pass --out FILE to have it written".to_owned(),
                Some(name) => format!(
                    "put the YAML above into an overlay of the environment {name} and import again, or pass --out FILE to have it written"
                ),
            })
            .into())
    }

    /// Takes over many, and writes the YAML for them.
    pub(super) fn take_over(
        self,
        mut candidates: Vec<Candidate>,
        nothing: &str,
    ) -> Result<Exit, Failure> {
        let any = !candidates.is_empty();
        candidates.retain(|candidate| {
            let stays = candidate.observed.phase != Phase::Leaving;
            if !stays {
                let id = &candidate.identity.id;
                self.session
                    .terminal
                    .status(&format!("{id} is left out: it is being deleted"));
            }
            stays
        });
        let chosen = self.choose(self.without_others(candidates)?)?;
        let Some(out) = self.out.filter(|_| !chosen.is_empty()) else {
            let left_out = "Nothing was imported: all that was found is left out.\n";
            let text = if any { left_out } else { nothing };
            self.session.terminal.product(text)?;
            return Ok(Exit::Done);
        };
        self.take_over_chosen(&chosen, out)
    }

    /// Finds an address for each, and leaves out what no YAML can describe.
    fn choose(&self, mut candidates: Vec<Candidate>) -> Result<Vec<Chosen>, Failure> {
        // The order of the cloud's list means nothing, and moves.
        candidates.sort_by(|a, b| {
            let key = |one: &Candidate| (one.identity.region.clone(), one.name.clone());
            (key(a), &a.identity.id).cmp(&(key(b), &b.identity.id))
        });
        let recorded = self.writing.state.resources.keys();
        let mut names = Names::new(recorded.chain(self.wanted.desired.keys()).cloned());
        let mut chosen = Vec::new();
        let mut warnings = Vec::new();
        for candidate in candidates {
            let (kind, id) = (candidate.kind.schema().kind, &candidate.identity.id);
            let says = match self.express(&candidate) {
                Ok(says) => says,
                Err(finding) => {
                    let warning = Diagnostic::warning(
                        "not-imported",
                        format!("{id} is left out: {}", finding.summary),
                    );
                    warnings.push(warning.help(finding.help));
                    continue;
                }
            };
            if let Some(address) = names.choose(kind, &candidate.name, id) {
                chosen.push(Chosen {
                    address,
                    says,
                    candidate,
                });
            }
        }
        self.tell(warnings)?;
        Ok(chosen)
    }

    fn express(&self, candidate: &Candidate) -> Result<Expressed, Finding> {
        if !candidate.is_whole {
            // YAML of a part would ask for changes of the rest as soon as that is shown.
            return Err(Finding::error(
                FieldPath::root(),
                "not-imported",
                "it is still being made, and the cloud doesn't show all of it yet",
                "import it when it is made",
            ));
        }
        express(
            candidate.kind.schema(),
            &self.workspace.project,
            self.workspace.region(self.session),
            &candidate.identity.region,
            &candidate.attributes,
        )
    }

    fn take_over_chosen(self, chosen: &[Chosen], out: &Out) -> Result<Exit, Failure> {
        self.tell_left_out(chosen)?;
        let Written { text, records } = self.write(chosen)?;
        let asks = self.args.all && !self.args.auto_approve;
        if asks {
            self.session
                .terminal
                .product(&view::import_proposal(&records))?;
        }
        // A file that can't be is told before the question, and what would go there before both.
        let project = &self.workspace.project;
        out.check(project, &other_projects(project, self.session)?)?;
        if asks && !self.agreed(&records)? {
            self.session
                .terminal
                .status("Import cancelled: nothing was done.");
            return Ok(Exit::Failed);
        }
        // The file first: a crash in between leaves YAML without records, of which the next plan
        // says that it would create namesakes. Records without YAML it would delete.
        out.write(&text)?;
        self.session
            .terminal
            .status(&format!("wrote {}", out.shown));
        let shown = out.shown.clone();
        let exit = self.finish_with(&records, |importer| {
            importer.tell_words(chosen);
        });
        exit.map_err(|failure| match failure {
            Failure::Error(error) => Fault::new("nothing was imported")
                .because(error)
                .hint(format!(
                    "delete {shown} before anything else: the next apply would create again what it describes"
                ))
                .into(),
            failure => failure,
        })
    }

    /// Writes the YAML, and makes records by what it says when it is read back.
    fn write(&self, chosen: &[Chosen]) -> Result<Written, Failure> {
        let entries: Vec<Entry<'_>> = chosen
            .iter()
            .map(|one| Entry {
                schema: one.candidate.kind.schema(),
                address: &one.address,
                note: &one.candidate.note,
                says: &one.says,
            })
            .collect();
        let text = config::write(&entries);
        let mut loaded = config::load_bytes(
            &kinds::schemas(),
            &self.workspace.project,
            self.workspace.region(self.session),
            "the YAML to write",
            text.as_bytes(),
        );
        // Words that the project doesn't allow yet are told apart, with the lines that allow them.
        loaded.diagnostics.retain(|diagnostic| {
            diagnostic.severity == Severity::Error && diagnostic.rule != "unknown-value"
        });
        if !loaded.diagnostics.is_empty() {
            return Err(Failure::Diagnostics(loaded.diagnostics));
        }
        let records = chosen.iter().filter_map(|one| {
            let desired = loaded.desired.get(&one.address)?;
            let Candidate {
                kind,
                identity,
                observed,
                ..
            } = &one.candidate;
            let record = engine::adopt(kind.schema(), identity, observed, desired);
            Some((one.address.clone(), record))
        });
        let records = records.collect();
        Ok(Written { text, records })
    }

    fn tell_left_out(&self, chosen: &[Chosen]) -> Result<(), Failure> {
        let warnings = chosen.iter().flat_map(|one| {
            one.says.left_out.iter().map(|finding| {
                let what = format!("{}: {}", one.address, finding.summary);
                Diagnostic::warning("left-out", what)
                    .help("the YAML leaves it out, and gwplan leaves it as it is")
            })
        });
        self.tell(warnings)
    }

    /// Says which lines allow the words that this gwplan doesn't know.
    fn tell_words(&self, chosen: &[Chosen]) {
        let mut words = Allowances::new();
        for (key, new) in chosen.iter().flat_map(|one| &one.says.words) {
            words
                .entry(key.clone())
                .or_default()
                .extend(new.iter().cloned());
        }
        if words.is_empty() {
            return;
        }
        let project = &self.workspace.project;
        let place = if project.allow.is_empty() {
            "add this to gwplan.yaml"
        } else {
            "put this in the place of `allow` in gwplan.yaml"
        };
        self.session.terminal.error(&format!(
            "The cloud uses words that this gwplan doesn't know. Before you plan, {place}:\n\n{}",
            config::allow_lines(project, &words)
        ));
    }

    /// Writes the records, and says what was taken over.
    pub(super) fn finish(self, records: &[(Address, Record)]) -> Result<Exit, Failure> {
        self.finish_with(records, |_| {})
    }

    fn finish_with(
        mut self,
        records: &[(Address, Record)],
        tell: impl FnOnce(&Self),
    ) -> Result<Exit, Failure> {
        // The mark first: a gateway that is marked and in no record is told by each plan, and can be
        // imported again. One that is recorded and not marked would be missed where the state is lost.
        if self.marks() {
            self.keep_lineage()?;
            self.mark(records)?;
        }
        self.writing.state.resources.extend(records.iter().cloned());
        self.workspace.bind(self.session, &mut self.writing.state);
        self.writing.state.serial += 1;
        self.writing.store(self.workspace)?;
        self.session
            .terminal
            .product(&view::import_table(records))?;
        tell(&self);
        match self.out {
            Some(out) if !out.is_read_by(&self.workspace.project) => self
                .session
                .terminal
                .error(&out.word_on_plans(&self.workspace.project)),
            _ => self
                .session
                .terminal
                .hint("run `gwplan plan`: where the YAML and the cloud agree, it says that there are no changes"),
        }
        if self.args.from_terraform.is_some() {
            self.session.terminal.hint(
                "Terraform still holds them: take them out of it with `terraform state rm`, so that one tool alone changes them",
            );
        }
        Ok(Exit::Done)
    }

    /// Asks whether what was listed is taken over.
    fn agreed(&self, records: &[(Address, Record)]) -> Result<bool, Failure> {
        let terminal = &self.session.terminal;
        if !terminal.can_ask() {
            let fault =
                Fault::new("import --all asks for approval, but there is no terminal to ask at");
            return Err(Failure::Usage(fault.hint(
                "pass --auto-approve to take over what is listed above, and --name or --tag to narrow it",
            )));
        }
        terminal.confirm(&view::import_question(records.len()))
    }

    /// Tells whether what is taken over gets the owner tag; gateways of a Terraform state are left untouched.
    fn marks(&self) -> bool {
        self.workspace.project.ownership_tag && self.args.from_terraform.is_none()
    }

    /// Stores a state that is new before its lineage is in any tag.
    ///
    /// If it were lost, the next try would begin with another one, and would take what this one has marked
    /// for another state's.
    fn keep_lineage(&mut self) -> Result<(), Failure> {
        if self.writing.state.serial == 0 {
            self.workspace.bind(self.session, &mut self.writing.state);
            self.writing.state.serial += 1;
            self.writing.store(self.workspace)?;
        }
        Ok(())
    }

    /// Gives what is taken over its owner tag.
    ///
    /// Without the tag gwplan only finds them less easily, should the state ever be lost.
    fn mark(&self, records: &[(Address, Record)]) -> Result<(), Failure> {
        let failed = block_on(async {
            let connection = connect(self.session, self.workspace, &self.writing.state).await?;
            let gate = self
                .writing
                .gate(self.session, self.workspace, &connection.client);
            Ok(engine::mark(&gate, &self.writing.state.lineage, records).await)
        })?;
        self.tell(failed.into_iter().map(|(address, why)| {
            Diagnostic::warning(
                "not-marked",
                format!("{address} is taken over, but did not get the tag gwplan:owner: {why}"),
            )
            .help("nothing else is wrong: gwplan knows it by the state; the tag would let it be found again if the state were lost")
        }))
    }
}
