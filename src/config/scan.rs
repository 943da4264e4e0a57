//! The scan of a file's YAML events: places, duplicate keys, and bounds.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use indexmap::map::Entry as MapEntry;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use crate::model::{Diagnostic, Location, SourceFile};

/// The deepest nesting that is taken; a gateways file needs five levels.
const MAX_DEPTH: usize = 64;
/// The most nodes that a file may stand for once its aliases are written out.
const MAX_NODES: usize = 2_000_000;
/// How many bytes of text count as a node: aliases multiply long texts as well as many nodes.
const BYTES_A_NODE: usize = 64;

/// Holds the place of one YAML node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: NodeKind,
}

/// Holds what a node is, with the places inside it.
#[derive(Debug)]
pub(super) enum NodeKind {
    Scalar { plain: bool },
    Sequence(Vec<Node>),
    Mapping(IndexMap<String, Entry>),
    Alias,
}

/// Holds the places of a key and its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: (usize, usize),
    pub(super) value: Node,
}

impl Node {
    /// Finds the entry under a key, where the node is a mapping that holds it.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            NodeKind::Mapping(entries) => entries.get(key),
            _ => None,
        }
    }

    /// Returns the spelling of a mapping's key by its position.
    pub(super) fn key_at(&self, index: usize) -> Option<&str> {
        match &self.kind {
            NodeKind::Mapping(entries) => entries.get_index(index).map(|(key, _)| key.as_str()),
            _ => None,
        }
    }

    /// Finds an item, where the node is a sequence that holds it.
    pub(super) fn item(&self, index: usize) -> Option<&Node> {
        match &self.kind {
            NodeKind::Sequence(items) => items.get(index),
            _ => None,
        }
    }
}

/// Scans a file; the faults keep their places, and with any of them there is no tree.
pub(super) fn scan(file: &Arc<SourceFile>) -> Result<Node, Vec<Diagnostic>> {
    let mut scanner = Scanner {
        file,
        bytes: ByteIndex::new(file.text()),
        anchors: HashMap::new(),
        nodes: 0,
        open: Vec::new(),
        root: None,
        faults: Vec::new(),
    };
    scanner.run()?;
    match scanner.root {
        Some(root) if scanner.faults.is_empty() => Ok(root),
        _ => Err(scanner.faults),
    }
}

/// Turns the parser's character offsets into byte offsets.
struct ByteIndex(Option<Vec<usize>>);

impl ByteIndex {
    fn new(text: &str) -> Self {
        // In plain ASCII both are the same, and the table would only cost memory.
        Self((!text.is_ascii()).then(|| {
            let starts = text.char_indices().map(|(at, _)| at);
            starts.chain([text.len()]).collect()
        }))
    }

    fn byte(&self, character: usize) -> usize {
        match &self.0 {
            None => character,
            Some(starts) => starts
                .get(character)
                .or(starts.last())
                .copied()
                .unwrap_or(0),
        }
    }
}

/// A collection that is still open while its events come in.
struct Open {
    start: usize,
    anchor: usize,
    nodes_before: usize,
    kind: OpenKind,
}

enum OpenKind {
    Sequence(Vec<Node>),
    Mapping {
        entries: IndexMap<String, Entry>,
        key: Option<(String, (usize, usize))>,
    },
}

struct Scanner<'a> {
    file: &'a Arc<SourceFile>,
    bytes: ByteIndex,
    /// The size of each anchored subtree by anchor id, once it is complete.
    anchors: HashMap<usize, usize>,
    nodes: usize,
    open: Vec<Open>,
    root: Option<Node>,
    faults: Vec<Diagnostic>,
}

type Halt = Vec<Diagnostic>;

impl Scanner<'_> {
    fn run(&mut self) -> Result<(), Halt> {
        let file = Arc::clone(self.file);
        let mut parser: Parser<'_, StrInput<'_>> = Parser::new_from_str(file.text());
        while let Some(next) = parser.next_event() {
            let (event, span) = match next {
                Ok(event) => event,
                Err(error) => return Err(self.syntax(&error)),
            };
            self.take(event, &span)?;
        }
        if self.root.is_none() && self.faults.is_empty() {
            return Err(self.halt(empty_fault(), (0, 0)));
        }
        Ok(())
    }

    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Halt> {
        let place = (
            self.bytes.byte(span.start.index()),
            self.bytes.byte(span.end.index()),
        );
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                let fault =
                    Diagnostic::error("several-documents", "the file holds several YAML documents")
                        .help("keep one document a file: remove the `---`, or split the file");
                Err(self.halt(fault, place))
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.faults
                    .extend(tag_fault(self.file, tag.as_deref(), place));
                let size = 1 + text.len() / BYTES_A_NODE;
                self.count(size, place)?;
                self.anchor(anchor, size);
                let plain = style == ScalarStyle::Plain;
                if self.root.is_none() && self.open.is_empty() && plain && place.0 == place.1 {
                    return Err(self.halt(empty_fault(), (0, 0)));
                }
                self.put(
                    Some(&text),
                    Node {
                        start: place.0,
                        end: place.1,
                        kind: NodeKind::Scalar { plain },
                    },
                );
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, place),
            Event::SequenceStart(anchor, _) => {
                self.begin(anchor, place, OpenKind::Sequence(Vec::new()))
            }
            Event::MappingStart(anchor, _) => self.begin(
                anchor,
                place,
                OpenKind::Mapping {
                    entries: IndexMap::new(),
                    key: None,
                },
            ),
            Event::SequenceEnd | Event::MappingEnd => {
                self.end(place);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, anchor: usize, place: (usize, usize), kind: OpenKind) -> Result<(), Halt> {
        let nodes_before = self.nodes;
        self.count(1, place)?;
        if self.open.len() >= MAX_DEPTH {
            return Err(self.halt(too_deep(), place));
        }
        self.open.push(Open {
            start: place.0,
            anchor,
            nodes_before,
            kind,
        });
        Ok(())
    }

    fn end(&mut self, place: (usize, usize)) {
        let Some(Open {
            start,
            anchor,
            nodes_before,
            kind,
        }) = self.open.pop()
        else {
            return;
        };
        self.anchor(anchor, self.nodes - nodes_before);
        let kind = match kind {
            OpenKind::Sequence(items) => NodeKind::Sequence(items),
            OpenKind::Mapping { entries, .. } => NodeKind::Mapping(entries),
        };
        self.put(
            None,
            Node {
                start,
                end: place.1,
                kind,
            },
        );
    }

    fn alias(&mut self, anchor: usize, place: (usize, usize)) -> Result<(), Halt> {
        let Some(size) = self.anchors.get(&anchor).copied() else {
            let fault =
                Diagnostic::error("alias-bomb", "the alias stands inside what it refers to")
                    .help("an alias can only repeat what is complete before it");
            return Err(self.halt(fault, place));
        };
        self.count(size, place)?;
        self.put(
            None,
            Node {
                start: place.0,
                end: place.1,
                kind: NodeKind::Alias,
            },
        );
        Ok(())
    }

    /// Puts a finished node into the innermost open collection; `text` is set for scalars.
    fn put(&mut self, text: Option<&str>, node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut open.kind {
            OpenKind::Sequence(items) => items.push(node),
            OpenKind::Mapping { entries, key } => {
                if let Some((name, place)) = key.take() {
                    match entries.entry(name) {
                        MapEntry::Vacant(slot) => {
                            slot.insert(Entry {
                                key: place,
                                value: node,
                            });
                        }
                        MapEntry::Occupied(slot) => {
                            let fault = duplicate_key(self.file, slot.key(), slot.get().key, place);
                            self.faults.push(fault);
                        }
                    }
                } else {
                    let place = (node.start, node.end);
                    let name = text.map_or_else(
                        || {
                            self.faults.push(complex_key(self.file, place));
                            self.file.text()[place.0..place.1].to_owned()
                        },
                        str::to_owned,
                    );
                    *key = Some((name, place));
                }
            }
        }
    }

    fn anchor(&mut self, id: usize, size: usize) {
        // Id 0 means that the node has no anchor.
        if id != 0 {
            self.anchors.insert(id, size);
        }
    }

    fn count(&mut self, more: usize, place: (usize, usize)) -> Result<(), Halt> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > MAX_NODES {
            let fault = Diagnostic::error(
                "alias-bomb",
                format!("the YAML stands for more than {MAX_NODES} values"),
            )
            .help("aliases multiply what they repeat: use fewer of them, or split the file");
            return Err(self.halt(fault, place));
        }
        Ok(())
    }

    fn syntax(&mut self, error: &ScanError) -> Halt {
        let text = self.file.text();
        let mut start = self.bytes.byte(error.marker().index());
        // The parser says so once it has passed the tab.
        if error.info().contains("tabs") && text[..start].ends_with('\t') {
            start -= 1;
        }
        // It refuses brackets within brackets before it hands any of them out.
        if error.info().contains("recursion") {
            return self.halt(too_deep(), (start, start + 1));
        }
        let mut fault = syntax_fault(error);
        let open = self.open.last().map(|open| open.start);
        if let Some(open) = open.filter(|at| text[*at..].starts_with(['[', '{'])) {
            let bracket = &text[open..=open];
            let place = Location::new(self.file, open, open + 1);
            let line = place.start().line;
            let variable = text[..start].ends_with('$') && text[start..].starts_with('{');
            let help = if variable {
                "within `{ }` and `[ ]`, put a value that holds `${var.NAME}` in quotes".to_owned()
            } else {
                format!(
                    "close the `{bracket}` of line {line}, or check the commas and quotes after it"
                )
            };
            fault = fault.help(help).related(place, "opened here");
        }
        self.halt(fault, (start, start + 1))
    }

    fn halt(&mut self, fault: Diagnostic, (start, end): (usize, usize)) -> Halt {
        let mut faults = std::mem::take(&mut self.faults);
        faults.push(fault.at(Some(Location::new(self.file, start, end))));
        faults
    }
}

fn syntax_fault(error: &ScanError) -> Diagnostic {
    Diagnostic::error(
        "yaml-syntax",
        format!("this is not valid YAML: {}", error.info()),
    )
    .help("check the indentation, colons, quotes and brackets here and in the line before")
}

fn too_deep() -> Diagnostic {
    Diagnostic::error(
        "too-deep",
        format!("the YAML is nested more than {MAX_DEPTH} levels deep"),
    )
    .help("gateways need five levels: look for a missing line break or bracket")
}

fn empty_fault() -> Diagnostic {
    Diagnostic::error("empty-file", "the file is empty")
        .help("write `gateways: {}` to say that there are no gateways, or remove the file")
}

fn duplicate_key(
    file: &Arc<SourceFile>,
    key: &str,
    first: (usize, usize),
    second: (usize, usize),
) -> Diagnostic {
    Diagnostic::error(
        "duplicate-key",
        format!("the key `{key}` stands twice in the same map"),
    )
    .help("YAML would silently keep one of them: remove the other")
    .at(Some(Location::new(file, second.0, second.1)))
    .related(Location::new(file, first.0, first.1), "first here")
}

/// Refuses a tag of YAML's own that says the value stands for something else than what is written:
/// the parser of values passes over it.
fn tag_fault(
    file: &Arc<SourceFile>,
    tag: Option<&Tag>,
    place: (usize, usize),
) -> Option<Diagnostic> {
    let tag = tag?;
    let name = format!("{}{}", tag.handle, tag.suffix);
    let name = name.strip_prefix("tag:yaml.org,2002:")?;
    if ["str", "int", "float", "bool", "null"].contains(&name) {
        return None;
    }
    let fault = Diagnostic::error("wrong-type", format!("`!!{name}` can't be used here"))
        .help(format!("write the text itself, without `!!{name}`"));
    Some(fault.at(Some(Location::new(file, place.0, place.1))))
}

fn complex_key(file: &Arc<SourceFile>, place: (usize, usize)) -> Diagnostic {
    Diagnostic::error("wrong-type", "a key must be plain text")
        .help("lists, maps and aliases can't be keys here")
        .at(Some(Location::new(file, place.0, place.1)))
}
