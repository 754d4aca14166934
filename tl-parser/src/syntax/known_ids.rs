//! The ids of public schemas that are known not to be the CRC32 of their text.

/// A combinator whose published id differs from the CRC32 of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownId {
    /// The name.
    pub name: &'static str,
    /// The published id.
    pub id: u32,
    /// Why it differs, as far as that can be found out.
    pub reason: &'static str,
}

/// Looks a combinator up among the known exceptions.
pub fn known_id(name: &str, id: u32) -> Option<&'static KnownId> {
    KNOWN
        .iter()
        .find(|known| known.id == id && known.name == name)
}

const BYTES_KEPT: &str = "the id was computed with the word `bytes` kept";
const FIELD_REMOVED: &str = "the id was computed while the line ended in `feed_id:flags.18?int`; the field went, the id stayed";
const OTHER_NAME: &str = "TDLib's name for an old constructor; the id belongs to the old name";
const PREFIX: &str = "TDLib's prefix form of a function; the id belongs to the whole line";
const BARE_MESSAGE: &str = "the id belongs to the spelling `vector message`";
const UNKNOWN: &str = "not found out";

const KNOWN: &[KnownId] = &[
    known("accessPointRule", 0x4679_b65f, UNKNOWN),
    known("account.passwordInputSettings", 0xbcfc_532c, BYTES_KEPT),
    known("channel", 0xc889_74ac, FIELD_REMOVED),
    known("decryptedDataBlock", 0xdbf9_48c1, UNKNOWN),
    known("decryptedMessageMediaDocument", 0x6abd_9782, BYTES_KEPT),
    known("help.configSimple", 0x5a59_2a6c, UNKNOWN),
    known("inputPeerPhotoFileLocationLegacy", 0x27d6_9997, OTHER_NAME),
    known("inputStickerSetThumbLegacy", 0x0dba_eae9, OTHER_NAME),
    known("invokeWithApnsSecretPrefix", 0x0dae_54f8, PREFIX),
    known("invokeWithBusinessConnectionPrefix", 0xdd28_9f8e, PREFIX),
    known("invokeWithGooglePlayIntegrityPrefix", 0x1df9_2984, PREFIX),
    known("ipPortSecret", 0x3798_2646, BYTES_KEPT),
    known("msg_container", 0x73f1_f8dc, BARE_MESSAGE),
    known("register.saveDeveloperInfo", 0x9a5f_6e95, UNKNOWN),
    known("simpleDataBlock", 0xcc0d_0e76, UNKNOWN),
];

const fn known(name: &'static str, id: u32, reason: &'static str) -> KnownId {
    KnownId { name, id, reason }
}
