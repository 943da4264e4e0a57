//! The names of gateways in the tag service.

use crate::schema::meta::REGIONS;

use super::super::super::answer::Refusal;
use super::super::super::cloud::Cloud;
use super::super::super::gateway::Gateway;
use super::value_fault;

/// The service of gateways, and the prefix of their ids.
pub(super) const SERVICE: &str = "tse";
pub(super) const PREFIX: &str = "gateway";

const SERVICE_FORM: &str = "the service of gateways is tse";
const PREFIX_FORM: &str = "the prefix of gateways is gateway";
const REGION_FORM: &str = "its region is one that serves gateways";

/// The number of the account, as resource names show it.
///
/// A request may leave the number out, and any other passes too, so that nobody has to find out
/// which one a simulated account has.
const ACCOUNT: &str = "100000000001";

/// Writes the name of a gateway.
pub(super) fn name_of(gateway: &Gateway) -> String {
    let (region, id) = (&gateway.region, &gateway.id);
    format!("qcs::{SERVICE}:{region}:uin/{ACCOUNT}:{PREFIX}/{id}")
}

/// Refuses a service, a prefix or a region that no gateway has; what was left out is empty.
pub(super) fn refuse_strangers(service: &str, prefix: &str, region: &str) -> Result<(), Refusal> {
    for (text, is_known, word, form) in [
        (
            service,
            service == SERVICE,
            "ServiceTypeInvalid",
            SERVICE_FORM,
        ),
        (
            prefix,
            prefix == PREFIX,
            "ResourcePrefixInvalid",
            PREFIX_FORM,
        ),
        (
            region,
            REGIONS.contains(&region),
            "RegionInvalid",
            REGION_FORM,
        ),
    ] {
        if !text.is_empty() && !is_known {
            return Err(value_fault(word, format!("{text:?} can't be used: {form}")));
        }
    }
    Ok(())
}

/// Names a gateway in the six parts of the vendor's notation.
pub(super) struct Named<'a> {
    /// The name as it was sent.
    pub(super) text: &'a str,
    pub(super) region: &'a str,
    pub(super) id: &'a str,
}

impl<'a> Named<'a> {
    /// Reads a name; the part for the project is empty.
    pub(super) fn parse(text: &'a str) -> Result<Self, Refusal> {
        let parts: Vec<&str> = text.split(':').collect();
        let [head, project, service, region, account, resource] = parts[..] else {
            return Err(bad_name(
                "ResourceDescriptionError",
                text,
                "it has six parts",
            ));
        };
        let Some((prefix, id)) = resource.split_once('/') else {
            return Err(bad_name(
                "ResourceDescriptionError",
                text,
                "its last part is a prefix, a slash and an id",
            ));
        };
        let number = account.strip_prefix("uin/");
        let begins_right = head == "qcs" && project.is_empty();
        let account_is_right =
            number.is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()));
        for (is_right, word, form) in [
            (
                begins_right,
                "ResourceDescriptionError",
                "it begins with qcs::",
            ),
            (service == SERVICE, "ServiceTypeInvalid", SERVICE_FORM),
            (REGIONS.contains(&region), "RegionInvalid", REGION_FORM),
            (
                account_is_right,
                "UinInvalid",
                "its account is uin/ and maybe a number",
            ),
            (prefix == PREFIX, "ResourcePrefixInvalid", PREFIX_FORM),
            (!id.is_empty(), "ResourceIdInvalid", "it names an id"),
        ] {
            if !is_right {
                return Err(bad_name(word, text, form));
            }
        }
        Ok(Self { text, region, id })
    }

    /// Finds the gateway that it names.
    pub(super) fn find<'c>(&self, cloud: &'c Cloud) -> Result<&'c Gateway, Refusal> {
        let found = cloud.store.get(self.id);
        found
            .filter(|gateway| gateway.region == self.region)
            .ok_or_else(|| bad_name("ResourceIdInvalid", self.text, "there is no such gateway"))
    }
}

fn bad_name(word: &str, text: &str, form: &str) -> Refusal {
    value_fault(word, format!("the resource {text:?} can't be used: {form}"))
}
