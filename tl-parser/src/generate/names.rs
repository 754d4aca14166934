//! TL names as Rust names.

/// What generated code calls by name, so that nothing it declares may be called so.
const TAKEN: &[&str] = &[
    "Box",
    "Call",
    "Clone",
    "Combinator",
    "ConstructorId",
    "Copy",
    "Debug",
    "Default",
    "Element",
    "Eq",
    "Err",
    "Field",
    "Fields",
    "Mismatch",
    "None",
    "Ok",
    "Option",
    "PartialEq",
    "ReadError",
    "ReadErrorKind",
    "Reader",
    "Result",
    "Self",
    "Some",
    "String",
    "Typed",
    "Value",
    "Vec",
    "Vector",
    "Writer",
];

/// Words that cannot be the name of a field as they are, but with `r#`.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// Words that not even `r#` makes a name of, and the variable beside which fields are read.
const IMPOSSIBLE: &[&str] = &["_", "crate", "self", "super", "reader"];

/// The name of a type: `auth.sentCode` is `AuthSentCode`, `server_DH_params_ok` is
/// `ServerDhParamsOk`.
pub(super) fn type_name(name: &str) -> String {
    let pascal: String = words(name).iter().map(|word| capitalised(word)).collect();
    match TAKEN.contains(&pascal.as_str()) || pascal.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("Tl{pascal}"),
        false => pascal,
    }
}

/// The names of variants: those of their constructors, without the namespace and without the words
/// with which all of them begin: of `inputPeerUser`, `inputPeerChat` they are `User` and `Chat`.
pub(super) fn variant_names(constructors: &[&str]) -> Vec<String> {
    let last = |name: &&str| words(name.rsplit('.').next().unwrap_or(name));
    let all: Vec<Vec<String>> = constructors.iter().map(last).collect();
    let full = |words: &[String]| {
        words
            .iter()
            .map(|word| capitalised(word))
            .collect::<String>()
    };
    let first = all.first().map_or(&[][..], Vec::as_slice);
    let shared = (0..first.len())
        .take_while(|at| all.iter().all(|words| words.get(*at) == first.get(*at)))
        .count();
    let short: Vec<String> = all
        .iter()
        .map(|words| {
            let rest = full(words.get(shared..).unwrap_or_default());
            // The words that all share may be the whole name of one.
            match rest.starts_with(|c: char| c.is_ascii_uppercase()) {
                true if rest == "Self" => "Self_".to_owned(),
                true => rest,
                false => full(words),
            }
        })
        .collect();
    let mut distinct = short.clone();
    distinct.sort_unstable();
    distinct.dedup();
    match distinct.len() == short.len() {
        true => short,
        false => all.iter().map(|words| full(words)).collect(),
    }
}

/// The name of a field: `srp_B` is `srp_b`, `type` is `r#type`.
pub(super) fn field_name(name: &str) -> String {
    let snake = words(name).join("_").to_ascii_lowercase();
    if KEYWORDS.contains(&snake.as_str()) {
        format!("r#{snake}")
    } else if IMPOSSIBLE.contains(&snake.as_str()) {
        format!("{snake}_")
    } else {
        snake
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let rest = letters.map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(rest).collect()
}

/// The words of a name: parts between points and underscores, and within them wherever a capital
/// begins a new one, so that `passwordKdfAlgoSHA256` has four.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for part in name.split(['.', '_']).filter(|part| !part.is_empty()) {
        let letters: Vec<char> = part.chars().collect();
        let mut word = String::new();
        for (index, letter) in letters.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|before| letters.get(before));
            let after = letters.get(index.saturating_add(1));
            let begins = letter.is_ascii_uppercase()
                && before.is_some_and(|before| {
                    // `sentCode`, `SHA256Mod`; and the last of `KDFAlgo` before a small letter.
                    !before.is_ascii_uppercase()
                        || after.is_some_and(|after| after.is_ascii_lowercase())
                });
            if begins && !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            word.push(*letter);
        }
        words.push(word);
    }
    words
}

/// At most three of `names` that a person may have meant by `name`.
pub(super) fn near<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let wanted = name.to_ascii_lowercase();
    let wanted_last = last(&wanted).to_owned();
    let mut found: Vec<(usize, &str)> = names
        .filter_map(|other| {
            let lower = other.to_ascii_lowercase();
            let far = if last(&lower) == wanted_last {
                // The right name in the wrong namespace or case.
                0
            } else {
                distance(&wanted, &lower)?
            };
            Some((far, other))
        })
        .collect();
    found.sort();
    found.dedup();
    let names = found.into_iter().map(|(_, name)| name.to_owned());
    names.take(3).collect()
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The number of letters to change, add or leave out; `None` beyond a third of the name.
fn distance(a: &str, b: &str) -> Option<usize> {
    let limit = a.len().max(b.len()) / 3;
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let above = *cell;
            let changed = diagonal.saturating_add(usize::from(x != y));
            left = changed
                .min(above.saturating_add(1))
                .min(left.saturating_add(1));
            diagonal = above;
            *cell = left;
        }
    }
    row.last().copied().filter(|far| *far <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_words() {
        for (tl, rust) in [
            ("auth.sentCode", "AuthSentCode"),
            ("server_DH_params_ok", "ServerDhParamsOk"),
            ("resPQ", "ResPq"),
            ("p_q_inner_data", "PQInnerData"),
            ("JSONValue", "JsonValue"),
            ("inputCheckPasswordSRP", "InputCheckPasswordSrp"),
            (
                "passwordKdfAlgoSHA256iter1ModPow",
                "PasswordKdfAlgoSha256iter1ModPow",
            ),
            ("ok", "TlOk"),
        ] {
            assert_eq!(type_name(tl), rust);
        }
        let names = variant_names(&["auth.sentCode", "auth.sentCodeSuccess"]);
        assert_eq!(names, ["SentCode", "Success"]);
        let names = variant_names(&["inputPeerSelf", "inputPeerUser", "inputPeerUserFromMessage"]);
        assert_eq!(names, ["Self_", "User", "UserFromMessage"]);
        assert_eq!(
            variant_names(&["boolTrue", "nothing"]),
            ["BoolTrue", "Nothing"]
        );
        for (tl, rust) in [
            ("srp_B", "srp_b"),
            ("type", "r#type"),
            ("M1", "m1"),
            ("self", "self_"),
            ("newNonceHash", "new_nonce_hash"),
        ] {
            assert_eq!(field_name(tl), rust);
        }
    }

    #[test]
    fn near_names_forgive_letters_case_and_namespace() {
        let names = [
            "auth.sendCode",
            "auth.sentCode",
            "users.getUsers",
            "help.getConfig",
        ];
        let near = |name| near(name, names.into_iter());
        assert_eq!(near("auth.sendcode"), ["auth.sendCode", "auth.sentCode"]);
        assert_eq!(near("getUsers"), ["users.getUsers"]);
        assert_eq!(near("help.getConfg"), ["help.getConfig"]);
        assert!(near("messages.forwardMessages").is_empty());
    }
}
