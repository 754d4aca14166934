//! Values to fill required fields with.

use crate::layout::{ALWAYS, Kind, Shape};
use crate::schema::Schema;
use crate::value::{Object, Value};

/// For each type of a schema, the constructor that needs the least.
#[derive(Debug, Clone)]
pub(crate) struct Cheapest(Vec<Option<u32>>);

/// Names that say that there is nothing in the object.
const EMPTY_SUFFIXES: [&str; 4] = ["Empty", "Unsupported", "Unknown", "Default"];

impl Cheapest {
    /// Finds them by going over all constructors until nothing gets cheaper.
    pub(crate) fn of(schema: &Schema) -> Self {
        let mut costs: Vec<Option<u32>> = vec![None; schema.types.len()];
        let mut best: Vec<Option<u32>> = vec![None; schema.types.len()];
        // A type that refers to others needs their costs first; chains are short in practice, and
        // what is not found after as many rounds as there are types has no finite value.
        for _ in 0..schema.types.len() {
            let mut changed = false;
            for (type_index, (entry, best)) in schema.types.iter().zip(&mut best).enumerate() {
                for index in &entry.constructors {
                    let Some(new) = constructor_cost(schema, *index, &costs) else {
                        continue;
                    };
                    let slot = costs.get_mut(type_index);
                    if let Some(slot) = slot.filter(|slot| slot.is_none_or(|old| new < old)) {
                        *slot = Some(new);
                        *best = Some(*index);
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
        Self(best)
    }

    /// The default of a shape; `None` where there is none, as for a function call.
    pub(super) fn value(&self, schema: &Schema, shape: Shape) -> Option<Value> {
        if shape.vectors > 0 {
            return Some(Value::Vector(Vec::new()));
        }
        Some(match shape.kind {
            Kind::True => Value::Bool(true),
            Kind::Bool => Value::Bool(false),
            Kind::Int | Kind::Nat | Kind::Flags => Value::Int(0),
            Kind::Long => Value::Long(0),
            Kind::Double => Value::Double(0.0),
            Kind::Int128 => Value::Int128([0; 16]),
            Kind::Int256 => Value::Int256([0; 32]),
            Kind::String | Kind::Bytes => Value::Bytes(Vec::new()),
            Kind::Boxed => {
                let index = self.0.get(shape.arg as usize).copied().flatten()?;
                self.object(schema, index)?.into()
            }
            Kind::Bare => self.object(schema, shape.arg)?.into(),
            Kind::Any | Kind::Repeat | Kind::Unsupported => return None,
        })
    }

    /// An object with the required fields only. Costs fall on the way down, so this ends.
    fn object(&self, schema: &Schema, index: u32) -> Option<Object> {
        let combinator = schema.combinator(index)?;
        let mut object = Object::new(combinator.object_name());
        for (op, field) in schema.program(index).iter().zip(combinator.fields()) {
            if op.word == ALWAYS && op.shape.kind != Kind::Flags {
                object.set(field.name_handle(), self.value(schema, op.shape)?);
            }
        }
        Some(object)
    }
}

/// The cost of a constructor, once those of its required fields are known.
fn constructor_cost(schema: &Schema, index: u32, costs: &[Option<u32>]) -> Option<u32> {
    let name = schema.combinator(index)?.name();
    let is_empty = EMPTY_SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
    let mut required = schema.program(index).iter().filter(|op| op.word == ALWAYS);
    required.try_fold(u32::from(!is_empty), |sum, op| {
        let inner = match op.shape {
            Shape { vectors: 1.., .. } => 0,
            Shape {
                kind: Kind::Boxed,
                arg,
                ..
            } => costs.get(arg as usize).copied().flatten()?,
            // A bare object counts as one of the dearest; it must not refer to itself.
            Shape {
                kind: Kind::Bare,
                arg,
                ..
            } if arg != index => bare_cost(schema, arg)?,
            Shape {
                kind: Kind::Bare | Kind::Any | Kind::Repeat | Kind::Unsupported,
                ..
            } => {
                return None;
            }
            _ => 0,
        };
        Some(sum.saturating_add(inner).saturating_add(1))
    })
}

/// Bare objects are filled only where they hold plain values.
fn bare_cost(schema: &Schema, index: u32) -> Option<u32> {
    let plain = |kind: Kind| {
        !matches!(
            kind,
            Kind::Boxed | Kind::Bare | Kind::Any | Kind::Repeat | Kind::Unsupported
        )
    };
    let program = schema.program(index);
    let is_plain = program
        .iter()
        .all(|op| op.shape.vectors > 0 || plain(op.shape.kind));
    is_plain.then(|| u32::try_from(program.len()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_of_a_type_is_the_constructor_that_needs_least() {
        let (schema, _) = Schema::parse(
            "a#1 b:B n:int = A; b#2 a:A = B; bFull#3 x:string y:long = B; bEmpty#4 x:int = B;
             loop#5 next:Loop = Loop; holder#6 a:A l:Vector<Loop> f:Bool = Holder;",
        );
        let cheapest = Cheapest::of(&schema);
        let of = |name: &str| cheapest.value(&schema, schema.shape_of(name).unwrap());
        let a = Object::new("a")
            .with("b", Object::new("bEmpty").with("x", 0))
            .with("n", 0);
        let holder = Object::new("holder")
            .with("a", a.clone())
            .with("l", Vec::<Value>::new())
            .with("f", false);
        assert_eq!(of("A"), Some(a.into()));
        assert_eq!(of("Holder"), Some(holder.into()));
        assert_eq!(of("Loop"), None, "there is no finite value");
    }
}
