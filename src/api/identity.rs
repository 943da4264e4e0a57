//! Whose account the credentials are of.

use serde::Deserialize;
use serde::de::Error;
use serde_json::{Value as Json, json};

use super::call::{Call, Effect, Service};

/// Asks for the id of the account that the credentials belong to, a role's included.
///
/// Source of the shape: the vendor's page of `GetCallerIdentity`.
pub fn caller_account() -> Call<String> {
    Call::new(
        Service::Sts,
        "GetCallerIdentity",
        json!({}),
        Effect::Read,
        account,
    )
}

#[derive(Deserialize)]
struct Caller {
    #[serde(rename = "AccountId")]
    account: String,
}

/// Reads the account; it is compared and shown, so anything but a plain word is no answer.
fn account(answer: Json) -> Result<String, serde_json::Error> {
    let Caller { account } = serde_json::from_value(answer)?;
    let plain = |c: char| c.is_ascii_alphanumeric();
    if account.is_empty() || account.len() > 64 || !account.chars().all(plain) {
        return Err(serde_json::Error::custom("AccountId is no account's"));
    }
    Ok(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_of_a_user_and_of_a_role_is_read() {
        // Of the form of the vendor's examples, whose last digits are stars.
        for (kind, user) in [("CAMUser", "100026100001"), ("CAMRole", "46116860:session")] {
            let answer = json!({
                "Type": kind,
                "AccountId": "100026200001",
                "UserId": user,
                "PrincipalId": "100026100001",
                "Arn": "qcs::cam:100026200001:uin/100026100001",
            });
            assert_eq!(
                (caller_account().read)(answer).expect("read"),
                "100026200001"
            );
        }
        for odd in ["", "1 2", "1\u{1b}[31m", &"1".repeat(65)] {
            assert!((caller_account().read)(json!({ "AccountId": odd })).is_err());
        }
    }
}
