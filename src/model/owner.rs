//! The tag that says which state, and which address in it, a resource was made for.

use super::address::Address;

/// The key of the owner tag. All keys with its prefix are gwplan's own.
pub const OWNER_KEY: &str = "gwplan:owner";

/// How many hexadecimal digits of a lineage the tag holds: enough that no two states of an account
/// are taken for one.
const LINEAGE_DIGITS: usize = 12;

/// Returns the value of the owner tag: the shortened lineage, a slash, the address.
///
/// It is the same for every create of an address, since an account holds a limited number of values.
pub fn owner_tag(lineage: &str, address: &Address) -> String {
    format!("{}/{address}", short_lineage(lineage))
}

/// Returns the address that an owner tag names, if it is one of this lineage.
pub fn owned_address(lineage: &str, owner: &str) -> Option<Address> {
    let (line, address) = owner.split_once('/')?;
    (line == short_lineage(lineage)).then(|| address.parse().ok())?
}

/// Returns the shortened lineage and the address that an owner tag names, whosever it is.
pub fn named_owner(owner: &str) -> Option<(&str, Address)> {
    let (line, address) = owner.split_once('/')?;
    Some((line, address.parse().ok()?))
}

/// Shortens a lineage to the digits that owner tags hold.
pub fn short_lineage(lineage: &str) -> String {
    let digits = lineage.chars().filter(|c| *c != '-');
    digits.take(LINEAGE_DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_tag_names_its_state_and_its_address() {
        let lineage = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
        let address: Address = "gateway.prod".parse().expect("valid");
        let tag = owner_tag(lineage, &address);
        assert_eq!(tag, "0a1b2c3d4e5f/gateway.prod");
        assert_eq!(owned_address(lineage, &tag), Some(address));
        for other in [
            "0a1b2c3d4e50/gateway.prod",
            "gateway.prod",
            "0a1b2c3d4e5f/",
            "",
        ] {
            assert_eq!(owned_address(lineage, other), None, "{other}");
        }
    }
}
