//! The vendor's error codes and the kinds they belong to.

use super::{Effect, ErrorKind};

/// Says what an entry of the table stands for.
#[derive(Clone, Copy)]
enum Meaning {
    /// The kind is the same for every call.
    Always(ErrorKind),
    /// The cloud failed half-way: whether anything came of it is not said.
    HalfWay,
}

use ErrorKind::{Absent, Conflict, Denied, Invalid, Quota, Throttled};
use Meaning::{Always, HalfWay};

/// What a code, or all codes that begin with it and a dot, mean; the longest entry counts.
///
/// Source: the vendor's page of `CreateCloudNativeAPIGateway` and its page of common codes.
const CODES: &[(&str, Meaning)] = &[
    ("ActionOffline", Always(Invalid)),
    ("AuthFailure", Always(Denied)),
    ("DryRunOperation", Always(Invalid)),
    // The page explains these with no more than "operation failed" or "failed to call": the cloud
    // was at work by then, so a create may have left something behind.
    ("FailedOperation", HalfWay),
    // The cloud asks these services before it makes anything: such a create is refused, not lost.
    ("FailedOperation.Cls", Always(Invalid)),
    ("FailedOperation.Resource", Always(Quota)),
    ("FailedOperation.Role", Always(Denied)),
    ("FailedOperation.Vpc", Always(Invalid)),
    ("InternalError", HalfWay),
    ("InvalidAction", Always(Invalid)),
    ("InvalidParameter", Always(Invalid)),
    ("InvalidParameterValue", Always(Invalid)),
    ("InvalidRequest", Always(Invalid)),
    ("IpInBlacklist", Always(Denied)),
    ("IpNotInWhitelist", Always(Denied)),
    ("LimitExceeded", Always(Quota)),
    // Seen in the wild for too many requests; the rest of LimitExceeded is about quotas.
    ("LimitExceeded.RateLimitExceeded", Always(Throttled)),
    ("MissingParameter", Always(Invalid)),
    ("NoSuchProduct", Always(Invalid)),
    ("NoSuchVersion", Always(Invalid)),
    ("OperationDenied", Always(Invalid)),
    ("RequestLimitExceeded", Always(Throttled)),
    ("RequestSizeLimitExceeded", Always(Invalid)),
    ("ResourceInUse", Always(Conflict)),
    ("ResourceInsufficient", Always(Quota)),
    // A part that is not there, such as a group, says nothing about the resource itself.
    ("ResourceNotFound", Always(Invalid)),
    ("ResourceNotFound.InstanceNotFound", Always(Absent)),
    ("ResourceUnavailable", Always(Conflict)),
    ("ResourcesSoldOut", Always(Quota)),
    // By the time that an answer is too long, the request has been carried out.
    ("ResponseSizeLimitExceeded", HalfWay),
    ("ServiceUnavailable", HalfWay),
    ("UnauthorizedOperation", Always(Denied)),
    ("UnknownParameter", Always(Invalid)),
    ("UnsupportedOperation", Always(Invalid)),
    ("UnsupportedProtocol", Always(Invalid)),
    ("UnsupportedRegion", Always(Invalid)),
];

/// Sorts a code; what the vendor documents nowhere is never taken for a refusal of a create.
pub(super) fn kind(code: &str, effect: Effect) -> ErrorKind {
    match (meaning(code), effect) {
        (Some(Always(kind)), _) => kind,
        // Nobody has said that a create which is answered so has made nothing: it is looked up.
        (Some(HalfWay), _) | (None, Effect::Create) => ErrorKind::of_silence(effect),
        // Of all else a second look tells what came of it; sending it again would not change the answer.
        (None, Effect::Read | Effect::Repeatable) => Invalid,
    }
}

/// Tells whether the vendor documents a code, or a family that it belongs to.
pub(super) fn is_documented(code: &str) -> bool {
    meaning(code).is_some()
}

/// Looks a code up; the longest entry that fits counts.
fn meaning(code: &str) -> Option<Meaning> {
    CODES
        .iter()
        .filter(|(prefix, _)| is_under(code, prefix))
        .max_by_key(|(prefix, _)| prefix.len())
        .map(|(_, meaning)| *meaning)
}

/// Tells whether a code is another one or stands under it.
pub(super) fn is_under(code: &str, prefix: &str) -> bool {
    code.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ErrorKind::{Ambiguous, Retryable};

    /// The codes of the vendor's page, then the common ones, with the kind for a create.
    const TABLE: &str = "
        FailedOperation Ambiguous
        FailedOperation.Cls Invalid
        FailedOperation.FailedOperation Ambiguous
        FailedOperation.InternalError Ambiguous
        FailedOperation.Resource Quota
        FailedOperation.Role Denied
        FailedOperation.Vpc Invalid
        InternalError Ambiguous
        InternalError.CreateError Ambiguous
        InvalidParameterValue.BadRequestFormat Invalid
        InvalidParameterValue.CreateError Invalid
        InvalidParameterValue.InvalidParameterValue Invalid
        InvalidParameterValue.Name Invalid
        InvalidParameterValue.Region Invalid
        InvalidParameterValue.Specification Invalid
        InvalidParameterValue.Type Invalid
        LimitExceeded.LimitExceeded Quota
        MissingParameter.MissParameter Invalid
        OperationDenied.OperationDenied Invalid
        ResourceNotFound.InstanceNotFound Absent
        UnauthorizedOperation Denied
        UnauthorizedOperation.ClsNotActivated Denied
        UnauthorizedOperation.Uin Denied
        UnauthorizedOperation.UnauthorizedOperation Denied

        AuthFailure.InvalidAuthorization Denied
        AuthFailure.InvalidSecretId Denied
        AuthFailure.MFAFailure Denied
        AuthFailure.SecretIdNotFound Denied
        AuthFailure.SignatureExpire Denied
        AuthFailure.SignatureFailure Denied
        AuthFailure.TokenFailure Denied
        AuthFailure.UnauthorizedOperation Denied
        DryRunOperation Invalid
        InvalidAction Invalid
        InvalidParameter Invalid
        LimitExceeded Quota
        LimitExceeded.RateLimitExceeded Throttled
        MissingParameter Invalid
        NoSuchVersion Invalid
        RequestLimitExceeded Throttled
        RequestLimitExceeded.GlobalRegionUinLimitExceeded Throttled
        RequestLimitExceeded.UinLimitExceeded Throttled
        ResourceInUse Conflict
        ResourceInUse.Vpc Conflict
        ResourceInsufficient Quota
        ResourceNotFound Invalid
        ResourceUnavailable Conflict
        UnknownParameter Invalid
        UnsupportedOperation Invalid
        UnsupportedRegion Invalid

        ResponseSizeLimitExceeded Ambiguous
    ";

    #[test]
    fn a_code_of_a_create_that_nobody_documents_is_no_refusal() {
        for code in ["InternalErrorOfAnotherName", "SomethingNew.Name", "x"] {
            assert_eq!(kind(code, Effect::Create), Ambiguous, "{code}");
            assert_eq!(kind(code, Effect::Read), Invalid, "{code}");
            assert_eq!(kind(code, Effect::Repeatable), Invalid, "{code}");
            assert!(!is_documented(code));
        }
        assert!(is_documented("InvalidParameterValue.SomethingNew"));
    }

    #[test]
    fn every_documented_code_has_its_kind() {
        let lines = TABLE.lines().map(str::trim).filter(|line| !line.is_empty());
        for line in lines {
            let (code, word) = line.split_once(' ').unwrap();
            let kind = kind(code, Effect::Create);
            assert_eq!(format!("{kind:?}"), word, "{code}");
            let repeated = if kind == Ambiguous { Retryable } else { kind };
            assert_eq!(super::kind(code, Effect::Read), repeated, "{code}");
            assert_eq!(super::kind(code, Effect::Repeatable), repeated, "{code}");
        }
    }
}
