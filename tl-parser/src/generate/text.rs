//! Rust text in the form that rustfmt leaves alone.

/// The longest line of code.
pub(super) const WIDTH: usize = 100;

/// A text that grows by lines.
#[derive(Debug, Default)]
pub(super) struct Out(String);

impl Out {
    pub(super) fn into_text(self) -> String {
        self.0
    }

    /// A line with `indent` levels of indentation.
    pub(super) fn line(&mut self, indent: usize, text: &str) {
        if !text.is_empty() {
            self.0.extend(std::iter::repeat_n("    ", indent));
            self.0.push_str(text);
        }
        self.0.push('\n');
    }

    pub(super) fn blank(&mut self) {
        self.0.push('\n');
    }

    /// A comment of any length, broken between words.
    pub(super) fn comment(&mut self, indent: usize, mark: &str, text: &str) {
        let room = WIDTH.saturating_sub(indent.saturating_mul(4));
        for paragraph in text.split('\n') {
            let mut line = String::from(mark);
            for word in paragraph.split_ascii_whitespace() {
                let used = line.chars().count().saturating_add(word.chars().count());
                if line.len() > mark.len() && used >= room {
                    self.line(indent, &line);
                    mark.clone_into(&mut line);
                }
                line.push(' ');
                line.push_str(word);
            }
            self.line(indent, &line);
        }
    }

    /// A documentation comment.
    pub(super) fn doc(&mut self, indent: usize, text: &str) {
        self.comment(indent, "///", text);
    }

    /// `use path::{names};` in the one order there is.
    pub(super) fn import(&mut self, path: &str, names: &[String]) {
        let names: Vec<&str> = {
            let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
            names.sort_unstable_by_key(|name| (*name != "self", *name));
            names.dedup();
            names
        };
        let one_line = match names.as_slice() {
            [] => return,
            [name] => format!("use {path}::{name};"),
            names => format!("use {path}::{{{}}};", names.join(", ")),
        };
        if one_line.len() <= WIDTH {
            return self.line(0, &one_line);
        }
        self.line(0, &format!("use {path}::{{"));
        let mut line = String::new();
        for name in names {
            // The indentation, a space and a comma.
            if !line.is_empty() && line.len().saturating_add(name.len()).saturating_add(6) > WIDTH {
                self.line(1, &line);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(name);
            line.push(',');
        }
        self.line(1, &line);
        self.line(0, "};");
    }

    /// One arm of a `match`, its body in a block where the line would be too long.
    pub(super) fn arm(&mut self, indent: usize, pattern: &str, body: &str) {
        let line = format!("{pattern} => {body},");
        let width = indent.saturating_mul(4).saturating_add(line.len());
        if width <= WIDTH {
            self.line(indent, &line);
            return;
        }
        let inside = indent.saturating_add(1);
        let fits = |indent: usize, line: &str| {
            indent.saturating_mul(4).saturating_add(line.len()) <= WIDTH
        };
        let (value, map) = match body.split_once(".map(") {
            // Too long even in a block of its own.
            Some((value, map)) if !fits(inside, body) => (value, format!(".map({map}")),
            _ => {
                self.line(indent, &format!("{pattern} => {{"));
                self.line(inside, body);
                return self.line(indent, "}");
            }
        };
        let first = format!("{pattern} => {value}");
        if fits(indent, &first) {
            self.line(indent, &first);
            return self.line(inside, &format!("{map},"));
        }
        self.line(indent, &format!("{pattern} => {{"));
        self.line(inside, value);
        self.line(inside.saturating_add(1), &map);
        self.line(indent, "}");
    }

    /// `name(type),` in an enum.
    pub(super) fn variant(&mut self, name: &str, holds: &str) {
        let line = format!("{name}({holds}),");
        if line.len().saturating_add(4) <= WIDTH {
            return self.line(1, &line);
        }
        self.line(1, &format!("{name}("));
        self.line(2, &format!("{holds},"));
        self.line(1, "),");
    }
}

impl Out {
    /// Another text as it is.
    pub(super) fn append(&mut self, text: &str) {
        self.0.push_str(text);
    }

    /// The head of an implementation.
    pub(super) fn head(&mut self, what: &str, of: &str) {
        let line = format!("{what} for {of} {{");
        if line.len() <= WIDTH {
            return self.line(0, &line);
        }
        self.line(0, what);
        self.line(1, &format!("for {of}"));
        self.line(0, "{");
    }

    /// `Ok(Self { … })` of variables that are called as the fields are.
    pub(super) fn literal(&mut self, indent: usize, names: &[&str]) {
        let joined = names.join(", ");
        if names.is_empty() {
            self.line(indent, "Ok(Self)");
        } else if joined.len() <= SHORT_LITERAL {
            self.line(indent, &format!("Ok(Self {{ {joined} }})"));
        } else {
            self.line(indent, "Ok(Self {");
            for name in names {
                self.line(indent.saturating_add(1), &format!("{name},"));
            }
            self.line(indent, "})");
        }
    }

    /// `let name = value;`
    pub(super) fn variable(&mut self, indent: usize, name: &str, value: &str) {
        let line = format!("let {name} = {value};");
        // A closure followed by `?` needs one column more than it has.
        let room = WIDTH.saturating_sub(usize::from(value.contains('|')));
        if indent.saturating_mul(4).saturating_add(line.len()) <= room {
            return self.line(indent, &line);
        }
        self.line(indent, &format!("let {name} ="));
        self.line(indent.saturating_add(1), &format!("{value};"));
    }

    /// `name: fields.take,` in a literal, where `take` begins with the point.
    pub(super) fn field(&mut self, indent: usize, name: &str, take: &str) {
        let line = format!("{name}: fields{take},");
        if indent.saturating_mul(4).saturating_add(line.len()) <= WIDTH {
            return self.line(indent, &line);
        }
        self.line(indent, &format!("{name}: fields"));
        self.line(indent.saturating_add(1), &format!("{take},"));
    }

    /// `outer(function(arguments))`, and what ends the line.
    pub(super) fn call_in_call(
        &mut self,
        indent: usize,
        outer: &str,
        function: &str,
        arguments: &[&str],
        end: &str,
    ) {
        let inner = format!("{function}({})", arguments.join(", "));
        match inner.len() <= SHORT_ARGUMENTS {
            true => self.call(indent, outer, &[&inner], end),
            false => {
                self.line(indent, &format!("{outer}({function}("));
                for argument in arguments {
                    self.line(indent.saturating_add(1), &format!("{argument},"));
                }
                self.line(indent, &format!(")){end}"));
            }
        }
    }

    /// `function(arguments)`, and what ends the line.
    pub(super) fn call(&mut self, indent: usize, function: &str, arguments: &[&str], end: &str) {
        let joined = arguments.join(", ");
        let line = format!("{function}({joined}){end}");
        let width = indent.saturating_mul(4).saturating_add(line.len());
        if joined.len() <= SHORT_ARGUMENTS && width <= WIDTH {
            return self.line(indent, &line);
        }
        self.line(indent, &format!("{function}("));
        for argument in arguments {
            self.line(indent.saturating_add(1), &format!("{argument},"));
        }
        self.line(indent, &format!("){end}"));
    }
}

/// How long the arguments of a call on one line may be for rustfmt.
const SHORT_ARGUMENTS: usize = 60;

/// How long the fields of a literal on one line may be for rustfmt.
const SHORT_LITERAL: usize = 18;
