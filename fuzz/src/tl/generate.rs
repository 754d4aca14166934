//! Values of a schema out of the engine's bytes.

use tl_parser::{Combinator, Object, Schema, Value};

/// How deep objects and vectors nest at most, below the limits of the reading.
const DEPTH: usize = 16;
/// From here on vectors are empty, conditional fields absent and constructors the shortest ones.
const SPARSE: usize = 8;

/// The engine's bytes; when they are used up, zeros.
pub(super) struct Bytes<'a> {
    rest: &'a [u8],
    slips: u8,
    slipped: bool,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(rest: &'a [u8], slips: u8) -> Self {
        Self {
            rest,
            slips,
            slipped: false,
        }
    }

    /// Whether anything in the value may not be as the schema says.
    pub(super) fn slipped(&self) -> bool {
        self.slipped
    }

    fn next(&mut self) -> u8 {
        let [first, rest @ ..] = self.rest else {
            return 0;
        };
        self.rest = rest;
        *first
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next())
    }

    /// A number of elements or bytes.
    fn few(&mut self, depth: usize) -> usize {
        if depth <= SPARSE {
            return 0;
        }
        usize::from(self.next() % 5)
    }

    /// Whether to make a mistake here.
    fn slips(&mut self) -> bool {
        // No byte is spent where no mistakes are wanted.
        let slips = self.slips > 127 && self.next() > self.slips;
        self.slipped |= slips;
        slips
    }
}

/// An object of the schema, or a call of one of its functions.
pub(super) fn object_or_call(schema: &Schema, bytes: &mut Bytes<'_>) -> Value {
    any(schema, bytes, DEPTH)
}

fn any(schema: &Schema, bytes: &mut Bytes<'_>, depth: usize) -> Value {
    let choice = usize::from(u16::from_le_bytes(bytes.array()));
    let combinators = || schema.combinators();
    let from_choice = combinators().skip(choice % combinators().len());
    let combinator = from_choice
        .chain(combinators())
        .find(|combinator| usable(combinator))
        .expect("every schema has objects");
    object(schema, combinator, bytes, depth)
}

/// Built-in types are other values than objects, and counted fields are left to the readers.
fn usable(combinator: &Combinator) -> bool {
    let built_in = ["Bool", "Vector t", "Int", "Long", "Double", "String"];
    !built_in.contains(&combinator.result_type())
        && !combinator
            .fields()
            .iter()
            .any(|field| field.type_text().contains(['*', '[']))
}

fn object(schema: &Schema, combinator: &Combinator, bytes: &mut Bytes<'_>, depth: usize) -> Value {
    let mut object = Object::new(combinator.object_name().clone());
    // Fields with one condition are present together; that is decided at the first of them.
    let mut decided: Vec<((&str, u8), bool)> = Vec::new();
    for field in combinator.fields() {
        let present = match field.condition() {
            None => true,
            Some(condition) => match decided.iter().find(|(known, _)| *known == condition) {
                Some((_, present)) => *present,
                None => {
                    let present = depth > SPARSE && bytes.next() & 1 == 1;
                    decided.push((condition, present));
                    present
                }
            },
        };
        let kind = field.value_type();
        if present && !field.is_flags_word() && !bytes.slips() {
            let value = value(schema, kind, bytes, depth - 1);
            object.set(field.name_handle().clone(), value);
        }
    }
    if bytes.slips() {
        object.set("no such field", 1);
    }
    object.into()
}

fn value(schema: &Schema, kind: &str, bytes: &mut Bytes<'_>, depth: usize) -> Value {
    if bytes.slips() || depth == 0 {
        bytes.slipped = true;
        return match bytes.next() % 4 {
            0 => Value::Int(-1),
            1 => Value::Bytes(vec![0xff; 3]),
            2 => Value::Vector(vec![Value::Bool(true)]),
            _ => Object::new("no such constructor").into(),
        };
    }
    let element = ["Vector<", "vector<"]
        .iter()
        .find_map(|start| kind.strip_prefix(start)?.strip_suffix('>'));
    match kind {
        "int" | "#" => Value::Int(i32::from_le_bytes(bytes.array())),
        "long" => Value::Long(i64::from_le_bytes(bytes.array())),
        "double" => Value::Double(f64::from_le_bytes(bytes.array())),
        "int128" => Value::Int128(bytes.array()),
        "int256" => Value::Int256(bytes.array()),
        "true" => Value::Bool(true),
        "Bool" => Value::Bool(bytes.next() & 1 == 1),
        "string" => Value::Bytes(text(bytes).into_bytes()),
        // Up to 280 bytes: on both sides of the long form's 254.
        "bytes" => Value::Bytes(vec![bytes.next(); usize::from(bytes.next() % 5) * 70]),
        "Object" | "!X" => any(schema, bytes, depth),
        _ => match element {
            Some(element) => (0..bytes.few(depth))
                .map(|_| value(schema, element, bytes, depth - 1))
                .collect::<Vec<_>>()
                .into(),
            None => of_type(schema, kind.trim_start_matches('%'), bytes, depth),
        },
    }
}

/// An object of a boxed type, or of the one constructor that a bare type names.
fn of_type(schema: &Schema, name: &str, bytes: &mut Bytes<'_>, depth: usize) -> Value {
    let mut constructors: Vec<_> = schema.constructors_of(name).collect();
    if constructors.is_empty() {
        constructors.extend(schema.by_name(name));
    }
    constructors.retain(|constructor| usable(constructor));
    let chosen = if depth <= SPARSE {
        constructors.iter().min_by_key(|c| c.fields().len())
    } else {
        let choice = usize::from(bytes.next());
        constructors.get(choice % constructors.len().max(1))
    };
    match chosen {
        Some(constructor) => object(schema, constructor, bytes, depth),
        None => value(schema, name, bytes, 0),
    }
}

fn text(bytes: &mut Bytes<'_>) -> String {
    (0..bytes.next() % 5)
        .map(|_| char::from_u32(u32::from_le_bytes(bytes.array()) % 0x11_0000).unwrap_or('?'))
        .collect()
}
