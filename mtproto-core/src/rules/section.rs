//! The pages that state the rules.

pub(super) const TRANSPORTS: &str = "https://core.telegram.org/mtproto/mtproto-transports";
pub(super) const AUTH_KEY: &str = "https://core.telegram.org/mtproto/auth_key";
pub(super) const SECURITY_GUIDELINES: &str =
    "https://core.telegram.org/mtproto/security_guidelines";
pub(super) const DESCRIPTION: &str = "https://core.telegram.org/mtproto/description";
pub(super) const SERVICE_MESSAGES: &str = "https://core.telegram.org/mtproto/service_messages";
pub(super) const ABOUT_MESSAGES: &str =
    "https://core.telegram.org/mtproto/service_messages_about_messages";
pub(super) const SERIALIZE: &str = "https://core.telegram.org/mtproto/serialize";
pub(super) const PFS: &str = "https://core.telegram.org/api/pfs";
pub(super) const BIND_TEMP_AUTH_KEY: &str = "https://core.telegram.org/method/auth.bindTempAuthKey";
pub(super) const SRP: &str = "https://core.telegram.org/api/srp";
pub(super) const CDN: &str = "https://core.telegram.org/cdn";
pub(super) const FILES: &str = "https://core.telegram.org/api/files";
pub(super) const INVOKING: &str = "https://core.telegram.org/api/invoking";
pub(super) const ERRORS: &str = "https://core.telegram.org/api/errors";
pub(super) const END_TO_END: &str = "https://core.telegram.org/api/end-to-end";
pub(super) const END_TO_END_SEQ_NO: &str = "https://core.telegram.org/api/end-to-end/seq_no";
pub(super) const END_TO_END_PFS: &str = "https://core.telegram.org/api/end-to-end/pfs";
/// Albrecht, Mareková, Paterson, Stepanovs: Four Attacks and a Proof for Telegram (IEEE S&P 2022).
pub(super) const FOUR_ATTACKS: &str = "https://eprint.iacr.org/2023/469";
/// Jakobsen, Orlandi: On the CCA (in)security of MTProto (2015).
pub(super) const CHOSEN_CIPHERTEXT: &str = "https://eprint.iacr.org/2015/1177";
/// Miculan, Vitacolonna: Automated Symbolic Verification of Telegram's MTProto 2.0 (2021).
pub(super) const PROVERIF: &str = "https://arxiv.org/abs/2012.03141";
