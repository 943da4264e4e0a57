//! Where a forge shows the lines of the files.

use std::fmt::Write as _;
use std::path::{Component, Path};

use super::Forge;

/// Knows the page of each file of a project, as one commit has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// The URL under which the files of the commit are.
    files: String,
    /// The project's folder in the repository.
    folder: String,
}

impl Links {
    /// Links to a commit, so that a link shows the same line for ever.
    pub(super) fn new(forge: Forge, page: &str, commit: &str, folder: &str) -> Self {
        let (page, commit) = (page.trim_end_matches('/'), encoded(commit));
        let files = match forge {
            Forge::GitHub => format!("{page}/blob/{commit}"),
            Forge::GitLab => format!("{page}/-/blob/{commit}"),
        };
        Self {
            files,
            folder: folder.to_owned(),
        }
    }

    /// Returns the URL of a line of one of the project's files; nothing for a file that is not in the
    /// repository.
    pub fn line(&self, file: &str, line: usize) -> Option<String> {
        let file = in_repository(&self.folder, file)?;
        Some(format!("{}/{}#L{line}", self.files, encoded(&file)))
    }
}

/// Returns a path as the repository has it, given as the project's folder has it; nothing where it
/// leads out of the repository.
pub fn in_repository(folder: &str, file: &str) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    let whole = Path::new(folder).join(file);
    for component in whole.components() {
        match component {
            Component::Normal(name) => names.push(name.to_str()?),
            Component::CurDir => {}
            Component::ParentDir => {
                names.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(names.join("/"))
}

/// Encodes a path for a URL, and for markdown around it.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_below_the_projects_folder() {
        let page = "https://github.example/acme/edge/";
        let links = Links::new(Forge::GitHub, page, "c0ffee", "infra/gw");
        for (file, path) in [
            ("a.yaml", Some("infra/gw/a.yaml")),
            ("./sub/../a b.yaml", Some("infra/gw/a%20b.yaml")),
            (
                "../shared/(x)#1.yaml",
                Some("infra/shared/%28x%29%231.yaml"),
            ),
            ("网.yaml", Some("infra/gw/%E7%BD%91.yaml")),
            ("../../../out.yaml", None),
            ("/tmp/out.yaml", None),
        ] {
            let expected =
                path.map(|path| format!("https://github.example/acme/edge/blob/c0ffee/{path}#L12"));
            assert_eq!(links.line(file, 12), expected, "{file}");
        }
    }

    #[test]
    fn gitlab_has_another_page() {
        let links = Links::new(Forge::GitLab, "https://gitlab.example/g/s/p", "c0ffee", "");
        assert_eq!(
            links.line("a.yaml", 3).as_deref(),
            Some("https://gitlab.example/g/s/p/-/blob/c0ffee/a.yaml#L3")
        );
    }
}
