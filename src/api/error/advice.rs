//! What to do next, by code and kind.

use super::codes::is_under;
use super::{Error, ErrorKind};
use crate::api::transport::{PROXY_REFUSED, THROUGH_PROXY};

/// Steps that a code, or all codes under it, call for; the first entry that fits counts.
const STEPS: &[(&str, &str)] = &[
    (
        "AuthFailure.SignatureExpire",
        "check this machine's clock: it may be off by 5 minutes at most",
    ),
    (
        "AuthFailure.SecretIdNotFound",
        "check which credentials are in use (-v names their source) and that the key exists, is \
         enabled and belongs to the configured site",
    ),
    (
        "AuthFailure.InvalidSecretId",
        "check which credentials are in use (-v names their source): this id belongs to no API key",
    ),
    (
        "AuthFailure.SignatureFailure",
        "check that the secret key is the one of this secret id, whole and without spaces",
    ),
    (
        "AuthFailure.TokenFailure",
        "get new temporary credentials, or unset the token if the key is a lasting one",
    ),
    (
        "AuthFailure.MFAFailure",
        "use credentials that need no second factor: a pipeline's role, for example",
    ),
    (
        "AuthFailure.InvalidAuthorization",
        "check that no proxy on the way changes the Authorization header",
    ),
    (
        "UnauthorizedOperation.ClsNotActivated",
        "activate CLS (the log service) in the console, or set enableCls: false",
    ),
    (
        "UnauthorizedOperation.Uin",
        "ask the account's owner to open the service TSE to this user",
    ),
    (
        "IpInBlacklist",
        "ask the account's owner to let this address call the API",
    ),
    (
        "IpNotInWhitelist",
        "ask the account's owner to let this address call the API",
    ),
    (
        "FailedOperation.Resource",
        "delete a gateway that is no longer needed, or ask the vendor to raise the quota of gateways",
    ),
    (
        "FailedOperation.Role",
        "open the TSE console once and grant the service role that it asks for",
    ),
    (
        "FailedOperation.Vpc",
        "check that the VPC and the subnet exist in this region and belong to one another",
    ),
    (
        "FailedOperation.Cls",
        "check in the console that CLS (the log service) works in this region",
    ),
    (
        "ResourceInsufficient",
        "the region has no room for this at present: try another specification or zone, or later",
    ),
    (
        "ResourcesSoldOut",
        "the region has no room for this at present: try another specification or zone, or later",
    ),
    (
        "OperationDenied",
        "check the gateway's status and its deletion protection in the console",
    ),
    (
        "UnsupportedRegion",
        "name a region that offers cloud native gateways in gwplan.yaml",
    ),
    (
        "NoSuchVersion",
        "check the endpoint: it doesn't know this version of the API",
    ),
    (
        "InvalidAction",
        "check the endpoint: it doesn't know this action",
    ),
];

const CERTIFICATES: &str = "check this machine's clock and its certificates; a proxy that opens \
                            HTTPS needs its own certificate among them";

const PROXY: &str =
    "check the proxy that HTTPS_PROXY or ALL_PROXY names, or name the cloud's host in NO_PROXY";

const PROXY_LOGIN: &str =
    "check the user and the password of the proxy: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT";

/// Fields of the desired state that a code points at.
const FIELDS: &[(&str, &str)] = &[
    ("InvalidParameterValue.Name", "name"),
    ("InvalidParameterValue.Region", "engineRegion"),
    (
        "InvalidParameterValue.Specification",
        "nodeConfig.specification",
    ),
    ("InvalidParameterValue.Type", "type"),
    ("FailedOperation.Vpc", "vpcConfig"),
    ("FailedOperation.Cls", "enableCls"),
    ("UnauthorizedOperation.ClsNotActivated", "enableCls"),
];

/// Names the field that a code points at.
pub(super) fn field(code: &str) -> Option<&'static str> {
    first(FIELDS, code)
}

/// Says what to do next.
pub(super) fn next_step(error: &Error) -> Option<String> {
    let code = error.code.as_deref().unwrap_or_default();
    if let Some(step) = first(STEPS, code) {
        return Some(step.to_owned());
    }
    if is_permission(code) {
        return Some(permission(error.action));
    }
    if let Some(field) = field(code) {
        return Some(format!("correct `{field}`"));
    }
    if error.code.is_none() && error.message.starts_with(THROUGH_PROXY) {
        let refused = error.message.contains(PROXY_REFUSED);
        return Some(if refused { PROXY_LOGIN } else { PROXY }.to_owned());
    }
    if error.code.is_none() && error.message.contains("certificate") {
        return Some(CERTIFICATES.to_owned());
    }
    by_kind(error.kind, error.code.is_some()).map(str::to_owned)
}

fn first(table: &[(&str, &'static str)], code: &str) -> Option<&'static str> {
    table
        .iter()
        .find(|(prefix, _)| is_under(code, prefix))
        .map(|(_, text)| *text)
}

fn is_permission(code: &str) -> bool {
    is_under(code, "UnauthorizedOperation") || is_under(code, "AuthFailure.UnauthorizedOperation")
}

/// Names the permission to grant.
///
/// Actions of the security token service are told from others by their name: errors don't carry
/// the service, and those three are the only ones called outside of TSE and Tag.
fn permission(action: &str) -> String {
    let service = match action {
        "AssumeRole" | "AssumeRoleWithWebIdentity" | "GetCallerIdentity" => "sts",
        _ if action.contains("Tag") || action == "GetResources" => "tag",
        _ => "tse",
    };
    format!("grant these credentials the action {service}:{action} in CAM")
}

fn by_kind(kind: ErrorKind, answered: bool) -> Option<&'static str> {
    match kind {
        ErrorKind::Retryable if answered => Some("the cloud failed to answer: run it again later"),
        ErrorKind::Retryable => Some("check the network and the endpoint, then run it again"),
        ErrorKind::Throttled => Some(
            "too many requests from this account: run it again later, or allow fewer requests a \
             second",
        ),
        ErrorKind::Ambiguous => {
            Some("it is not known whether this took effect: the next run finds out")
        }
        ErrorKind::Conflict => {
            Some("another task is at work on it: run it again when that is done")
        }
        ErrorKind::Quota => {
            Some("delete what is no longer needed, or ask the vendor to raise the quota")
        }
        ErrorKind::Denied => Some("check the credentials (-v names their source) and the endpoint"),
        ErrorKind::Invalid if !answered => Some("check the endpoint and the proxies on the way"),
        ErrorKind::Absent | ErrorKind::Invalid => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(action: &'static str, code: &str) -> String {
        let error = Error {
            kind: ErrorKind::of(code, super::super::Effect::Create),
            action,
            code: Some(code.to_owned()),
            message: "no".to_owned(),
            request_id: None,
        };
        error.next_step().unwrap_or_default()
    }

    #[test]
    fn each_error_says_what_to_do() {
        let create = "CreateCloudNativeAPIGateway";
        for (code, part) in [
            ("AuthFailure.SignatureExpire", "clock"),
            ("AuthFailure.SecretIdNotFound", "which credentials"),
            ("UnauthorizedOperation", "tse:CreateCloudNativeAPIGateway"),
            (
                "UnauthorizedOperation.UnauthorizedOperation",
                "tse:CreateCloudNativeAPIGateway",
            ),
            (
                "AuthFailure.UnauthorizedOperation",
                "tse:CreateCloudNativeAPIGateway",
            ),
            ("UnauthorizedOperation.ClsNotActivated", "activate CLS"),
            ("FailedOperation.Resource", "quota"),
            ("LimitExceeded.LimitExceeded", "quota"),
            ("RequestLimitExceeded", "later"),
            ("InternalError", "finds out"),
            (
                "InvalidParameterValue.Specification",
                "nodeConfig.specification",
            ),
        ] {
            let step = step(create, code);
            assert!(step.contains(part), "{code}: {step}");
        }
        assert!(step("AssumeRole", "UnauthorizedOperation").contains("sts:AssumeRole"));
        assert!(step("TagResources", "UnauthorizedOperation").contains("tag:TagResources"));
        assert_eq!(step(create, "InvalidParameter"), "");
    }
}
