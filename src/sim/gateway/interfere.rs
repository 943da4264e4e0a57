//! Changes behind everyone's back, as the control pages make them.

use serde_json::{Map, Value as Json, json};

use crate::kinds::GATEWAY;
use crate::schema::Change;

use super::{BANDWIDTH, Gateway, INTERNET, lay_over};

impl Gateway {
    /// Changes what it shows, as if someone had done so elsewhere.
    ///
    /// What calls can set changes in the record itself; anything else, such as `Status`, is laid
    /// over the answers until null takes it away. Of the public network, `InternetConfig: null`
    /// takes it away, and an object changes it or makes one; its pay mode may also stand at the top,
    /// where the API shows it.
    pub(in crate::sim) fn interfere(&mut self, mut changes: Map<String, Json>) {
        if let Some(protect) = changes.remove("DeleteProtect") {
            self.delete_protect = protect == true;
        }
        self.interfere_with_network(&mut changes);
        for (key, value) in changes {
            let target = if is_set_by_create(&key) {
                &mut self.body
            } else {
                &mut self.overlay
            };
            lay_over(target, json!({ key: value }));
        }
    }

    fn interfere_with_network(&mut self, changes: &mut Map<String, Json>) {
        let mut wanted = Map::new();
        let mut is_wanted = false;
        if self.internet().is_some() || changes.contains_key(INTERNET) {
            let outer = [BANDWIDTH, "InternetPayMode"];
            wanted.extend(outer.iter().filter_map(|name| changes.remove_entry(*name)));
        }
        match changes.remove(INTERNET) {
            Some(Json::Null) => return self.set_network(None),
            Some(Json::Object(inner)) => {
                is_wanted = true;
                wanted.extend(inner);
            }
            _ => {}
        }
        if let Some(bandwidth) = changes.remove(BANDWIDTH).filter(|value| !value.is_null()) {
            wanted.insert(BANDWIDTH.to_owned(), bandwidth);
        }
        if wanted.is_empty() && !is_wanted {
            return;
        }
        let present = self.internet().cloned();
        if present.is_none() {
            self.networks += 1;
        }
        let mut network = present.unwrap_or_default();
        lay_over(&mut network, Json::Object(wanted));
        self.set_network(Some(network));
    }
}

fn is_set_by_create(key: &str) -> bool {
    GATEWAY
        .fields
        .iter()
        .any(|field| field.wire == Some(key) && !matches!(field.change, Change::AfterCreate(_)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::gateway;
    use super::*;

    fn interfere(one: &mut Gateway, changes: &Json) {
        one.interfere(changes.as_object().unwrap().clone());
    }

    #[test]
    fn interference_reaches_the_record_or_lies_over_it() {
        let mut one = gateway(1);
        let changes =
            json!({ "NodeConfig": { "Number": 9 }, "Status": "Abnormal", "DeleteProtect": true });
        interfere(&mut one, &changes);
        assert_eq!(
            one.body["NodeConfig"],
            json!({ "Specification": "1c2g", "Number": 9 })
        );
        assert_eq!(one.shown(2000)["Status"], "Abnormal");
        assert!(one.delete_protect);
        interfere(&mut one, &json!({ "Status": null, "DeleteProtect": false }));
        assert_eq!(one.shown(2000)["Status"], "Running");
        assert_eq!(one.shown(2000)["DeleteProtect"], false);
    }

    #[test]
    fn a_public_network_comes_changes_and_goes() {
        let mut one = gateway(1);
        interfere(&mut one, &json!({ "InternetMaxBandwidthOut": 5 }));
        assert_eq!(one.shown(2000)["EnableInternet"], true);
        assert_eq!(one.shown(2000)["InternetPayMode"], "BANDWIDTH");
        assert_eq!(one.body[INTERNET][BANDWIDTH], 5);
        let address = one.public_address(2000);
        let changes = json!({
            "InternetPayMode": "TRAFFIC",
            "InternetConfig": { "SlaType": "clb.c2.medium", "InternetMaxBandwidthOut": 7 },
        });
        interfere(&mut one, &changes);
        assert_eq!(one.shown(2000)["InternetPayMode"], "TRAFFIC");
        assert_eq!(one.shown(2000)[BANDWIDTH], 7);
        assert_eq!(one.body[INTERNET]["SlaType"], "clb.c2.medium");
        assert_eq!(one.public_address(2000), address);
        interfere(&mut one, &json!({ "InternetConfig": null }));
        assert_eq!(one.shown(2000)["EnableInternet"], false);
        assert_eq!(one.shown(2000)[BANDWIDTH], 0);
        interfere(&mut one, &json!({ "InternetConfig": {} }));
        assert_eq!(one.body[INTERNET][BANDWIDTH], 1, "defaults are filled in");
        assert_ne!(one.public_address(2000), address);
    }
}
