//! Where the files say what, for those who ask after they were read.

use std::sync::Arc;

use crate::model::{Address, FieldPath, Location, SourceFile, SourceLine};
use crate::schema::ResourceSchema;

use super::document::Document;
use super::read::Place;
use super::scan::Node;

/// Holds the places of everything that the gateways files and their overlays say.
#[derive(Debug, Default)]
pub struct Sources {
    schemas: Vec<&'static ResourceSchema>,
    /// The files, the lowest first: what is above it wins.
    layers: Vec<(Arc<SourceFile>, Node)>,
}

impl Sources {
    pub(super) fn new(
        schemas: &[&'static ResourceSchema],
        documents: impl Iterator<Item = Document>,
    ) -> Self {
        let layers =
            documents.filter_map(|Document { file, parsed }| Some((file, parsed.ok()?.root)));
        Self {
            schemas: schemas.to_vec(),
            layers: layers.collect(),
        }
    }

    /// Finds the line that gives a field of a resource its value, or for a field that no file sets,
    /// nothing; the root path leads to the resource's block.
    pub fn locate(&self, address: &Address, path: &FieldPath) -> Option<SourceLine> {
        let mut schemas = self.schemas.iter();
        let schema = schemas.find(|schema| schema.kind == address.kind())?;
        let within = FieldPath::from_iter([schema.collection, address.name()]);
        let whole = within.segments().iter().chain(path.segments());
        let whole: FieldPath = whole.collect();
        let tops = self.layers.iter().rev();
        let mut places = tops.map(|(file, node)| Place::root(file, node));
        let place = places.find(|place| place.holds(&whole))?;
        // A block has no one line to show but that of its key.
        Some(Location::line(&place.locate(&whole, true)))
    }
}
