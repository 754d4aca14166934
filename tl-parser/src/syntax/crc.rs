//! Ids: the CRC32 of a combinator's text.
//!
//! The text is the declaration without id and semicolon, one space between lexemes, with what
//! binary compatibility asks to leave out (<https://core.telegram.org/mtproto/TL-formal>):
//! `flags.N?true` fields, which take no bytes; the difference of `bytes` and `string`; braces,
//! parentheses, `<` and `>`.

use super::ast::{Declaration, Param, ParamKind, TypeExpr};
use super::known_ids::known_id;
use super::problem::{ProblemKind, Problems};
use nom::Offset;
use std::fmt::Write;

/// The id that the text of a declaration gives, whatever id is written in it.
///
/// ```
/// use tl_parser::syntax::{combinator_id, parse_declaration};
/// let declaration = parse_declaration("ping ping_id:long = Pong").unwrap();
/// assert_eq!(combinator_id(&declaration), 0x7abe77ec);
/// ```
pub fn combinator_id(declaration: &Declaration<'_>) -> u32 {
    CrcText::default().id(declaration)
}

/// Builds the text that is summed, in a buffer that is kept between declarations.
#[derive(Debug, Default)]
pub struct CrcText {
    text: String,
}

impl CrcText {
    /// The id that the text of a declaration gives.
    pub fn id(&mut self, declaration: &Declaration<'_>) -> u32 {
        self.build(declaration);
        crc32fast::hash(self.text.as_bytes())
    }

    /// The text that is summed.
    pub fn text(&mut self, declaration: &Declaration<'_>) -> &str {
        self.build(declaration);
        &self.text
    }

    fn build(&mut self, declaration: &Declaration<'_>) {
        self.text.clear();
        self.text.push_str(declaration.name);
        if declaration.builtin {
            self.text.push_str(" ?");
        }
        for param in &declaration.params {
            match as_written(declaration, param) {
                Some(text) => {
                    self.text.push(' ');
                    self.text.push_str(text);
                }
                None => self.param(param),
            }
        }
        self.text.push_str(" = ");
        self.expr(&declaration.result, false);
    }

    fn param(&mut self, param: &Param<'_>) {
        if param.condition.is_some()
            && matches!(param.kind, ParamKind::Plain(TypeExpr::Name("true")))
        {
            return;
        }
        self.text.push(' ');
        if let Some(name) = param.name {
            self.text.push_str(name);
            self.text.push(':');
        }
        if let Some(condition) = &param.condition {
            self.text.push_str(condition.word);
            if let Some(bit) = condition.bit {
                self.text.push('.');
                self.number(bit);
            }
            self.text.push('?');
        }
        match &param.kind {
            ParamKind::Implicit(expr) => self.expr(expr, false),
            ParamKind::Plain(expr) => self.expr(expr, true),
            ParamKind::Functional(expr) => {
                self.text.push('!');
                self.expr(expr, true);
            }
            ParamKind::Repeat { count, params } => {
                if let Some(count) = count {
                    self.expr(count, false);
                    self.text.push('*');
                }
                self.text.push('[');
                for param in params {
                    self.param(param);
                }
                self.text.push_str(" ]");
            }
        }
    }

    /// `of_field`: the type of a field itself, where `bytes` counts as `string`; deeper it does not.
    fn expr(&mut self, expr: &TypeExpr<'_>, of_field: bool) {
        match expr {
            TypeExpr::Nat => self.text.push('#'),
            TypeExpr::Number(number) => self.number(*number),
            TypeExpr::Name("bytes") if of_field => self.text.push_str("string"),
            TypeExpr::Name(name) => self.text.push_str(name),
            TypeExpr::Apply { name, args, .. } => {
                self.text.push_str(name);
                for arg in args {
                    self.text.push(' ');
                    self.expr(arg, false);
                }
            }
            TypeExpr::Bare(inner) => {
                self.text.push('%');
                self.expr(inner, false);
            }
            TypeExpr::Sum(inner, number) => {
                self.expr(inner, false);
                self.text.push_str(" + ");
                self.number(*number);
            }
        }
    }

    fn number(&mut self, number: u32) {
        // Writing to a string does not fail.
        let _ = write!(self.text, "{number}");
    }
}

/// The text of a parameter that is summed as it is written, as most are: `name:T` or
/// `name:flags.3?T` without blanks, where T is a plain name with no rule of its own.
fn as_written<'a>(declaration: &Declaration<'a>, param: &Param<'a>) -> Option<&'a str> {
    let (Some(name), ParamKind::Plain(TypeExpr::Name(of_type))) = (param.name, &param.kind) else {
        return None;
    };
    if matches!(*of_type, "bytes" | "true") {
        return None;
    }
    let start = declaration.text.offset(name);
    let colon = start.checked_add(name.len())?;
    let text_start = declaration.text.offset(param.text);
    let before_type = match param.condition {
        None => 0,
        Some(condition) => {
            let digits = if condition.bit? < 10 { 1 } else { 2 };
            condition.word.len().checked_add(digits)?.checked_add(2)?
        }
    };
    let is_plain = text_start == colon.checked_add(1)?
        && param.text.len() == before_type.checked_add(of_type.len())?;
    let text = declaration.text.get(start..)?;
    is_plain.then(|| {
        text.get(
            ..text_start
                .checked_sub(start)?
                .checked_add(param.text.len())?,
        )
    })?
}

/// Compares a written id with the text, and tells a difference that is not a known one.
pub(crate) fn check(
    text: &str,
    declaration: &Declaration<'_>,
    crc: &mut CrcText,
    problems: &mut Problems,
) {
    let Some(written) = declaration.id else {
        return;
    };
    let computed = crc.id(declaration);
    if written != computed && known_id(declaration.name, written).is_none() {
        let at = text.offset(declaration.text);
        problems.warning(
            at,
            declaration.name.len(),
            ProblemKind::IdMismatch { written, computed },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse_declaration;

    fn check_id(line: &str, id: u32) {
        let declaration = parse_declaration(line).unwrap();
        let text = CrcText::default().text(&declaration).to_owned();
        assert_eq!(combinator_id(&declaration), id, "summed: {text}");
    }

    #[test]
    fn ids_are_the_crc32_of_the_canonical_text() {
        check_id("auth.logOut = Bool", 0x5717_da40);
        check_id(
            "auth.exportAuthorization dc_id:int = auth.ExportedAuthorization",
            0xe5bf_ffcd,
        );
        check_id("int ? = Int", 0xa850_9bda);
        check_id("vector {t:Type} # [ t ] = Vector t", 0x1cb5_c415);
        check_id(
            "invokeAfterMsg {X:Type} msg_id:long query:!X = X",
            0xcb9f_372d,
        );
        check_id(
            "account.getSecureValue types:Vector<SecureValueType> = Vector<SecureValue>",
            0x7366_5bc2,
        );
    }

    #[test]
    fn true_fields_are_left_out_and_bytes_are_strings() {
        check_id(
            "account.installTheme flags:# dark:flags.0?true format:flags.1?string \
             theme:flags.1?InputTheme = Bool",
            0x7ae4_3737,
        );
        check_id(
            "upload.saveFilePart file_id:long file_part:int bytes:bytes = Bool",
            0xb304_a621,
        );
    }
}
