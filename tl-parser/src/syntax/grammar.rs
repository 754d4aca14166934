//! The grammar of one statement, as nom combinators.
//!
//! The productions are those of <https://core.telegram.org/mtproto/TL-formal>, in its order.

use super::MAX_NESTING;
use super::ast::{
    Condition, Declaration, Finalisation, ItemKind, Param, ParamKind, Section, TypeExpr,
    is_boxed_name,
};
use super::lexical::{
    Expected, Parsed, expected, id, identifier, inline_space, number, space, symbol,
};
use nom::branch::alt;
use nom::combinator::{map, opt, peek};
use nom::sequence::{delimited, pair, preceded, terminated};
use nom::{Offset, Parser};

/// How many names one group may have, for each gets its own copy of the type.
const MAX_GROUP: usize = 64;

/// One statement up to, and without, its semicolon.
///
/// `params` is memory for the parameters, to be used again.
pub(super) fn statement<'a>(
    input: &'a str,
    section: Section,
    mut params: Vec<Param<'a>>,
) -> Parsed<'a, ItemKind<'a>> {
    let start = space(input);
    let (rest, name) = identifier(start)?;
    if is_boxed_name(name) {
        return boxed_statement(start, name, rest);
    }
    let (rest, id) = id(rest)?;
    let (rest, builtin) = builtin_body(rest);
    params.clear();
    params.reserve(8);
    let rest = if builtin {
        rest
    } else {
        params_until(b'=', rest, &mut params, 0)?
    };
    let (rest, ()) = symbol('=', "a field, or `=` and the result type")(rest)?;
    let result_start = space(rest);
    let (rest, result) = result_type(result_start)?;
    let (text, result_text) = (between(start, rest), between(result_start, rest));
    let declaration = Declaration {
        text,
        name,
        id,
        section,
        builtin,
        params,
        result,
        result_text,
    };
    Ok((rest, ItemKind::Declaration(declaration)))
}

/// `int ? = Int`.
fn builtin_body(input: &str) -> (&str, bool) {
    match space(input).strip_prefix('?') {
        Some(rest) => (rest, true),
        None => (input, false),
    }
}

/// Statements that begin with a boxed type: finalisations and partial applications.
fn boxed_statement<'a>(start: &'a str, name: &str, rest: &'a str) -> Parsed<'a, ItemKind<'a>> {
    let word = match name {
        "New" => Some(Finalisation::New),
        "Final" => Some(Finalisation::Final),
        "Empty" => Some(Finalisation::Empty),
        _ => None,
    };
    if let Some(word) = word
        && let Ok((rest, boxed)) = result_type(rest)
    {
        return Ok((rest, ItemKind::Finalisation(word, boxed)));
    }
    let (rest, applied) = result_type(start)?;
    match applied {
        TypeExpr::Apply { .. } => Ok((rest, ItemKind::Application(applied))),
        _ => expected(start, "a combinator, whose name starts with a small letter"),
    }
}

/// Parameters up to a closing character, which is left in place.
fn params_until<'a>(
    close: u8,
    input: &'a str,
    params: &mut Vec<Param<'a>>,
    depth: usize,
) -> Result<&'a str, nom::Err<Expected<'a>>> {
    let mut rest = input;
    loop {
        let at = space(rest);
        match at.as_bytes().first() {
            None | Some(b';' | b'=') => return Ok(at),
            Some(byte) if *byte == close => return Ok(at),
            Some(_) => {}
        }
        rest = param(at, params, depth)?;
    }
}

/// One parameter, or a group that stands for several.
fn param<'a>(
    at: &'a str,
    params: &mut Vec<Param<'a>>,
    depth: usize,
) -> Result<&'a str, nom::Err<Expected<'a>>> {
    match at.as_bytes().first() {
        Some(b'{') => group(at, ('{', '}'), params, depth),
        Some(b'(') if is_group(at) => group(at, ('(', ')'), params, depth),
        _ => {
            if let Some(rest) = usual_param(at, params, depth) {
                return Ok(rest);
            }
            let (rest, param) = single_param(at, depth).map_err(|err| {
                err.map(|failure| match failure.at.len() == at.len() {
                    true => Expected {
                        what: "a field, or `=` and the result type",
                        ..failure
                    },
                    false => failure,
                })
            })?;
            params.push(param);
            Ok(rest)
        }
    }
}

/// Whether a parenthesis opens `( x y : T )` and not a type.
fn is_group(at: &str) -> bool {
    let Some(mut rest) = at.strip_prefix('(') else {
        return false;
    };
    while let Ok((next, _)) = identifier(rest) {
        rest = next;
    }
    space(rest).starts_with(':')
}

/// `{a b : Type}` or `(x y : T)`: several parameters of one type.
fn group<'a>(
    at: &'a str,
    (open, close): (char, char),
    params: &mut Vec<Param<'a>>,
    depth: usize,
) -> Result<&'a str, nom::Err<Expected<'a>>> {
    let (mut rest, ()) = symbol(open, "a group")(at)?;
    let mut names = Vec::new();
    while let Ok((next, name)) = identifier(rest)
        && names.len() < MAX_GROUP
    {
        names.push(name);
        rest = next;
    }
    if names.is_empty() {
        let (_, ()) = expected(space(rest), "a name")?;
    }
    let (rest, ()) = symbol(':', "`:` and a type")(rest)?;
    let (rest, bang) = functional(rest)?;
    let type_start = space(rest);
    let (rest, expr) = type_expr(type_start, depth)?;
    let text = between(type_start, rest);
    let closing = if close == '}' { "`}`" } else { "`)`" };
    let (rest, ()) = symbol(close, closing)(rest)?;
    for name in names {
        let expr = expr.clone();
        let kind = match (close, bang) {
            ('}', _) => ParamKind::Implicit(expr),
            (_, true) => ParamKind::Functional(expr),
            (_, false) => ParamKind::Plain(expr),
        };
        params.push(Param {
            name: named(name),
            text,
            condition: None,
            kind,
        });
    }
    Ok(rest)
}

/// The form of nearly all parameters, `name:T` and `name:flags.3?T` without blanks, where T is a
/// plain name or one with arguments in angles: one look at each character.
fn usual_param<'a>(at: &'a str, params: &mut Vec<Param<'a>>, depth: usize) -> Option<&'a str> {
    let (rest, name) = identifier(at).ok()?;
    let body = rest.strip_prefix(':')?;
    let (mut rest, mut head) = identifier(body).ok()?;
    let mut condition = None;
    if let Some(digits) = rest.strip_prefix('.') {
        let (after, bit) = number(digits).ok()?;
        condition = Some(Condition {
            word: head,
            bit: Some(bit).filter(|bit| *bit < 32),
        });
        condition?.bit?;
        (rest, head) = identifier(after.strip_prefix('?')?).ok()?;
    }
    let (rest, expr) = match rest.as_bytes().first() {
        Some(b' ') => (rest, TypeExpr::Name(head)),
        Some(b'<') => angle_args(head, rest, depth.saturating_add(1)).ok()?,
        _ => return None,
    };
    // `n *[ … ]` begins like a type.
    if let Some(b'*' | b'?' | b'.') = space(rest).as_bytes().first() {
        return None;
    }
    params.push(Param {
        name: named(name),
        text: between(body, rest),
        condition,
        kind: ParamKind::Plain(expr),
    });
    Some(rest)
}

/// `name:flags.3?T`, `name:!X`, `name:n*[ … ]`, or the same without name.
fn single_param(at: &str, depth: usize) -> Parsed<'_, Param<'_>> {
    let (body, name) = match terminated(identifier, symbol(':', "`:`")).parse(at) {
        Ok((rest, name)) => (space(rest), named(name)),
        Err(_) => (at, None),
    };
    let (rest, condition) = condition(body)?;
    let (rest, kind) = if is_repeat(rest) {
        repeat(rest, depth)?
    } else {
        let (rest, bang) = functional(rest)?;
        let wrap = if bang {
            ParamKind::Functional
        } else {
            ParamKind::Plain
        };
        map(|input| term(input, depth), wrap).parse(rest)?
    };
    Ok((
        rest,
        Param {
            name,
            text: between(body, rest),
            condition,
            kind,
        },
    ))
}

/// `flags.3?` or `n?`, when it stands here.
fn condition(input: &str) -> Parsed<'_, Option<Condition<'_>>> {
    let Ok((rest, word)) = identifier(input) else {
        return Ok((input, None));
    };
    let (rest, bit) = match rest.strip_prefix('.') {
        Some(digits) => {
            let (rest, bit) = number(digits)?;
            if bit > 31 {
                return expected(digits, "a bit number, 0 to 31");
            }
            (rest, Some(bit))
        }
        None => (rest, None),
    };
    match rest.strip_prefix('?') {
        Some(rest) => Ok((rest, Some(Condition { word, bit }))),
        None if bit.is_some() => expected(rest, "`?` and the type of the conditional field"),
        None => Ok((input, None)),
    }
}

/// The mark `!` of a functional argument.
fn functional(input: &str) -> Parsed<'_, bool> {
    map(opt(symbol('!', "`!`")), |mark| mark.is_some()).parse(input)
}

/// Whether `[`, `n*[` or `4*[` stands here.
fn is_repeat(input: &str) -> bool {
    let count = alt((map(number, |_| ()), map(identifier, |_| ())));
    let star = preceded(
        opt(terminated(count, symbol('*', "`*`"))),
        symbol('[', "`[`"),
    );
    peek(star).parse(input).is_ok()
}

/// `n*[ params ]`.
fn repeat(input: &str, depth: usize) -> Parsed<'_, ParamKind<'_>> {
    if depth >= MAX_NESTING {
        return expected(input, "fewer nested brackets");
    }
    let count = alt((
        map(number, TypeExpr::Number),
        map(identifier, TypeExpr::Name),
    ));
    let (rest, (count, ())) = pair(
        opt(terminated(count, symbol('*', "`*`"))),
        symbol('[', "`[`"),
    )
    .parse(input)?;
    let mut params = Vec::new();
    let rest = params_until(b']', rest, &mut params, depth.saturating_add(1))?;
    let (rest, ()) = symbol(']', "a field or `]`")(rest)?;
    Ok((rest, ParamKind::Repeat { count, params }))
}

/// A whole text that is one type.
pub(super) fn whole_type(input: &str) -> Option<TypeExpr<'_>> {
    let (rest, expr) = type_expr(input, 0).ok()?;
    space(rest).is_empty().then_some(expr)
}

/// The type after `=`: a boxed type, applied to what follows on the same line.
fn result_type(input: &str) -> Parsed<'_, TypeExpr<'_>> {
    let at = space(input);
    let (mut rest, head) = term(at, 0)?;
    let TypeExpr::Name(name) = head else {
        return Ok((rest, head));
    };
    let mut args = Vec::new();
    loop {
        let at = inline_space(rest);
        if at.is_empty() || at.starts_with([';', '\n', '\r', '/']) {
            break;
        }
        let (next, arg) = term(at, 0)?;
        args.push(arg);
        rest = next;
    }
    let expr = if args.is_empty() {
        head
    } else {
        TypeExpr::Apply {
            name,
            args,
            angle: false,
        }
    };
    Ok((rest, expr))
}

/// An expression: terms side by side are an application, numbers may be added.
fn type_expr(input: &str, depth: usize) -> Parsed<'_, TypeExpr<'_>> {
    let (mut rest, head) = term(input, depth)?;
    let mut expr = head;
    loop {
        let at = space(rest);
        if let Some(after) = at.strip_prefix('+') {
            let (next, added) = term(after, depth)?;
            expr = match (expr, added) {
                (expr, TypeExpr::Number(number)) | (TypeExpr::Number(number), expr) => {
                    TypeExpr::Sum(Box::new(expr), number)
                }
                _ => return expected(after, "a number; only numbers can be added to a type"),
            };
            rest = next;
            continue;
        }
        if at.is_empty() || at.starts_with([')', '}', ']', '>', ',', ';', '=']) {
            return Ok((rest, expr));
        }
        let (next, arg) = term(at, depth)?;
        expr = match expr {
            TypeExpr::Name(name) => TypeExpr::Apply {
                name,
                args: vec![arg],
                angle: false,
            },
            TypeExpr::Apply {
                name,
                mut args,
                angle: false,
            } => {
                args.push(arg);
                TypeExpr::Apply {
                    name,
                    args,
                    angle: false,
                }
            }
            _ => return expected(at, "the end of the type"),
        };
        rest = next;
    }
}

/// A term: `#`, a number, a name, `T<A,B>`, `%T`, or an expression in parentheses.
fn term(input: &str, depth: usize) -> Parsed<'_, TypeExpr<'_>> {
    let at = space(input);
    if depth >= MAX_NESTING {
        return expected(at, "a less deeply nested type");
    }
    let deeper = depth.saturating_add(1);
    match at.as_bytes().first() {
        Some(b'#') => symbol('#', "`#`").map(|()| TypeExpr::Nat).parse(at),
        Some(b'%') => preceded(symbol('%', "`%`"), |input| term(input, deeper))
            .map(|inner| TypeExpr::Bare(Box::new(inner)))
            .parse(at),
        Some(b'(') => delimited(
            symbol('(', "`(`"),
            |input| type_expr(input, deeper),
            symbol(')', "`)`"),
        )
        .parse(at),
        Some(b'0'..=b'9') => map(number, TypeExpr::Number).parse(at),
        _ => {
            let Ok((rest, name)) = identifier(at) else {
                return expected(at, "a type");
            };
            if rest.starts_with('<') {
                angle_args(name, rest, deeper)
            } else {
                Ok((rest, TypeExpr::Name(name)))
            }
        }
    }
}

/// `<A,B>` behind a type name.
fn angle_args<'a>(name: &'a str, input: &'a str, depth: usize) -> Parsed<'a, TypeExpr<'a>> {
    let (mut rest, ()) = symbol('<', "`<`")(input)?;
    // Nearly always one: the element of a vector.
    let mut args = Vec::with_capacity(1);
    loop {
        let (next, arg) = type_expr(rest, depth)?;
        args.push(arg);
        let at = space(next);
        if let Some(next) = at.strip_prefix(',') {
            rest = next;
        } else {
            let (rest, ()) = symbol('>', "`,` or `>`")(at)?;
            return Ok((
                rest,
                TypeExpr::Apply {
                    name,
                    args,
                    angle: true,
                },
            ));
        }
    }
}

/// `_` names nothing.
fn named(name: &str) -> Option<&str> {
    (name != "_").then_some(name)
}

/// The text from `start` up to where `rest` begins.
fn between<'a>(start: &'a str, rest: &'a str) -> &'a str {
    super::lexical::split(start, start.offset(rest)).0
}
