//! Credentials in the files of the vendor's CLI and SDKs.

use std::io;
use std::path::{Path, PathBuf};

use ini::{Ini, ParseOption};
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::api::error::{Error, ErrorKind};
use crate::model::{Clock, Fault};

use super::chain::{Places, Sources};
use super::sts::Role;
use super::{Credentials, Issued, Provider};

/// Says what a file holds.
pub(super) enum InFile {
    /// Keys, and the role that they are to be exchanged for.
    Keys(Credentials, Option<Role>),
    /// A word that the role of the virtual machine is to be used.
    MachineRole,
}

/// Looks into all files of a profile.
pub(super) fn find(
    sources: &Sources,
    profile: &str,
    clock: &Clock,
    places: &mut Places,
) -> Result<Option<InFile>, Fault> {
    let Some(home) = &sources.home else {
        places.note("the vendor's files: there is no home folder".to_owned());
        return sdk_file(&sources.system_file, profile, places);
    };
    let path = home.join(".tccli").join(format!("{profile}.credential"));
    if let Some(found) = cli_file(CliFile { path }, clock, places)? {
        return Ok(Some(found));
    }
    let own = home.join(".tencentcloud/credentials");
    if let Some(found) = sdk_file(&own, profile, places)? {
        return Ok(Some(found));
    }
    sdk_file(&sources.system_file, profile, places)
}

/// Names the file in which the vendor's CLI keeps a profile's keys.
pub(super) struct CliFile {
    path: PathBuf,
}

/// Holds what such a file says. Source of the names: the CLI's own code.
struct Profile {
    kind: String,
    id: Option<String>,
    key: Option<String>,
    token: Option<String>,
    end: Option<Timestamp>,
    role: Option<Role>,
}

impl CliFile {
    fn read(&self) -> Result<Option<Profile>, Fault> {
        let Some(text) = read(&self.path)? else {
            return Ok(None);
        };
        let json: Json = serde_json::from_str(&text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let path = self.path.display();
            Fault::new(format!("{path} is not JSON (line {line}, column {column})"))
                .hint("write it again with `tccli configure`")
        })?;
        let text = |key: &str| {
            let text = json.get(key).and_then(Json::as_str)?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        // The CLI writes whole seconds; some versions of its login service answer with fractions.
        let end = json.get("expiresAt").and_then(Json::as_f64);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast saturates, and such a time is refused below"
        )]
        let end = end.and_then(|seconds| Timestamp::from_second(seconds as i64).ok());
        let usual = Role::default();
        let role = text("role-arn").map(|arn| Role {
            arn,
            session: text("role-session-name").unwrap_or(usual.session),
            ..Role::default()
        });
        Ok(Some(Profile {
            kind: text("type").unwrap_or_default(),
            id: text("secretId"),
            key: text("secretKey"),
            token: text("token"),
            end,
            role,
        }))
    }

    /// Reads the file anew: after a login the CLI has written new keys into it.
    pub(super) fn fetch(&self, now: Timestamp) -> Result<Issued, Error> {
        let denied = |message| Error::plain(ErrorKind::Denied, "credentials", message);
        let path = self.path.display();
        let profile = self.read().map_err(|fault| denied(fault.to_string()))?;
        let Some(Profile {
            kind,
            id: Some(id),
            key: Some(key),
            token,
            end,
            ..
        }) = profile
        else {
            return Err(denied(format!("{path} no longer holds keys")));
        };
        if end.is_some_and(|end| end <= now) {
            let login = if kind == "sso" { "sso" } else { "auth" };
            return Err(denied(format!(
                "the keys in {path} have expired; log in again with `tccli {login} login`"
            )));
        }
        let keys = super::keys(&id, &key, token.as_deref(), &path.to_string())
            .map_err(|fault| denied(fault.to_string()))?;
        Ok(Issued::until(keys, now, end))
    }
}

fn cli_file(file: CliFile, clock: &Clock, places: &mut Places) -> Result<Option<InFile>, Fault> {
    let path = file.path.display().to_string();
    let Some(profile) = file.read()? else {
        places.note(format!("{path}: there is no such file"));
        return Ok(None);
    };
    if profile.kind == "cvm-role" {
        return Ok(Some(InFile::MachineRole));
    }
    let (id, key) = match (&profile.id, &profile.key) {
        (Some(id), Some(key)) => (id, key),
        (None, None) => {
            places.note(format!("{path}: it holds no secretId and no secretKey"));
            return Ok(None);
        }
        (id, _) => {
            let (set, missing) = match id {
                Some(_) => ("secretId", "secretKey"),
                None => ("secretKey", "secretId"),
            };
            return Err(
                Fault::new(format!("{path} holds a {set}, but no {missing}"))
                    .hint("write it again with `tccli configure`"),
            );
        }
    };
    let keys = super::keys(id, key, profile.token.as_deref(), &path)?;
    let role = profile.role;
    let found = if profile.end.is_some() {
        Credentials::renewed(Provider::CliFile(file), clock.clone(), path)
    } else {
        Credentials::from_keys(keys, path)
    };
    Ok(Some(InFile::Keys(found, role)))
}

/// Looks into a file of the vendor's SDKs: sections of `secret_id` and `secret_key`.
fn sdk_file(path: &Path, profile: &str, places: &mut Places) -> Result<Option<InFile>, Fault> {
    let shown = path.display().to_string();
    let Some(text) = read(path)? else {
        places.note(format!("{shown}: there is no such file"));
        return Ok(None);
    };
    let options = ParseOption {
        enabled_escape: false,
        ..ParseOption::default()
    };
    let file = Ini::load_from_str_opt(&text, options).map_err(|error| {
        Fault::new(format!(
            "{shown} is not an INI file (line {})",
            error.line + 1
        ))
        .hint("it should hold [default] and below it secret_id = … and secret_key = …")
    })?;
    let Some(section) = file.section(Some(profile)) else {
        places.note(format!("{shown}: it has no section [{profile}]"));
        return Ok(None);
    };
    let value = |key| {
        section
            .get(key)
            .map(str::trim)
            .filter(|value| !value.is_empty())
    };
    match (value("secret_id"), value("secret_key")) {
        (Some(id), Some(key)) => {
            let origin = format!("[{profile}] of {shown}");
            let keys = super::keys(id, key, value("token"), &origin)?;
            let found = Credentials::from_keys(keys, origin);
            Ok(Some(InFile::Keys(found, None)))
        }
        (None, None) => {
            places.note(format!(
                "{shown}: [{profile}] holds no secret_id and no secret_key"
            ));
            Ok(None)
        }
        (id, _) => {
            let (set, missing) = match id {
                Some(_) => ("secret_id", "secret_key"),
                None => ("secret_key", "secret_id"),
            };
            let message = format!("[{profile}] of {shown} holds a {set}, but no {missing}");
            Err(Fault::new(message).hint(format!("add the {missing}")))
        }
    }
}

/// Reads a file that need not be there.
fn read(path: &Path) -> Result<Option<String>, Fault> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(Fault::new(format!("{} can't be read", path.display()))
            .because(error)
            .hint("check who may read it, or move it away")),
    }
}
