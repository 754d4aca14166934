//! Text of messages: lengths, entities that the sender gave, and entities that are found in the text.
//!
//! Offsets and lengths of entities count UTF-16 code units.
//! <https://core.telegram.org/api/entities>

use tl_parser::{Object, Value};

use crate::call::Call;
use crate::error::{ENTITY_BOUNDS_INVALID, MESSAGE_TOO_LONG, RpcError};

/// Longest text of a message, in UTF-16 code units, as `help.getConfig` tells.
pub(crate) const MESSAGE_LENGTH_MAX: usize = 4096;
/// Longest caption, likewise.
pub(crate) const CAPTION_LENGTH_MAX: usize = 1024;
/// Most entities that a message keeps; further ones are dropped, as on the real service.
const ENTITIES_MAX: usize = 100;

/// Length in UTF-16 code units.
pub(crate) fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Whether the text names `@username`.
pub(crate) fn mentions(text: &str, username: &str) -> bool {
    words(text).any(|(_, word)| {
        word.strip_prefix('@')
            .is_some_and(|name| name.eq_ignore_ascii_case(username))
    })
}

impl Call<'_> {
    /// Trims a text and settles its entities: checks those given, and finds the others.
    pub(crate) fn prepare_text(
        &self,
        raw: &str,
        given: &[Value],
        longest: usize,
    ) -> Result<(String, Vec<Value>), RpcError> {
        let text = raw.trim_end();
        let start = text.trim_start();
        let cut = utf16_len(text).saturating_sub(utf16_len(start));
        let text = start.to_owned();
        let length = utf16_len(&text);
        if length > longest {
            return Err(MESSAGE_TOO_LONG.into());
        }
        let mut entities = Vec::new();
        for entity in given.iter().filter_map(Value::as_object).take(ENTITIES_MAX) {
            if let Some(entity) = self.check_entity(entity, cut, length)? {
                entities.push(entity);
            }
        }
        for found in find(&text) {
            if entities.len() < ENTITIES_MAX && !entities.iter().any(|old| overlap(old, &found)) {
                entities.push(found);
            }
        }
        entities.sort_by_key(|entity| (entity.int("offset"), entity.int("length").map(|l| -l)));
        Ok((text, entities.into_iter().map(Value::from).collect()))
    }

    /// One entity that the sender gave. `cut` units were trimmed off the front of the text.
    fn check_entity(
        &self,
        entity: &Object,
        cut: usize,
        length: usize,
    ) -> Result<Option<Object>, RpcError> {
        let place = |field| entity.int(field).and_then(|n| usize::try_from(n).ok());
        let (Some(offset), Some(span)) = (place("offset"), place("length")) else {
            return Err(ENTITY_BOUNDS_INVALID.into());
        };
        let end = offset
            .checked_add(span)
            .filter(|_| span > 0)
            .ok_or(ENTITY_BOUNDS_INVALID)?;
        let start = offset.saturating_sub(cut);
        let end = end.saturating_sub(cut).min(length);
        if start >= end {
            return Ok(None);
        }
        let mut kept = match entity.name() {
            "inputMessageEntityMentionName" => {
                let user = entity
                    .object("user_id")
                    .and_then(|user| self.user(user).ok());
                match user {
                    Some(user) => Object::new("messageEntityMentionName").with("user_id", user.0),
                    None => return Ok(None),
                }
            }
            "messageEntityUnknown" | "messageEntityMentionName" => return Ok(None),
            _ => entity.clone(),
        };
        kept.set("offset", i32::try_from(start).unwrap_or(i32::MAX));
        kept.set("length", i32::try_from(end - start).unwrap_or(i32::MAX));
        Ok(Some(kept))
    }
}

fn overlap(a: &Object, b: &Object) -> bool {
    let range = |entity: &Object| {
        let start = entity.int("offset").unwrap_or(0);
        start..start.saturating_add(entity.int("length").unwrap_or(0))
    };
    let (a, b) = (range(a), range(b));
    a.start < b.end && b.start < a.end
}

/// Words between white space, each with its offset in UTF-16 code units.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut offset = 0;
    text.split_inclusive(char::is_whitespace).map(move |piece| {
        let at = offset;
        offset += utf16_len(piece);
        (at, piece.trim_end())
    })
}

/// Mentions, hashtags, commands, links and addresses in a text.
fn find(text: &str) -> Vec<Object> {
    words(text)
        .filter_map(|(offset, word)| {
            let (kind, found) = classify(word)?;
            Some(
                Object::new(kind)
                    .with("offset", i32::try_from(offset).ok()?)
                    .with("length", i32::try_from(utf16_len(found)).ok()?),
            )
        })
        .collect()
}

/// What a word is, and the part of it that counts.
fn classify(word: &str) -> Option<(&'static str, &str)> {
    let name = |text: &str| {
        text.chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .count()
    };
    let bare = word.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '"', '\'']);
    match word.chars().next()? {
        '@' => {
            let length = name(&word[1..]);
            (length >= 2).then(|| ("messageEntityMention", &word[..=length]))
        }
        '#' => {
            let rest = word.strip_prefix('#')?;
            let length: usize = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .map(char::len_utf8)
                .sum();
            let numeric = rest.get(..length)?.chars().all(|c| c.is_ascii_digit());
            (length > 0 && !numeric).then(|| ("messageEntityHashtag", &word[..=length]))
        }
        '/' => {
            let length = name(&word[1..]);
            if length == 0 {
                return None;
            }
            let command = &word[..=length];
            let rest = word.get(command.len()..)?;
            // A command may be addressed: /start@some_bot
            let bot = rest.strip_prefix('@').map_or(0, |bot| name(bot) + 1);
            let end = if bot > 1 {
                command.len() + bot
            } else {
                command.len()
            };
            let whole = rest.is_empty() || bot > 1;
            whole.then(|| ("messageEntityBotCommand", &word[..end]))
        }
        _ if bare.starts_with("http://") || bare.starts_with("https://") => {
            let host = bare.split("://").nth(1)?;
            (!host.is_empty()).then_some(("messageEntityUrl", bare))
        }
        _ => {
            let (user, host) = bare.split_once('@')?;
            let plain = |text: &str| {
                text.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c))
            };
            let is_address = !user.is_empty()
                && plain(user)
                && plain(host)
                && host.split('.').count() > 1
                && host.split('.').all(|label| !label.is_empty());
            is_address.then_some(("messageEntityEmail", bare))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{find, mentions, utf16_len};

    fn found(text: &str) -> Vec<(String, i32, i32)> {
        find(text)
            .iter()
            .map(|entity| {
                (
                    entity.name().trim_start_matches("messageEntity").to_owned(),
                    entity.int("offset").unwrap(),
                    entity.int("length").unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn lengths_count_utf16_units() {
        assert_eq!(utf16_len("aä😀"), 4);
    }

    #[test]
    fn words_with_a_meaning_are_found() {
        let one = |kind: &str, offset, length| vec![(kind.to_owned(), offset, length)];
        assert_eq!(found("hi @alice_mtkit!"), one("Mention", 3, 12));
        assert_eq!(found("😀 #tag,"), one("Hashtag", 3, 4));
        assert_eq!(found("/start now"), one("BotCommand", 0, 6));
        assert_eq!(found("/start@mtkit_bot"), one("BotCommand", 0, 16));
        assert_eq!(found("see https://x.org/a."), one("Url", 4, 15));
        assert_eq!(found("a.b@c.org"), one("Email", 0, 9));
    }

    #[test]
    fn words_without_a_meaning_are_left_alone() {
        for text in [
            "", "@", "# ", "#12", "/", "a/b", "/usr/bin", "http://", "a@b", "@@", "é@x",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn a_username_is_mentioned_in_any_case() {
        assert!(mentions("hello @Bob_mtkit", "bob_mtkit"));
        assert!(!mentions("hello @bob_mtkit2", "bob_mtkit"));
        assert!(!mentions("hello bob_mtkit", "bob_mtkit"));
    }
}
