//! What the files want, in the two forms that are needed: the YAML, and what the cloud must show.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fastrand::Rng;
use serde_json::{Value as Json, json};

use crate::support::Project;

/// Two subnets: to go from one to the other takes a new gateway.
pub(crate) const SUBNETS: [&str; 2] = ["subnet-8tzp8uz1", "subnet-other001"];

/// How many gateways a project has at most.
const MOST: usize = 6;

/// Describes a gateway as the files want it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The part of its address after the dot.
    pub(crate) key: String,
    /// Its name in the cloud.
    pub(crate) name: String,
    pub(crate) description: &'static str,
    pub(crate) nodes: u32,
    pub(crate) subnet: &'static str,
    pub(crate) tags: BTreeMap<String, String>,
    /// The bandwidth of its public network, if it has one.
    pub(crate) bandwidth: Option<u32>,
    pub(crate) protected: bool,
    pub(crate) creates_first: bool,
    /// Whether gwplan leaves its description alone, whatever the files say.
    pub(crate) leaves_description: bool,
    pub(crate) after: Vec<String>,
}

impl Wish {
    /// Describes a small gateway.
    pub(crate) fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            name: key.to_owned(),
            description: "",
            nodes: 2,
            subnet: SUBNETS[0],
            tags: BTreeMap::new(),
            bandwidth: None,
            protected: false,
            creates_first: false,
            leaves_description: false,
            after: Vec::new(),
        }
    }

    /// Makes it come after another.
    pub(crate) fn after(mut self, key: &str) -> Self {
        self.after.push(key.to_owned());
        self
    }

    /// Gives it so many tags of this value.
    pub(crate) fn tagged(mut self, count: usize, value: &str) -> Self {
        self.tags = (0..count)
            .map(|number| (format!("k{number:02}"), value.to_owned()))
            .collect();
        self
    }

    /// Changes anything of it, or nothing.
    pub(crate) fn varied(&self, rng: &mut Rng) -> Self {
        let mut new = self.clone();
        let mut one_in = |times: u32| rng.u32(..times) == 0;
        let (describe, rename, resize) = (one_in(4), one_in(6), one_in(5));
        let (connect, replace, protect) = (one_in(4), one_in(6), one_in(6));
        let (retag, other_order, ignore) = (one_in(4), one_in(4), one_in(6));
        if describe {
            new.description = ["", "one", "two", "three"][rng.usize(..4)];
        }
        if rename {
            new.name = format!("{}-{}", new.key, rng.u32(..10));
        }
        if resize {
            new.nodes = rng.u32(2..6);
        }
        if connect {
            new.bandwidth = (rng.u32(..3) > 0).then(|| rng.u32(1..50));
        }
        if retag {
            new = new.tagged(rng.usize(..13), ["v", "w"][rng.usize(..2)]);
        }
        new.leaves_description ^= ignore;
        new.creates_first ^= other_order;
        new.protected ^= protect;
        if replace {
            let other = usize::from(new.subnet == SUBNETS[0]);
            new.subnet = SUBNETS[other];
            // Its protection is lifted for that only where the files say so.
            new.protected = false;
        }
        new
    }

    fn yaml(&self) -> String {
        let Self {
            key,
            name,
            nodes,
            subnet,
            description,
            protected,
            creates_first,
            leaves_description,
            ..
        } = self;
        let ignored = if *leaves_description {
            "description"
        } else {
            ""
        };
        let mut text = format!(
            "  {key}:\n    name: {name}\n    gatewayVersion: 2.5.1\n    \
             nodeConfig: {{ specification: 1c2g, number: {nodes} }}\n    \
             vpcConfig: {{ vpcId: vpc-59cag821, subnetId: {subnet} }}\n    \
             deleteProtect: {protected}\n    \
             lifecycle: {{ createBeforeDestroy: {creates_first}, ignoreChanges: [{ignored}] }}\n"
        );
        if !description.is_empty() {
            let _ = writeln!(text, "    description: {description}");
        }
        if let Some(bandwidth) = self.bandwidth {
            let _ = writeln!(
                text,
                "    internetConfig: {{ internetMaxBandwidthOut: {bandwidth}, description: public }}"
            );
        }
        let tags = self
            .tags
            .iter()
            .map(|(key, value)| format!("{key}: {value}"));
        let _ = writeln!(
            text,
            "    tags: {{ {} }}",
            tags.collect::<Vec<_>>().join(", ")
        );
        let after = self.after.iter().map(|key| format!("gateway.{key}"));
        let _ = writeln!(
            text,
            "    dependsOn: [{}]",
            after.collect::<Vec<_>>().join(", ")
        );
        text
    }

    /// Says what the cloud shows otherwise than wanted.
    pub(crate) fn differences(&self, shown: &Json) -> Vec<String> {
        let wanted = [
            ("Status", json!("Running")),
            ("Name", json!(self.name)),
            ("Description", json!(self.description)),
            ("DeleteProtect", json!(self.protected)),
            ("EnableInternet", json!(self.bandwidth.is_some())),
            ("/NodeConfig/Number", json!(self.nodes)),
            ("/VpcConfig/SubnetId", json!(self.subnet)),
            (
                "InternetMaxBandwidthOut",
                json!(self.bandwidth.unwrap_or(0)),
            ),
        ];
        let mut differences: Vec<String> = wanted
            .into_iter()
            .filter(|(place, _)| *place != "Description" || !self.leaves_description)
            .filter_map(|(place, wanted)| {
                let found = if place.starts_with('/') {
                    shown.pointer(place)
                } else {
                    shown.get(place)
                };
                let found = found.cloned().unwrap_or_default();
                (found != wanted).then(|| format!("{place} is {found}, not {wanted}"))
            })
            .collect();
        let tags = tags_of(shown);
        if tags != self.tags {
            differences.push(format!("its tags are {tags:?}, not {:?}", self.tags));
        }
        differences
    }
}

/// Returns the tags that the cloud shows, gwplan's own apart.
fn tags_of(shown: &Json) -> BTreeMap<String, String> {
    let text = |pair: &Json, key: &str| pair[key].as_str().unwrap().to_owned();
    let pairs = shown["Tags"].as_array().into_iter().flatten();
    pairs
        .map(|pair| (text(pair, "TagKey"), text(pair, "TagValue")))
        .filter(|(key, _)| !key.starts_with("gwplan:"))
        .collect()
}

/// Writes the gateways file; `more` are lines beside the gateways, such as `moved`.
pub(crate) fn write(project: &Project, wishes: &[Wish], more: &str) {
    let blocks: String = wishes.iter().map(Wish::yaml).collect();
    let text = if blocks.is_empty() {
        format!("gateways: {{}}\n{more}")
    } else {
        format!("gateways:\n{blocks}{more}")
    };
    project.write("gateways.yaml", &text);
}

/// Changes, adds and drops gateways.
pub(crate) fn changed(before: &[Wish], rng: &mut Rng) -> Vec<Wish> {
    let mut wishes = Vec::new();
    for number in 0..MOST {
        let key = format!("g{number}");
        match before.iter().find(|wish| wish.key == key) {
            // One that is protected stays: to drop it takes two applies.
            Some(old) if old.protected || rng.u32(..6) > 0 => wishes.push(old.varied(rng)),
            None if rng.u32(..3) > 0 => wishes.push(Wish::new(&key).varied(rng)),
            _ => {}
        }
    }
    let keys: Vec<String> = wishes.iter().map(|wish| wish.key.clone()).collect();
    for (at, wish) in wishes.iter_mut().enumerate() {
        wish.after.clear();
        if at > 0 && rng.u32(..4) == 0 {
            wish.after.push(keys[rng.usize(..at)].clone());
        }
    }
    if wishes == before {
        return changed(before, rng);
    }
    wishes
}

/// Counts the gateways that have to be made to get from some wishes to others.
pub(crate) fn creates(before: &[Wish], after: &[Wish]) -> u64 {
    let made = after.iter().filter(|wish| {
        let old = before.iter().find(|old| old.key == wish.key);
        old.is_none_or(|old| old.subnet != wish.subnet)
    });
    made.count() as u64
}
