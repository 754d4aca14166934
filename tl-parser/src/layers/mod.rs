//! Schemas of many API layers at once.
//!
//! The API changes several times a month, and clients of different layers talk to one server.
//! The bundled layers are one table of declarations with the layers in which each stands
//! (`schemas/api.tl`); the schema of a layer is built when it is first asked for.

mod diff;
mod table;

pub use diff::{Change, Diff, FieldChange};
pub use table::Variant;

use crate::schema::Schema;
use crate::syntax::{self, Problem};
use std::sync::{LazyLock, OnceLock};
use table::Table;

/// The text of the bundled union table.
const API: &str = include_str!("../../schemas/api.tl");
/// The text of the bundled service schema.
const MTPROTO: &str = include_str!("../../schemas/mtproto.tl");

/// The text of the bundled union table of secret chats.
const SECRET: &str = include_str!("../../schemas/secret.tl");

/// The service schema of the protocol: messages that have no layer.
///
/// <https://core.telegram.org/schema/mtproto>
pub fn mtproto() -> &'static Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::parse_static(MTPROTO).0);
    &SCHEMA
}

/// The secret chat schemas, whose layers are numbered apart from those of the API.
///
/// <https://core.telegram.org/api/end-to-end>
pub fn secret_chats() -> &'static Layers {
    static LAYERS: LazyLock<Layers> = LazyLock::new(|| Layers::from_table(SECRET).0);
    &LAYERS
}

/// The schemas of many layers, each built when it is first asked for.
#[derive(Debug, Clone)]
pub struct Layers {
    table: Table,
    slots: Vec<Slot>,
    numbers: Vec<i32>,
}

#[derive(Debug, Clone)]
struct Slot {
    source: Source,
    schema: OnceLock<Schema>,
}

/// Where a layer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The column of the union table.
    Table(usize),
    /// A text of its own; its schema is built when it is loaded.
    Loaded,
}

/// The answer of [`Layers::at`].
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The schema.
    pub schema: &'a Schema,
    /// The layer whose schema it is.
    pub layer: i32,
    /// Whether that is the layer that was asked for; else it is the nearest one known.
    pub exact: bool,
}

/// A text that cannot be loaded as a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// Neither the caller nor a comment `// LAYER n` in the text says which layer it is.
    NoLayerNumber,
    /// There is no declaration in the text.
    Empty,
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoLayerNumber => {
                "the text does not say its layer; give a number, or add a line `// LAYER n`"
            }
            Self::Empty => "there is no declaration in the text",
        })
    }
}

impl std::error::Error for LoadError {}

impl Layers {
    /// The layers that come with this crate.
    ///
    /// ```
    /// let at = tl_parser::Layers::bundled().at(158);
    /// assert!(at.exact);
    /// assert!(at.schema.by_name("ping").is_none(), "a service function has no layer");
    /// assert_eq!(at.schema.by_name("auth.sendCode").unwrap().result_type(), "auth.SentCode");
    /// ```
    pub fn bundled() -> &'static Self {
        static LAYERS: LazyLock<Layers> = LazyLock::new(|| Layers::from_table(API).0);
        &LAYERS
    }

    /// Reads a union table; see `schemas/README.md` for the form.
    ///
    /// What cannot be read in the table is a problem; problems inside of declarations show when a
    /// layer is built, and are told by [`syntax::parse`] of the layer's text.
    pub fn from_table(text: &'static str) -> (Self, Vec<Problem>) {
        let (table, problems) = Table::parse(text);
        let numbers = table.layers().to_vec();
        let slot = |column| Slot {
            source: Source::Table(column),
            schema: OnceLock::new(),
        };
        let slots = (0..numbers.len()).map(slot).collect();
        (
            Self {
                table,
                slots,
                numbers,
            },
            problems,
        )
    }

    /// The numbers of all layers, ascending.
    pub fn numbers(&self) -> &[i32] {
        &self.numbers
    }

    /// The number of the newest layer; 0 where there is none.
    pub fn newest(&self) -> i32 {
        self.numbers.last().copied().unwrap_or(0)
    }

    /// The schema of a layer, or of the one with the nearest number; of two equally near ones, the
    /// older.
    pub fn at(&self, layer: i32) -> At<'_> {
        static EMPTY: LazyLock<Schema> = LazyLock::new(Schema::default);
        let distance = |(_, number): &(&Slot, &i32)| number.abs_diff(layer);
        match self.slots.iter().zip(&self.numbers).min_by_key(distance) {
            Some((slot, number)) => At {
                schema: self.schema(slot),
                layer: *number,
                exact: *number == layer,
            },
            None => At {
                schema: &EMPTY,
                layer: 0,
                exact: false,
            },
        }
    }

    /// The schema of a layer; `None` where it is not known.
    pub fn exactly(&self, layer: i32) -> Option<&Schema> {
        let index = self.numbers.binary_search(&layer).ok()?;
        self.slots.get(index).map(|slot| self.schema(slot))
    }

    fn schema<'a>(&'a self, slot: &'a Slot) -> &'a Schema {
        slot.schema.get_or_init(|| match slot.source {
            Source::Table(column) => self.table.build(column),
            Source::Loaded => Schema::default(),
        })
    }

    /// The layers in which an id is known, ascending. Builds no schema.
    pub fn knowing(&self, id: u32) -> impl Iterator<Item = i32> {
        let columns = self.table.columns_of(id);
        self.slots
            .iter()
            .zip(&self.numbers)
            .filter_map(move |(slot, number)| {
                let knows = match slot.source {
                    Source::Table(column) => columns.contains(column),
                    Source::Loaded => slot
                        .schema
                        .get()
                        .is_some_and(|schema| schema.by_id(id).is_some()),
                };
                knows.then_some(*number)
            })
    }

    /// All bundled forms of a combinator with the layers in which they stand, oldest first.
    pub fn variants<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Variant<'a>> {
        self.table.variants(name)
    }

    /// What changed from one layer to another; each number is resolved as by [`at`](Self::at).
    pub fn diff(&self, from: i32, to: i32) -> Diff {
        Diff::between(self.at(from).schema, self.at(to).schema)
    }

    /// Adds a layer from a text of its own, or replaces the one of that number.
    ///
    /// Without `layer`, the number is that of a comment `// LAYER n` in the text.
    /// Returns the number, and what is wrong with the text without making it unusable.
    ///
    /// # Errors
    /// A text without number or without declarations.
    pub fn load_text(
        &mut self,
        layer: Option<i32>,
        text: &str,
    ) -> Result<(i32, Vec<Problem>), LoadError> {
        let (schema, problems) = Schema::parse(text);
        if schema.combinators().len() == 0 {
            return Err(LoadError::Empty);
        }
        let layer = layer
            .or_else(|| syntax::layer_of_text(text))
            .ok_or(LoadError::NoLayerNumber)?;
        let slot = Slot {
            source: Source::Loaded,
            schema: OnceLock::from(schema),
        };
        match self.numbers.binary_search(&layer) {
            Ok(index) => {
                if let Some(old) = self.slots.get_mut(index) {
                    *old = slot;
                }
            }
            Err(index) => {
                self.numbers.insert(index, layer);
                self.slots.insert(index, slot);
            }
        }
        Ok((layer, problems))
    }
}

impl Default for Layers {
    /// A copy of the bundled layers, to load others into.
    fn default() -> Self {
        Self::bundled().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "// a comment\n// layers: 1 3 5 7\n---types---\n1.. a#00000001 = A;\n\
        1..3 b#00000002 x:int = B;\n5.. b#00000003 x:int y:int = B;\n1,5..5 c#00000004 = C;\n\
        ---functions---\n3.. f#00000005 = A;\n";

    fn layers() -> Layers {
        let (layers, problems) = Layers::from_table(TABLE);
        assert_eq!(problems, []);
        layers
    }

    #[test]
    fn each_layer_has_the_declarations_of_its_ranges() {
        let layers = layers();
        assert_eq!((layers.numbers(), layers.newest()), (&[1, 3, 5, 7][..], 7));
        let ids = |layer| {
            let schema = layers.exactly(layer).unwrap();
            schema
                .combinators()
                .map(|combinator| combinator.id())
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(1), [1, 2, 4]);
        assert_eq!(ids(3), [1, 2, 5]);
        assert_eq!(ids(5), [1, 3, 4, 5]);
        assert_eq!(ids(7), [1, 3, 5]);
        assert!(
            layers
                .exactly(7)
                .unwrap()
                .by_name("f")
                .unwrap()
                .is_function()
        );
    }

    #[test]
    fn an_unknown_layer_is_answered_by_the_nearest() {
        let layers = layers();
        let at = |layer| (layers.at(layer).layer, layers.at(layer).exact);
        assert_eq!(
            [at(3), at(4), at(100), at(-5)],
            [(3, true), (3, false), (7, false), (1, false)]
        );
    }

    #[test]
    fn an_id_is_known_in_the_layers_of_all_its_lines() {
        let layers = layers();
        assert_eq!(layers.knowing(4).collect::<Vec<_>>(), [1, 5]);
        assert_eq!(layers.knowing(3).collect::<Vec<_>>(), [5, 7]);
        assert_eq!(layers.knowing(9).count(), 0);
    }

    #[test]
    fn variants_show_the_history_of_a_name() {
        let layers = layers();
        let history: Vec<_> = layers
            .variants("b")
            .map(|variant| (variant.layers, variant.text))
            .collect();
        assert_eq!(
            history,
            [
                (vec![1, 3], "b#00000002 x:int = B"),
                (vec![5, 7], "b#00000003 x:int y:int = B")
            ]
        );
    }

    #[test]
    fn loaded_layers_stand_among_the_others() {
        let mut layers = layers();
        let (number, _) = layers
            .load_text(None, "// LAYER 4\nnew#00000009 = New;")
            .unwrap();
        assert_eq!((number, layers.numbers()), (4, &[1, 3, 4, 5, 7][..]));
        assert!(layers.at(4).exact && layers.at(4).schema.by_name("new").is_some());
        assert_eq!(layers.knowing(9).collect::<Vec<_>>(), [4]);
        layers
            .load_text(Some(7), "// LAYER 4\nnew#00000009 = New;")
            .unwrap();
        assert_eq!(layers.knowing(9).collect::<Vec<_>>(), [4, 7]);
        assert_eq!(
            layers.load_text(None, "x = X;"),
            Err(LoadError::NoLayerNumber)
        );
        assert_eq!(layers.load_text(Some(1), "rubbish"), Err(LoadError::Empty));
    }

    #[test]
    fn ranges_that_cannot_be_read_are_problems() {
        let text =
            "// layers: 1 2\n1..x a#00000001 = A;\n2..2 b#00000002 = B;\n3..9 c#00000003 = C;\n";
        let (layers, problems) = Layers::from_table(text);
        let lines: Vec<_> = problems.iter().map(Problem::line).collect();
        assert_eq!(lines, [2, 4]);
        assert_eq!(layers.exactly(2).unwrap().combinators().len(), 1);
    }
}
