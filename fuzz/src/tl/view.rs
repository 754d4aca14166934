//! Views against owned values: two readers of the same bytes.

use tl_parser::{Object, Value, ValueRef};

use super::{LIMITS, schema};

/// A view is accepted where a value is, and shows the same, by every way into it.
pub fn view_vs_value(data: &[u8]) {
    let [choice, bytes @ ..] = data else {
        return;
    };
    let schema = schema(*choice);
    match (schema.view(bytes, LIMITS), schema.decode(bytes, LIMITS)) {
        (Ok(view), Ok(value)) => {
            assert_eq!(view.root().byte_range(), 0..bytes.len());
            assert_eq!(view.root().to_value(), value);
            same(view.root(), &value);
            // The memory of one view serves the next.
            let again = schema
                .view_again(view.into_tape(), bytes, LIMITS)
                .expect("it was read before");
            assert_eq!(again.root().to_value(), value);
        }
        (Err(viewing), Err(decoding)) => assert_eq!(viewing, decoding),
        (Ok(_), Err(error)) => panic!("viewed, but not decoded: {error}"),
        (Err(error), Ok(value)) => panic!("decoded, but not viewed: {error}\n{value:?}"),
    }
}

/// Compares without [`ValueRef::to_value`], part by part.
fn same(view: ValueRef<'_>, value: &Value) {
    match value {
        Value::Bool(value) => assert_eq!(view.bool(), Some(*value)),
        Value::Int(value) => assert_eq!(view.int(), Some(*value)),
        Value::Long(value) => assert_eq!(view.long(), Some(*value)),
        Value::Double(value) => {
            assert_eq!(view.double().map(f64::to_bits), Some(value.to_bits()));
        }
        Value::Int128(value) => assert_eq!(view.bytes(), Some(&value[..])),
        Value::Int256(value) => assert_eq!(view.bytes(), Some(&value[..])),
        Value::Bytes(value) => assert_eq!(view.bytes(), Some(&value[..])),
        Value::Vector(values) => {
            let vector = view.vector().expect("a vector was decoded");
            assert_eq!(vector.len(), values.len());
            let mut end = view.byte_range().start;
            for (item, value) in vector.iter().zip(values) {
                let range = item.byte_range();
                assert!(end <= range.start && range.end <= view.byte_range().end);
                end = range.end;
                same(item, value);
            }
            assert!(vector.get(values.len()).is_none());
        }
        Value::Object(object) => same_object(view, object),
    }
}

fn same_object(view: ValueRef<'_>, object: &Object) {
    let seen = view.object().expect("an object was decoded");
    assert_eq!(seen.name(), object.name());
    let names = seen.fields().map(|(name, _)| name.as_str());
    assert!(names.eq(object.fields().map(|(name, _)| name)));
    let mut end = view.byte_range().start;
    for (name, value) in object.fields() {
        let field = seen.get(name).expect("the field is listed");
        let range = field.byte_range();
        assert!(end <= range.start && range.end <= view.byte_range().end);
        end = range.end;
        same(field, value);
    }
    for field in seen.combinator().fields() {
        let present = object.get(field.name()).is_some();
        assert_eq!(
            seen.get(field.name()).is_some(),
            present,
            "{}",
            field.name()
        );
    }
}
