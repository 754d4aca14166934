//! What the service says of itself.

use tl_parser::{Object, Value};

use crate::driver::{ALICE, Stage, objects};

#[test]
fn the_configuration_names_every_dc_and_the_one_asked() {
    let mut stage = Stage::new();
    let mut client = stage.client();
    client.dc = 4;
    let config = stage.ok(client, Object::new("help.getConfig"));
    assert_eq!(config.int("this_dc"), Some(4));
    let options = objects(&config, "dc_options");
    let ids: Vec<_> = options.iter().map(|dc| dc.int("id").unwrap()).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5]);
    assert!(options.iter().all(|dc| dc.int("port") == Some(20_001)));
    assert_eq!(config.int("message_length_max"), Some(4096));
    let nearest = stage.ok(client, Object::new("help.getNearestDc"));
    assert_eq!(nearest.int("nearest_dc"), Some(4));
}

#[test]
fn what_has_not_changed_is_not_sent_again() {
    let mut stage = Stage::new();
    let client = stage.client();
    let app = |hash: i32| Object::new("help.getAppConfig").with("hash", hash);
    let config = stage.ok(client, app(0));
    assert_eq!(config.name(), "help.appConfig");
    let again = stage.ok(client, app(config.int("hash").unwrap()));
    assert_eq!(again.name(), "help.appConfigNotModified");
    let countries = |hash: i32| {
        Object::new("help.getCountriesList")
            .with("lang_code", "en")
            .with("hash", hash)
    };
    let list = stage.ok(client, countries(0));
    let again = stage.ok(client, countries(list.int("hash").unwrap()));
    assert_eq!(again.name(), "help.countriesListNotModified");
}

#[test]
fn every_answer_without_arguments_is_well_formed() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    for function in [
        "help.getAppUpdate",
        "help.getCdnConfig",
        "help.getInviteText",
        "help.getSupport",
        "help.getSupportName",
        "help.getTermsOfServiceUpdate",
        "help.getPromoData",
        "account.getAccountTTL",
        "account.getWebAuthorizations",
        "account.getContentSettings",
        "account.getGlobalPrivacySettings",
        "account.getNotifyExceptions",
        "messages.getDialogFilters",
        "messages.getAllDrafts",
        "contacts.getBirthdays",
    ] {
        stage.ok(alice, Object::new(function));
    }
    for (function, field) in [
        ("help.getPeerColors", "hash"),
        ("help.getPeerProfileColors", "hash"),
        ("help.getTimezonesList", "hash"),
        ("help.getPassportConfig", "hash"),
    ] {
        stage.ok(alice, Object::new(function).with(field, 0));
    }
    let urls = Object::new("help.getRecentMeUrls").with("referer", "");
    stage.ok(alice, urls);
    let link = Object::new("help.getDeepLinkInfo").with("path", "x");
    stage.ok(alice, link);
}

#[test]
fn language_packs_are_empty_and_english() {
    let mut stage = Stage::new();
    let client = stage.client();
    let pack = |name: &'static str| Object::new(name).with("lang_pack", "tdesktop");
    let languages = stage.list(client, pack("langpack.getLanguages"));
    assert_eq!(languages.len(), 1);
    let english = stage.ok(client, pack("langpack.getLanguage").with("lang_code", "en"));
    assert_eq!(english.str("lang_code"), Some("en"));
    let difference = pack("langpack.getDifference")
        .with("lang_code", "en")
        .with("from_version", 0);
    stage.ok(client, difference);
    stage.ok(client, pack("langpack.getLangPack").with("lang_code", "en"));
    let strings = pack("langpack.getStrings")
        .with("lang_code", "en")
        .with("keys", Value::vector(["lng_menu"]));
    let strings = stage.list(client, strings);
    let missing = strings[0].as_object().unwrap();
    assert_eq!(missing.name(), "langPackStringDeleted");
    let wrong = Object::new("langpack.getLanguages").with("lang_pack", "toaster");
    assert_eq!(stage.error(client, wrong), "400 LANG_PACK_INVALID");
    let german = pack("langpack.getLanguage").with("lang_code", "de");
    assert_eq!(stage.error(client, german), "400 LANG_CODE_NOT_SUPPORTED");
}

#[test]
fn terms_are_accepted() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let id = Object::new("dataJSON").with("data", "{\"terms\":1}");
    let accept = Object::new("help.acceptTermsOfService").with("id", id);
    stage.yes(alice, accept);
}
