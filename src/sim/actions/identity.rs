//! Who is asking.

use serde_json::{Map, Value as Json, json};

use super::{Ask, Cloud, Refusal};

/// Answers with the account of the credentials, as the vendor does for a user's own keys.
#[expect(
    clippy::unnecessary_wraps,
    reason = "handlers of other actions can refuse"
)]
pub(super) fn caller(cloud: &mut Cloud, _: &Ask) -> Result<Map<String, Json>, Refusal> {
    let account = cloud.account();
    Ok(Map::from_iter([
        (
            "Arn".to_owned(),
            json!(format!("qcs::cam:{account}:uin/{account}")),
        ),
        ("AccountId".to_owned(), json!(account)),
        ("UserId".to_owned(), json!(account)),
        ("PrincipalId".to_owned(), json!(account)),
        ("Type".to_owned(), json!("CAMUser")),
    ]))
}
