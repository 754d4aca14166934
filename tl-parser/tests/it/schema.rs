//! Schemas: resolution, indices, problems.

use crate::reference::{reference_data, schema_texts};
use tl_parser::syntax::{ProblemKind, Severity};
use tl_parser::{Limits, Object, Schema};

#[test]
fn every_reference_schema_compiles() {
    let Some(folder) = reference_data() else {
        return;
    };
    for (file, text) in schema_texts(&folder) {
        let (schema, problems) = Schema::parse(&text);
        // Reference API texts leave out lines of the service schema.
        for problem in problems {
            let is_known = matches!(problem.kind(), ProblemKind::UnknownType(_));
            assert!(
                is_known && problem.severity() == Severity::Warning,
                "{}",
                problem.in_file(&file)
            );
        }
        let (again, _) = Schema::parse(&schema.to_string());
        assert_eq!(
            again.combinators().len(),
            schema.combinators().len(),
            "{file}"
        );
        assert_eq!(again.to_string(), schema.to_string(), "{file}");
    }
}

#[test]
fn problems_of_names_are_told_where_they_are() {
    let text = "a x:b y:%C z:Vector<D> w:f.0?int = A;\nc1 = C;\nc2 = C;\n\
                e#7 x:(Pair int) = E;\nf#7 = F;\n";
    let (_, problems) = Schema::parse(text);
    let found: Vec<_> = problems
        .iter()
        .map(|problem| (problem.line(), problem.column(), problem.message()))
        .collect();
    let expect = [
        (1, 5, "`b` is not declared"),
        (
            1,
            9,
            "`C` has no bare form, for it has not exactly one constructor",
        ),
        (1, 14, "`D` is not declared"),
        (1, 26, "`f` is no `#` field to the left of its condition"),
        (4, 1, "the id is 00000007"),
        (4, 7, "a polymorphic type cannot be compiled"),
        (5, 1, "the id is 00000007"),
        (
            5,
            1,
            "the id 00000007 is already that of `e`, which is used",
        ),
    ];
    assert_eq!(found.len(), expect.len(), "{found:?}");
    for ((line, column, message), expect) in found.iter().zip(expect) {
        assert_eq!((*line, *column), (expect.0, expect.1), "{message}");
        assert!(message.starts_with(expect.2), "{message}");
    }
}

#[test]
fn a_combinator_that_cannot_be_compiled_is_known_but_not_readable() {
    let (schema, _) = Schema::parse("e#7 x:(Pair int) = E;");
    assert_eq!(schema.by_id(7).unwrap().name(), "e");
    assert!(schema.decode(&[7, 0, 0, 0], Limits::NETWORK).is_err());
    assert!(
        schema
            .encode(&Object::new("e").with("x", 1).into())
            .is_err()
    );
}

#[test]
fn fields_say_what_they_are() {
    let (schema, _) = Schema::parse("m flags:# out:flags.1?true ids:flags.2?Vector<int> int = M;");
    let fields: Vec<_> = schema.by_name("m").unwrap().fields().iter().collect();
    assert!(fields[0].is_flags_word() && fields[0].condition().is_none());
    assert_eq!(fields[1].condition(), Some(("flags", 1)));
    assert_eq!(
        (fields[2].name(), fields[2].type_text()),
        ("ids", "flags.2?Vector<int>")
    );
    assert_eq!(fields[2].value_type(), "Vector<int>");
    assert_eq!(fields[3].name(), "_3");
}

#[test]
fn a_union_reads_objects_of_one_schema_inside_of_another() {
    let (service, _) = Schema::parse("result#1 id:long body:Object = Result;");
    let (api, _) = Schema::parse("user#2 id:long = User;\n---functions---\nme#3 = User;");
    let both = Schema::union(&[&service, &api, &service]);
    assert_eq!(both.combinators().len(), 3);
    assert!(both.by_name("me").unwrap().is_function());
    let value = Object::new("result")
        .with("id", 5_i64)
        .with("body", Object::new("user").with("id", 6_i64));
    let bytes = both.encode(&value.clone().into()).unwrap();
    assert_eq!(both.decode(&bytes, Limits::NETWORK).unwrap(), value.into());
    assert_eq!(both.constructors_of("User").count(), 1);
}
