//! Random values that are valid in a schema, made from its declarations alone.

use tl_parser::project::conform;
use tl_parser::syntax::{TypeExpr, parse_type};
use tl_parser::{Combinator, Field, Object, Schema, Value};

/// A small generator with a seed: the same seed gives the same values.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 33) as usize % bound.max(1)
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next() as u8)
    }
}

/// Whether values of a combinator are objects: the vector is one of the language, and the two
/// constructors of `Bool` are values of their own.
pub(crate) fn is_object(combinator: &Combinator) -> bool {
    combinator.name() != "vector" && combinator.result_type() != "Bool" || combinator.is_function()
}

/// A random object of a combinator, with `depth` levels of random objects inside.
pub(crate) fn object(
    schema: &Schema,
    combinator: &Combinator,
    random: &mut Random,
    depth: usize,
) -> Option<Object> {
    let mut object = Object::new(combinator.object_name());
    // One decision for each flag bit, for fields may share one.
    let present = random.next() | random.next();
    for word in combinator.fields().iter().filter(|f| f.is_flags_word()) {
        // Bits of a newer sender now and then.
        if random.below(8) == 0 {
            let of_word = |field: &&Field| field.condition().is_some_and(|(w, _)| w == word.name());
            let fields = combinator.fields().iter().filter(of_word);
            let known = fields.fold(0, |bits, f| {
                bits | f.condition().map_or(0, |(_, bit)| 1 << bit)
            });
            object.set_extra_flags(word.name_handle(), random.next() as u32 & !known);
        }
    }
    for field in combinator
        .fields()
        .iter()
        .filter(|field| !field.is_flags_word())
    {
        if let Some((word, bit)) = field.condition() {
            let salt = word.len() as u32 * 7;
            if present >> ((u32::from(bit) + salt) % 64) & 1 == 0 {
                continue;
            }
        }
        let expr = parse_type(field.value_type().trim_start_matches('!'))?;
        object.set(field.name_handle(), value(schema, &expr, random, depth)?);
    }
    Some(object)
}

fn value(schema: &Schema, expr: &TypeExpr<'_>, random: &mut Random, depth: usize) -> Option<Value> {
    Some(match expr {
        TypeExpr::Nat => Value::Int(random.next() as i32),
        TypeExpr::Apply { args, .. } => {
            let count = if depth == 0 { 0 } else { random.below(4) };
            let items = (0..count).map(|_| value(schema, &args[0], random, depth - 1));
            Value::Vector(items.collect::<Option<_>>()?)
        }
        TypeExpr::Bare(inner) => value(schema, inner, random, depth)?,
        TypeExpr::Name(name) => match *name {
            "true" => Value::Bool(true),
            "Bool" => Value::Bool(random.below(2) == 1),
            "int" => Value::Int(random.next() as i32),
            "long" => Value::Long(random.next() as i64),
            "double" => Value::Double(f64::from_bits(random.next())),
            "int128" => Value::Int128(random.bytes()),
            "int256" => Value::Int256(random.bytes()),
            "string" | "bytes" => {
                let longest = [4, 20, 300][random.below(3)];
                let text = *name == "string" && random.below(4) > 0;
                let byte = |random: &mut Random| match text {
                    true => b' ' + (random.next() % 95) as u8,
                    false => random.next() as u8,
                };
                Value::Bytes((0..random.below(longest)).map(|_| byte(random)).collect())
            }
            // A call or object of any kind.
            "X" | "Object" => {
                let all: Vec<_> = schema
                    .combinators()
                    .filter(|c| c.name() != "vector")
                    .collect();
                // A function with an argument of its own kind has no default.
                (0..20).find_map(|_| chosen(schema, all[random.below(all.len())], random, 0))?
            }
            name => {
                let constructors: Vec<_> = match schema.by_name(name) {
                    Some(bare) if !bare.is_function() => vec![bare],
                    _ => schema.constructors_of(name).collect(),
                };
                if constructors.is_empty() {
                    return None;
                }
                chosen(
                    schema,
                    constructors[random.below(constructors.len())],
                    random,
                    depth,
                )?
            }
        },
        TypeExpr::Number(_) | TypeExpr::Sum(..) => return None,
    })
}

fn chosen(
    schema: &Schema,
    combinator: &Combinator,
    random: &mut Random,
    depth: usize,
) -> Option<Value> {
    if depth > 0 {
        return object(schema, combinator, random, depth - 1).map(Value::from);
    }
    let (value, report) = conform(schema, None, &Object::new(combinator.object_name()).into());
    report.is_expressible().then_some(value)
}
