//! The language, on whole texts.

use crate::reference::{reference_data, schema_texts};
use tl_parser::syntax::{self, MAX_PROBLEMS, ProblemKind, Severity};

#[test]
fn every_reference_schema_is_read_and_printed_without_a_problem() {
    let Some(folder) = reference_data() else {
        return;
    };
    for (file, text) in schema_texts(&folder) {
        let (document, problems) = syntax::parse(&text);
        if let Some(problem) = problems.first() {
            panic!("{}", problem.in_file(&file));
        }
        let printed = document.to_string();
        let (again, _) = syntax::parse(&printed);
        assert_eq!(again.to_string(), printed, "{file}");
        let padded = |line: &str| {
            // Reference files write ids as their sources do, without leading zeros.
            line.contains('#') && !line.starts_with("//")
        };
        for (line, canonical) in text
            .lines()
            .zip(printed.lines())
            .filter(|(a, _)| !padded(a))
        {
            assert_eq!(line, canonical, "{file}");
        }
    }
}

#[test]
fn each_broken_line_is_one_problem_and_the_others_are_read() {
    let text = "a x:int = A;\nb x:= B;\nc x:Vector<int = C;\nd x:int = D\ne x:fl.32?int = E;\n\
                f = F;\n---rubbish---\ng#zz = G;\nh x:int ! = H;\n";
    let (document, problems) = syntax::parse(text);
    let names: Vec<_> = document
        .declarations()
        .map(|declaration| declaration.name)
        .collect();
    assert_eq!(names, ["a", "d", "f"]);
    let places: Vec<_> = problems
        .iter()
        .map(|problem| (problem.line(), problem.column()))
        .collect();
    assert_eq!(
        places,
        [(2, 5), (3, 16), (4, 12), (5, 8), (7, 1), (8, 3), (9, 11)]
    );
    assert_eq!(
        problems[2].severity(),
        Severity::Warning,
        "a missing semicolon is forgiven"
    );
}

#[test]
fn a_problem_shows_the_line_and_a_caret_below_the_place() {
    let (_, problems) = syntax::parse("ok = Ok;\n\tbad é:int 7x = Bad;\n");
    assert_eq!(
        problems[0].in_file("api.tl").to_string(),
        "api.tl:2:6: error: expected a field, or `=` and the result type, found `é`\n\
         2 |  bad é:int 7x = Bad;\n  |      ^"
    );
}

#[test]
fn noise_is_read_in_one_pass_with_bounded_problems() {
    // Several kinds of noise that a careless grammar reads again and again.
    for pattern in [
        "x",
        "(",
        "a(",
        "a;",
        "a=A;;",
        "[4*",
        "\n",
        "\u{1f41f}",
        "/*",
        "a:T<",
        "{a ",
    ] {
        let text = pattern.repeat(2_000_000 / pattern.len());
        let (document, problems) = syntax::parse(&text);
        assert!(problems.len() <= MAX_PROBLEMS + 1, "{pattern:?}");
        assert!(
            document.items.len() <= syntax::MAX_DECLARATIONS,
            "{pattern:?}"
        );
    }
}

#[test]
fn problems_beyond_the_limit_are_counted() {
    let (_, problems) = syntax::parse(&"?;\n".repeat(MAX_PROBLEMS + 7));
    assert_eq!(problems.len(), MAX_PROBLEMS + 1);
    assert_eq!(problems.last().unwrap().kind(), &ProblemKind::NotListed(7));
}

#[test]
fn the_layer_of_a_text_is_that_of_its_comment() {
    assert_eq!(syntax::parse("a = A;\n// LAYER 158\n").0.layer(), Some(158));
    assert_eq!(syntax::parse("// layer 18\na = A;").0.layer(), Some(18));
    assert_eq!(syntax::parse("// layered\na = A;").0.layer(), None);
}
