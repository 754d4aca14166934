//! `langpack.*`: texts of the applications.
//!
//! The world has English without any strings, so that every application shows its built-in texts.
//! <https://core.telegram.org/api/translations>

use tl_parser::{Object, Value};

use super::{Access, Method};
use crate::call::Call;
use crate::error::{LANG_CODE_NOT_SUPPORTED, LANG_PACK_INVALID, RpcError};
use crate::request::Arguments;

pub(super) const METHODS: &[Method] = &[
    Method::new("langpack.getLangPack", Access::Anyone, get_difference),
    Method::new("langpack.getDifference", Access::Anyone, get_difference),
    Method::new("langpack.getStrings", Access::Anyone, get_strings),
    Method::new("langpack.getLanguages", Access::Anyone, get_languages),
    Method::new("langpack.getLanguage", Access::Anyone, get_language),
];

/// Applications that have a language pack.
const PACKS: [&str; 8] = [
    "android",
    "android_x",
    "ios",
    "macos",
    "tdesktop",
    "unigram",
    "web",
    "weba",
];
/// The version of the empty pack.
const VERSION: i32 = 1;

fn check(request: &Object) -> Result<(), RpcError> {
    let pack = request.need_str("lang_pack")?;
    // An empty name stands for the pack that `initConnection` named.
    if !pack.is_empty() && !PACKS.contains(&pack) {
        return Err(LANG_PACK_INVALID.into());
    }
    match request.str("lang_code") {
        None => Ok(()),
        Some(code) if code.starts_with("en") || code.is_empty() => Ok(()),
        Some(_) => Err(LANG_CODE_NOT_SUPPORTED.into()),
    }
}

fn get_difference(_: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    check(request)?;
    Ok(Object::new("langPackDifference")
        .with("lang_code", "en")
        .with("from_version", request.int("from_version").unwrap_or(0))
        .with("version", VERSION)
        .with("strings", Vec::<Value>::new())
        .into())
}

fn get_strings(_: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    check(request)?;
    let keys = request.need_vector("keys")?.iter().take(100);
    // A string that the pack does not have is reported as deleted.
    Ok(Value::vector(keys.filter_map(Value::as_bytes).map(|key| {
        Object::new("langPackStringDeleted").with("key", key)
    })))
}

fn language() -> Object {
    Object::new("langPackLanguage")
        .with("official", true)
        .with("name", "English")
        .with("native_name", "English")
        .with("lang_code", "en")
        .with("plural_code", "en")
        .with("strings_count", 0)
        .with("translated_count", 0)
        .with("translations_url", "https://translations.telegram.org/en/")
}

fn get_languages(_: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    check(request)?;
    Ok(vec![Value::from(language())].into())
}

fn get_language(_: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    check(request)?;
    Ok(language().into())
}
