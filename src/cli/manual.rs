//! The manual: what the arguments of a command say, and what holds for all of them.

use clap::{Arg, ArgAction, Command};
use clap_mangen::Man;
use roff::{Inline, Roff, bold, italic, roman};

use super::command::command;
use super::examples::examples_of;

/// A term and what it means.
type Entry = (&'static str, &'static str);

const EXIT_STATUS: &[Entry] = &[
    ("0", "Done."),
    (
        "1",
        "An error, or policy denies the plan; stderr says what happened, where, and what to do next.",
    ),
    (
        "2",
        "With --detailed-exitcode (plan, review, drift): done, and there are changes or drift.",
    ),
    (
        "130",
        "Interrupted; what was begun is recorded, and the next run goes on.",
    ),
];

const ENVIRONMENT: &[Entry] = &[
    (
        "TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY",
        "The credentials of the cloud.",
    ),
    (
        "TENCENTCLOUD_TOKEN, TENCENTCLOUD_SECURITY_TOKEN",
        "The token that belongs to temporary credentials.",
    ),
    (
        "TENCENTCLOUD_REGION",
        "The region of gateways where neither the files nor gwplan.yaml name one.",
    ),
    (
        "TENCENTCLOUD_ASSUME_ROLE_ARN, _SESSION_NAME, _SESSION_DURATION, _EXTERNAL_ID, _PROVIDER_ID, _WEB_IDENTITY_TOKEN, _WEB_IDENTITY_TOKEN_FILE",
        "The role to work in, and what it is assumed with.",
    ),
    (
        "TKE_REGION, TKE_ROLE_ARN, TKE_PROVIDER_ID, TKE_WEB_IDENTITY_TOKEN_FILE",
        "The identity that TKE gives its pods.",
    ),
    (
        "TENCENTCLOUD_PROFILE, TCCLI_PROFILE",
        "The profile of the vendor's credential files; provider.profile wins over it.",
    ),
    (
        "TENCENTCLOUD_CAM_ROLE_NAME",
        "The role of the virtual machine, where the metadata service is not to be asked for its name.",
    ),
    (
        "GWPLAN_METADATA",
        "off: the metadata service of virtual machines is not asked for credentials.",
    ),
    (
        "GWPLAN_ENDPOINT",
        "A base URL in place of every service's own; wins over provider.endpoint.",
    ),
    (
        "GWPLAN_ALLOW_ENDPOINT",
        "The hosts that provider.endpoint may name beside the vendor's and this machine, separated by commas.",
    ),
    (
        "GWPLAN_ALLOW_PATH",
        "Folders and files outside the repository that the project may read, separated by colons; as --allow-path.",
    ),
    (
        "GWPLAN_ENV",
        "The environment of gwplan.yaml to work in; --env wins over it.",
    ),
    (
        "GWPLAN_FORGE_TOKEN, GITHUB_TOKEN, GH_TOKEN, GITLAB_TOKEN",
        "The token with which review writes its comment. What the pipelines of GitHub and GitLab set about themselves is read too.",
    ),
    (
        "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY",
        "The proxy to reach the cloud through, and the hosts to reach without one.",
    ),
    (
        "SSL_CERT_FILE, SSL_CERT_DIR",
        "Certificates to trust in place of the system's.",
    ),
    ("NO_COLOR", "Set: no colours, unless --color says so."),
];

const FILES: &[Entry] = &[
    (
        "gwplan.yaml",
        "The project: provider, state, defaults, environments, policy.",
    ),
    (
        "*.yaml, *.yml",
        "The gateways, in the project's folder unless files or folders are named.",
    ),
    (
        "state/default.json, state/NAME.json",
        "The state, by default; of the environment NAME in a project that has environments.",
    ),
    (
        "state/*.journal, state/*.lock, state/*.backup",
        "Beside each state: what is being done, who holds it, and how it was before the last run.",
    ),
    (
        ".gwplan/*.schema.json",
        "The JSON Schemas that editors check the YAML by; init writes them.",
    ),
    (
        "~/.tccli/PROFILE.credential, ~/.tencentcloud/credentials, /etc/tencentcloud/credentials",
        "The vendor's credential files.",
    ),
];

/// Writes the pages of the program and of each command; each with the name of its file.
pub(super) fn pages() -> Vec<(String, String)> {
    let mut command = command();
    command.build();
    let mut pages = Vec::new();
    add_pages(&command, &mut pages);
    pages
}

fn add_pages(command: &Command, pages: &mut Vec<(String, String)>) {
    let name = command.get_display_name().unwrap_or("gwplan").to_owned();
    pages.push((format!("{name}.1"), page(command, &name)));
    for below in command.get_subcommands() {
        add_pages(below, pages);
    }
}

fn page(command: &Command, name: &str) -> String {
    let called = command.get_bin_name().unwrap_or("gwplan").to_owned();
    let man = Man::new(command.clone().override_usage(synopsis(command)))
        .title(name)
        .source(concat!("gwplan ", env!("CARGO_PKG_VERSION")))
        .manual("gwplan");
    let mut page = Vec::new();
    // A list of bytes takes whatever is written.
    let _ = man
        .render_title(&mut page)
        .and_then(|()| man.render_name_section(&mut page))
        .and_then(|()| man.render_synopsis_section(&mut page))
        .and_then(|()| man.render_description_section(&mut page))
        .and_then(|()| man.render_options_section(&mut page));
    if command.has_subcommands() {
        let _ = man.render_subcommands_section(&mut page);
    }
    let path = called.strip_prefix("gwplan").unwrap_or_default().trim();
    let rest = [
        section_of_examples(path),
        section("EXIT STATUS", EXIT_STATUS),
        section("ENVIRONMENT", ENVIRONMENT),
        section("FILES", FILES),
        see_also(name),
    ];
    let page = String::from_utf8_lossy(&page);
    format!("{}{}", with_one_preamble(&page), rest.concat())
}

/// Each section is written with the definitions that a page needs once.
fn with_one_preamble(page: &str) -> String {
    let (preamble, _) = page.split_at(page.find(".TH").unwrap_or_default());
    match preamble {
        "" => page.to_owned(),
        _ => format!("{preamble}{}", page.replace(preamble, "")),
    }
}

/// Says how a command is called, with the names of all values.
fn synopsis(command: &Command) -> String {
    let called = command.get_bin_name().unwrap_or("gwplan");
    let is_root = !called.contains(' ');
    let mut words = vec![called.to_owned()];
    words.extend(
        command
            .get_opts()
            .chain(flags(command))
            .filter(|arg| !arg.is_hide_set() && (is_root || !arg.is_global_set()))
            .map(shown_option),
    );
    if command.has_subcommands() {
        words.push("COMMAND".to_owned());
    }
    words.extend(command.get_positionals().map(shown_positional));
    words.join(" ")
}

fn flags(command: &Command) -> impl Iterator<Item = &Arg> {
    let is_flag = |arg: &&Arg| !arg.is_positional() && !arg.get_action().takes_values();
    let is_help = |arg: &&Arg| {
        matches!(
            arg.get_action(),
            ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
        )
    };
    command
        .get_arguments()
        .filter(is_flag)
        .filter(move |arg| !is_help(arg))
}

fn shown_option(arg: &Arg) -> String {
    let name = match (arg.get_long(), arg.get_short()) {
        (Some(long), _) => format!("--{long}"),
        (None, Some(short)) => format!("-{short}"),
        (None, None) => String::new(),
    };
    if arg.get_action().takes_values() {
        shown(arg, format!("{name} {}", values_of(arg)))
    } else {
        shown(arg, name)
    }
}

fn shown_positional(arg: &Arg) -> String {
    shown(arg, values_of(arg))
}

/// Marks what can be left out and what can be repeated.
fn shown(arg: &Arg, words: String) -> String {
    let words = if arg.is_required_set() {
        words
    } else {
        format!("[{words}]")
    };
    match arg.get_action() {
        ArgAction::Append | ArgAction::Count => format!("{words}..."),
        _ => words,
    }
}

fn values_of(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    let names: Vec<&str> = names.iter().map(clap::builder::Str::as_str).collect();
    names.join(" ")
}

fn section(title: &str, entries: &[Entry]) -> String {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    for (term, meaning) in entries {
        roff.control("TP", []);
        roff.text([bold(*term)]);
        roff.text([roman(*meaning)]);
    }
    roff.to_roff()
}

fn section_of_examples(path: &str) -> String {
    let examples = examples_of(path);
    if examples.is_empty() {
        return String::new();
    }
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]);
    for example in examples {
        roff.control("PP", []);
        roff.text([roman(example.what)]);
        roff.control("RS", ["4"]);
        roff.control("nf", []);
        roff.text([roman(format!("$ {}", example.line))]);
        roff.control("fi", []);
        roff.control("RE", []);
    }
    roff.to_roff()
}

/// Names the page above: of `gwplan-state-mv` that is `gwplan-state`.
fn see_also(name: &str) -> String {
    let others: [Inline; 2] = match name.rsplit_once('-') {
        Some((above, _)) if above != "gwplan-force" => [italic(above), roman("(1)")],
        Some(_) => [italic("gwplan"), roman("(1)")],
        None => [italic("gwplan-plan"), roman("(1), gwplan-apply(1)")],
    };
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    roff.text(others);
    roff.to_roff()
}
