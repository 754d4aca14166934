//! `help.*`: what the service says of itself.
//!
//! <https://core.telegram.org/api/config>

use tl_parser::{Object, Value};

use super::{Access, Method, done};
use crate::call::Call;
use crate::error::RpcError;
use crate::model::channel::MEGAGROUP_SIZE_MAX;
use crate::model::chat::CHAT_SIZE_MAX;
use crate::model::ids::PeerId;
use crate::request::Arguments;
use crate::state::SERVICE_ACCOUNT;
use crate::text::{CAPTION_LENGTH_MAX, MESSAGE_LENGTH_MAX};

pub(super) const METHODS: &[Method] = &[
    Method::new("help.getConfig", Access::Anyone, get_config),
    Method::new("help.getNearestDc", Access::Anyone, get_nearest_dc),
    Method::new("help.getAppConfig", Access::Anyone, get_app_config),
    Method::new("help.getAppUpdate", Access::People, get_app_update),
    Method::new("help.getCdnConfig", Access::Everybody, get_cdn_config),
    Method::new("help.getInviteText", Access::People, get_invite_text),
    Method::new("help.getSupport", Access::People, get_support),
    Method::new("help.getSupportName", Access::People, get_support_name),
    Method::new("help.getCountriesList", Access::Anyone, get_countries_list),
    Method::new(
        "help.getTermsOfServiceUpdate",
        Access::People,
        get_terms_update,
    ),
    Method::new("help.acceptTermsOfService", Access::People, accept_terms),
    Method::new("help.getDeepLinkInfo", Access::Anyone, get_deep_link_info),
    Method::new("help.saveAppLog", Access::Anyone, save_app_log),
    Method::new("help.getPromoData", Access::People, get_promo_data),
    Method::new("help.hidePromoData", Access::People, save_app_log),
    Method::new("help.dismissSuggestion", Access::People, save_app_log),
    Method::new("help.getPeerColors", Access::People, get_peer_colors),
    Method::new("help.getPeerProfileColors", Access::People, get_peer_colors),
    Method::new("help.getTimezonesList", Access::People, get_timezones),
    Method::new(
        "help.getPassportConfig",
        Access::People,
        get_passport_config,
    ),
    Method::new("help.getRecentMeUrls", Access::People, get_recent_urls),
    Method::new("help.setBotUpdatesStatus", Access::Bots, save_app_log),
];

/// Seconds for which clients may keep the configuration.
const CONFIG_LIFETIME: i64 = 3600;
/// Seconds within which a message can be edited, as the configuration tells.
pub(super) const EDIT_TIME_LIMIT: i32 = 172_800;

fn get_config(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let config = &call.state.config;
    let dc_options: Vec<Value> = config
        .dcs
        .iter()
        .map(|dc| {
            Object::new("dcOption")
                .with_flag("ipv6", dc.ip.contains(':'))
                .with_flag("media_only", dc.media_only)
                .with_flag("cdn", config.is_cdn(dc.id))
                .with("id", dc.id)
                .with("ip_address", dc.ip.as_str())
                .with("port", i32::from(dc.port))
                .into()
        })
        .collect();
    let size = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let object = Object::new("config")
        .with("date", call.date())
        .with("expires", call.now.plus(CONFIG_LIFETIME).date())
        .with("test_mode", config.test_mode)
        .with("this_dc", call.caller.dc)
        .with("dc_options", dc_options)
        .with("dc_txt_domain_name", "")
        .with("chat_size_max", size(CHAT_SIZE_MAX))
        .with("megagroup_size_max", size(MEGAGROUP_SIZE_MAX))
        .with("caption_length_max", size(CAPTION_LENGTH_MAX))
        .with("message_length_max", size(MESSAGE_LENGTH_MAX))
        .with("webfile_dc_id", call.caller.dc)
        .with("me_url_prefix", "https://t.me/");
    // The rest are the values that the real service gives.
    let numbers = [
        ("forwarded_count_max", 100),
        ("online_update_period_ms", 210_000),
        ("offline_blur_timeout_ms", 5_000),
        ("offline_idle_timeout_ms", 30_000),
        ("online_cloud_timeout_ms", 300_000),
        ("notify_cloud_delay_ms", 30_000),
        ("notify_default_delay_ms", 1_500),
        ("push_chat_period_ms", 60_000),
        ("push_chat_limit", 2),
        ("edit_time_limit", EDIT_TIME_LIMIT),
        ("revoke_time_limit", i32::MAX),
        ("revoke_pm_time_limit", i32::MAX),
        ("rating_e_decay", 2_419_200),
        ("stickers_recent_limit", 200),
        ("channels_read_media_period", 604_800),
        ("call_receive_timeout_ms", 20_000),
        ("call_ring_timeout_ms", 90_000),
        ("call_connect_timeout_ms", 30_000),
        ("call_packet_timeout_ms", 10_000),
    ];
    let object = numbers
        .into_iter()
        .fold(object, |object, (field, value)| object.with(field, value));
    let reaction = Object::new("reactionEmoji").with("emoticon", "👍");
    Ok(object
        .with("revoke_pm_inbox", true)
        .with("reactions_default", reaction)
        .into())
}

/// The one country of the world, to which the test numbers belong; a code that no real country has.
const COUNTRY: &str = "XT";

fn get_nearest_dc(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let dc = call.caller.dc;
    Ok(Object::new("nearestDc")
        .with("country", COUNTRY)
        .with("this_dc", dc)
        .with("nearest_dc", dc)
        .into())
}

/// Limits that clients read from the free-form configuration.
/// <https://core.telegram.org/api/config#client-configuration>
const APP_CONFIG: [(&str, f64); 12] = [
    ("upload_max_fileparts_default", 4000.0),
    ("upload_max_fileparts_premium", 8000.0),
    ("dialogs_pinned_limit_default", 5.0),
    ("dialogs_pinned_limit_premium", 10.0),
    ("dialogs_folder_pinned_limit_default", 100.0),
    ("dialog_filters_limit_default", 10.0),
    ("channels_limit_default", 500.0),
    ("channels_public_limit_default", 10.0),
    ("caption_length_limit_default", 1024.0),
    ("about_length_limit_default", 70.0),
    ("reactions_user_max_default", 1.0),
    ("chat_read_mark_size_threshold", 100.0),
];
/// Names the present contents of the table above.
const APP_CONFIG_HASH: i32 = 1;

fn get_app_config(_: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    if request.need_int("hash")? == APP_CONFIG_HASH {
        return Ok(Object::new("help.appConfigNotModified").into());
    }
    let values: Vec<Value> = APP_CONFIG
        .iter()
        .map(|(key, number)| {
            Object::new("jsonObjectValue")
                .with("key", *key)
                .with("value", Object::new("jsonNumber").with("value", *number))
                .into()
        })
        .collect();
    Ok(Object::new("help.appConfig")
        .with("hash", APP_CONFIG_HASH)
        .with("config", Object::new("jsonObject").with("value", values))
        .into())
}

fn get_app_update(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(Object::new("help.noAppUpdate").into())
}

fn get_cdn_config(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let keys = call.state.config.cdns.iter().map(|cdn| {
        Object::new("cdnPublicKey")
            .with("dc_id", cdn.id)
            .with("public_key", cdn.public_key.as_str())
    });
    Ok(Object::new("cdnConfig")
        .with("public_keys", Value::vector(keys))
        .into())
}

fn get_invite_text(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(Object::new("help.inviteText")
        .with("message", "Join me on the test network!")
        .into())
}

fn get_support(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    Ok(Object::new("help.support")
        .with("phone_number", "42777")
        .with("user", call.view(me).user(SERVICE_ACCOUNT))
        .into())
}

fn get_support_name(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(Object::new("help.supportName")
        .with("name", "Telegram")
        .into())
}

/// Names the one list of countries that there is.
const COUNTRIES_HASH: i32 = 1;

fn get_countries_list(_: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    if request.need_int("hash")? == COUNTRIES_HASH {
        return Ok(Object::new("help.countriesListNotModified").into());
    }
    let code = Object::new("help.countryCode")
        .with("country_code", "999")
        .with("prefixes", Value::vector(["66"]))
        .with("patterns", Value::vector(["66 X XXXX"]));
    let country = Object::new("help.country")
        .with("iso2", COUNTRY)
        .with("default_name", "Test network")
        .with("country_codes", vec![Value::from(code)]);
    Ok(Object::new("help.countriesList")
        .with("countries", vec![Value::from(country)])
        .with("hash", COUNTRIES_HASH)
        .into())
}

/// The terms that a new account agrees to.
pub(super) fn terms_of_service() -> Object {
    let id = Object::new("dataJSON").with("data", "{\"terms\":1}");
    Object::new("help.termsOfService")
        .with("id", id)
        .with(
            "text",
            "This is a private test network. Nothing here leaves it.",
        )
        .with("entities", Vec::<Value>::new())
}

fn get_terms_update(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(Object::new("help.termsOfServiceUpdateEmpty")
        .with("expires", call.now.plus(86_400).date())
        .into())
}

fn accept_terms(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let id = request.need_object("id")?.need_str("data")?;
    let known = terms_of_service();
    let known = known.object("id").and_then(|id| id.str("data"));
    if known == Some(id) {
        let id = id.to_owned();
        call.user_mut(me)?.accepted_terms.insert(id);
    }
    Ok(done())
}

fn get_deep_link_info(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(Object::new("help.deepLinkInfoEmpty").into())
}

/// Functions that only tell the service something and ask for nothing.
fn save_app_log(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(done())
}

fn get_promo_data(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(Object::new("help.promoDataEmpty")
        .with("expires", call.now.plus(86_400).date())
        .into())
}

fn get_peer_colors(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    Ok(Object::new("help.peerColors")
        .with("hash", 0)
        .with("colors", Vec::<Value>::new())
        .into())
}

fn get_timezones(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let utc = Object::new("timezone")
        .with("id", "Etc/UTC")
        .with("name", "UTC")
        .with("utc_offset", 0);
    Ok(Object::new("help.timezonesList")
        .with("timezones", vec![Value::from(utc)])
        .with("hash", 1)
        .into())
}

fn get_passport_config(_: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let none = Object::new("dataJSON").with("data", "{}");
    Ok(Object::new("help.passportConfig")
        .with("hash", 1)
        .with("countries_langs", none)
        .into())
}

fn get_recent_urls(call: &mut Call<'_>, _: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let mut view = call.view(me);
    view.note(PeerId::User(me));
    let urls = Object::new("help.recentMeUrls").with("urls", Vec::<Value>::new());
    Ok(view.with_peers(urls).into())
}
