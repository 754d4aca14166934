//! The canonical text form.
//!
//! One space between lexemes, ids with eight digits, one declaration per line, groups written out
//! (`{a:Type} {b:Type}` for `{a b:Type}`). `parse` and `Display` are inverse on canonical text.

use super::ast::{
    Declaration, Document, Finalisation, Item, ItemKind, Param, ParamKind, Section, TypeExpr,
};
use std::fmt::{self, Display, Formatter, Write};

impl Display for Document<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, item) in self.items.iter().enumerate() {
            if item.blank_before && index > 0 {
                f.write_char('\n')?;
            }
            writeln!(f, "{item}")?;
        }
        Ok(())
    }
}

/// One line without its end: declarations with their semicolon.
impl Display for Item<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ItemKind::Comment(text) => f.write_str(text),
            ItemKind::Section(section) => write!(f, "---{section}---"),
            ItemKind::Declaration(declaration) => write!(f, "{declaration};"),
            ItemKind::Finalisation(word, boxed) => {
                let word = match word {
                    Finalisation::New => "New",
                    Finalisation::Final => "Final",
                    Finalisation::Empty => "Empty",
                };
                write!(f, "{word} {boxed};")
            }
            ItemKind::Application(applied) => write!(f, "{applied};"),
        }
    }
}

impl Display for Section {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Types => "types",
            Self::Functions => "functions",
        })
    }
}

/// The declaration without its semicolon.
impl Display for Declaration<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if let Some(id) = self.id {
            write!(f, "#{id:08x}")?;
        }
        if self.builtin {
            f.write_str(" ?")?;
        }
        for param in &self.params {
            write!(f, " {param}")?;
        }
        write!(f, " = {}", self.result)
    }
}

impl Display for Param<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let ParamKind::Implicit(expr) = &self.kind {
            return write!(f, "{{{}:{expr}}}", self.name.unwrap_or("_"));
        }
        if let Some(name) = self.name {
            write!(f, "{name}:")?;
        }
        if let Some(condition) = &self.condition {
            f.write_str(condition.word)?;
            if let Some(bit) = condition.bit {
                write!(f, ".{bit}")?;
            }
            f.write_char('?')?;
        }
        match &self.kind {
            ParamKind::Implicit(_) => Ok(()),
            ParamKind::Plain(expr) => Term(expr).fmt(f),
            ParamKind::Functional(expr) => write!(f, "!{}", Term(expr)),
            ParamKind::Repeat { count, params } => {
                if let Some(count) = count {
                    write!(f, "{count}*")?;
                }
                f.write_str("[ ")?;
                for param in params {
                    write!(f, "{param} ")?;
                }
                f.write_char(']')
            }
        }
    }
}

impl Display for TypeExpr<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nat => f.write_char('#'),
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => f.write_str(name),
            Self::Apply {
                name,
                args,
                angle: true,
            } => {
                write!(f, "{name}<")?;
                for (index, arg) in args.iter().enumerate() {
                    if index > 0 {
                        f.write_char(',')?;
                    }
                    arg.fmt(f)?;
                }
                f.write_char('>')
            }
            Self::Apply {
                name,
                args,
                angle: false,
            } => {
                f.write_str(name)?;
                args.iter().try_for_each(|arg| write!(f, " {}", Term(arg)))
            }
            Self::Bare(inner) => write!(f, "%{}", Term(inner)),
            Self::Sum(inner, number) => write!(f, "{inner} + {number}"),
        }
    }
}

/// An expression where only a term may stand: in parentheses when it is more than one.
struct Term<'e, 'a>(&'e TypeExpr<'a>);

impl Display for Term<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            TypeExpr::Apply { angle: false, .. } | TypeExpr::Sum(..) => write!(f, "({})", self.0),
            term => term.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::syntax::{Severity, parse};

    fn canonical(text: &str) {
        let (document, problems) = parse(text);
        // The ids of these tests are invented, which is a warning.
        let error = problems
            .iter()
            .find(|problem| problem.severity() == Severity::Error);
        assert!(error.is_none(), "{}", problems[0]);
        assert_eq!(document.to_string(), text);
    }

    fn printed(text: &str, expect: &str) {
        let (document, problems) = parse(text);
        // The ids of these tests are invented, which is a warning.
        let error = problems
            .iter()
            .find(|problem| problem.severity() == Severity::Error);
        assert!(error.is_none(), "{}", problems[0]);
        assert_eq!(document.to_string(), expect);
        canonical(expect);
    }

    #[test]
    fn printing_is_the_inverse_of_parsing_on_canonical_text() {
        canonical(
            "// LAYER 158\n\nint ? = Int;\nvector#1cb5c415 {t:Type} # [ t ] = Vector t;\n\
             int128 4*[ int ] = Int128;\n/* two\nlines */\n\
             message#00000001 flags:# out:flags.1?true to:flags.2?Vector<Vector<int>> = Message;\n\
             \n---functions---\ninvokeWithLayer#da9b0d0d {X:Type} layer:int query:!X = X;\n\
             get#00000002 items:vector<%Message> = Vector<Message>;\n",
        );
    }

    #[test]
    fn the_rare_constructs_of_the_language_are_kept() {
        canonical("matrix#00000003 {m:#} n:# rows:n*[ m*[ double ] ] = Matrix m;\n");
        canonical("tuple#00000004 {n:#} (Vector int) %(Vector int) = Tuple (n + 1);\n");
        canonical("pair#00000005 {X:Type} {Y:Type} x:X y:Y = Pair X Y;\n");
        canonical("New Pair;\nFinal Pair;\nEmpty Nothing;\nPair<int,string>;\nVector int;\n");
    }

    #[test]
    fn other_writings_get_their_canonical_form() {
        printed("a#1   x : int\n = A ;", "a#00000001 x:int = A;\n");
        printed(
            "a#1 {x y:Type} (p q : int) = A;",
            "a#00000001 {x:Type} {y:Type} p:int q:int = A;\n",
        );
        printed("a#1 _:int = A;", "a#00000001 int = A;\n");
        printed(
            "---  functions ---\r\nf#1 = A;\r\n",
            "---functions---\nf#00000001 = A;\n",
        );
        printed("a#1 4*[int] = A;", "a#00000001 4*[ int ] = A;\n");
    }
}
