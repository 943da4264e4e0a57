//! A run as JSON lines, in the words of Terraform's machine-readable messages.

use serde_json::{Map, Value as Json, json};

use crate::event::{Event, Report};
use crate::model::{Address, Clock, Counts, Diagnostic};
use crate::plan::{Action, Goal, Half, Plan, Schemas};

use super::diagnostics::diagnostic_json;
use super::terraform::{TERRAFORM_VERSION, resource_type};

/// Turns what happens into JSON objects, one a line.
pub struct JsonLines<'a> {
    schemas: Schemas<'a>,
    clock: Clock,
}

impl<'a> JsonLines<'a> {
    /// Begins a stream.
    pub fn new(schemas: Schemas<'a>, clock: Clock) -> Self {
        Self { schemas, clock }
    }

    fn line(&self, level: &str, message: &str, kind: &str, body: Json) -> String {
        let mut object = Map::new();
        object.insert("@level".to_owned(), json!(level));
        object.insert("@message".to_owned(), json!(message));
        object.insert("@module".to_owned(), json!("gwplan.ui"));
        object.insert("@timestamp".to_owned(), json!(self.clock.now().to_string()));
        object.insert("type".to_owned(), json!(kind));
        if let Json::Object(body) = body {
            object.extend(body);
        }
        format!("{}\n", Json::Object(object))
    }

    fn resource(&self, address: &Address) -> Json {
        json!({
            "addr": address.to_string(),
            "module": "",
            "resource": address.to_string(),
            "implied_provider": "gwplan",
            "resource_type": resource_type(address, self.schemas),
            "resource_name": address.name(),
            "resource_key": null,
        })
    }

    /// Renders the first line.
    pub fn version(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let body = json!({ "terraform": TERRAFORM_VERSION, "ui": "1.2", "gwplan": version });
        self.line("info", &format!("gwplan {version}"), "version", body)
    }

    /// Renders what is planned.
    pub fn plan(&self, plan: &Plan) -> String {
        let mut out = String::new();
        for step in &plan.steps {
            let action = action_word(step.action);
            let body =
                json!({ "change": { "resource": self.resource(&step.address), "action": action } });
            out += &self.line(
                "info",
                &format!("{}: Plan to {action}", step.address),
                "planned_change",
                body,
            );
        }
        let counts = counts(plan.counts(), plan.steps.iter().map(|step| step.action));
        let [add, change, destroy] = counts;
        let message = format!("Plan: {add} to add, {change} to change, {destroy} to destroy.");
        out + &self.summary(&message, counts, "plan")
    }

    /// Renders a diagnostic.
    pub fn diagnostic(&self, diagnostic: &Diagnostic) -> String {
        let word = diagnostic.severity.word();
        let level = if word == "warning" { "warn" } else { word };
        let message = format!("{word}: {}", diagnostic.summary);
        self.line(
            level,
            &message,
            "diagnostic",
            json!({ "diagnostic": diagnostic_json(diagnostic) }),
        )
    }

    /// Renders an event.
    pub fn event(&self, event: &Event) -> String {
        match event {
            Event::Started { address, action } => {
                let hook = json!({ "hook": { "resource": self.resource(address), "action": action_word(*action) } });
                self.line(
                    "info",
                    &format!("{address}: {} started", action_word(*action)),
                    "apply_start",
                    hook,
                )
            }
            Event::Accepted {
                address,
                id,
                task_id,
                half,
            } => {
                let hook = json!({ "hook": {
                    "resource": self.resource(address), "id_key": "gatewayId", "id_value": id, "task_id": task_id, "elapsed_seconds": 0,
                }});
                self.line(
                    "info",
                    &match half {
                        Half::Make => format!("{address}: accepted as {id}"),
                        Half::Unmake => format!("{address}: the delete of {id} is accepted"),
                    },
                    "apply_progress",
                    hook,
                )
            }
            Event::Waiting {
                address,
                status,
                elapsed,
            } => {
                let hook = json!({ "hook": {
                    "resource": self.resource(address), "status": status, "elapsed_seconds": elapsed.as_secs(),
                }});
                self.line(
                    "info",
                    &format!("{address}: {status}"),
                    "apply_progress",
                    hook,
                )
            }
            Event::Completed {
                address,
                action,
                id,
                elapsed,
            } => {
                let hook = json!({ "hook": {
                    "resource": self.resource(address), "action": action_word(*action),
                    "id_key": "gatewayId", "id_value": id, "elapsed_seconds": elapsed.as_secs(),
                }});
                self.line(
                    "info",
                    &format!("{address}: {} complete", action_word(*action)),
                    "apply_complete",
                    hook,
                )
            }
            Event::Failed {
                address,
                action,
                failure,
                elapsed,
            } => {
                let hook = json!({ "hook": {
                    "resource": self.resource(address), "action": action_word(*action), "elapsed_seconds": elapsed.as_secs(),
                }});
                let errored = self.line(
                    "error",
                    &format!("{address}: {} failed", action_word(*action)),
                    "apply_errored",
                    hook,
                );
                let diagnostic =
                    Diagnostic::error("apply-failed", format!("{address}: {}", failure.summary))
                        .help(failure.help.as_str());
                errored + &self.diagnostic(&diagnostic)
            }
            Event::Trouble { message, .. } => {
                self.diagnostic(&Diagnostic::warning("cloud-trouble", message.as_str()))
            }
            Event::Stopping => self.diagnostic(&Diagnostic::warning(
                "interrupted",
                "stopping: gwplan starts nothing new",
            )),
        }
    }

    /// Renders the last line; the goal tells an apply from a destroy.
    pub fn report(&self, report: &Report, goal: Goal) -> String {
        let counts = counts(report.counts, report.done.iter().map(|(_, action)| *action));
        let [added, changed, destroyed] = counts;
        let (verb, operation) = match goal {
            Goal::Converge => ("Apply", "apply"),
            Goal::Destroy => ("Destroy", "destroy"),
        };
        let message =
            format!("{verb} ended: {added} added, {changed} changed, {destroyed} destroyed.");
        self.summary(&message, counts, operation)
    }

    fn summary(&self, message: &str, [add, change, remove]: [usize; 3], operation: &str) -> String {
        let body = json!({ "changes": { "add": add, "change": change, "import": 0, "remove": remove, "operation": operation } });
        self.line("info", message, "change_summary", body)
    }
}

/// Counts what is added, changed and removed; the format has no word for waiting, so what is waited
/// for counts as what it comes to, as its own message says.
fn counts(counts: Counts, actions: impl Iterator<Item = Action>) -> [usize; 3] {
    let Counts {
        change, destroy, ..
    } = counts;
    actions.fold([0, change, destroy], |[add, change, remove], action| {
        [
            add + usize::from(action.makes()),
            change,
            remove + usize::from(action == Action::AwaitDelete),
        ]
    })
}

fn action_word(action: Action) -> &'static str {
    match action {
        Action::Create | Action::AwaitCreate => "create",
        Action::Update | Action::Record => "update",
        Action::Replace => "replace",
        Action::Delete | Action::AwaitDelete => "delete",
        Action::Forget => "remove",
    }
}
