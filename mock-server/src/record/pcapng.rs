//! A writer of pcapng files: one section, one interface of raw IP packets, nanosecond times.
//!
//! Format: <https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html>.

use mtproto_core::time::UnixTime;

/// Block type of a Section Header.
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
/// Block type of an Interface Description.
const INTERFACE_DESCRIPTION: u32 = 1;
/// Block type of an Enhanced Packet.
const ENHANCED_PACKET: u32 = 6;
/// Block type of Decryption Secrets.
const DECRYPTION_SECRETS: u32 = 0x0a;

/// Written as a word of the file's own byte order, so that a reader learns it.
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
/// `LINKTYPE_RAW`: a packet starts with its IPv4 or IPv6 header.
const LINKTYPE_RAW: u16 = 101;

const OPT_COMMENT: u16 = 1;
const OPT_SHB_USERAPPL: u16 = 4;
const OPT_IF_NAME: u16 = 2;
const OPT_IF_TSRESOL: u16 = 9;

/// Type code of a Decryption Secrets Block that carries MTProto key log text: the letters `MTPK`.
///
/// No code is registered for MTProto; tools that do not know this one skip the block.
pub const SECRETS_MTPROTO_KEY_LOG: u32 = u32::from_be_bytes(*b"MTPK");

/// Writes the blocks of one pcapng section.
///
/// Every method appends whole blocks to `out`, so that the file is readable after each of them.
#[derive(Clone, Debug)]
pub struct PcapngWriter {
    /// Streams opened so far; feeds their initial sequence numbers.
    streams: u32,
}

impl PcapngWriter {
    /// Starts a file: a section header with `comment`, then the description of the only interface.
    #[must_use]
    pub fn new(comment: &str, out: &mut Vec<u8>) -> Self {
        block(out, SECTION_HEADER, |body| {
            word(body, BYTE_ORDER_MAGIC);
            half(body, 1); // major version
            half(body, 0); // minor version
            body.extend_from_slice(&u64::MAX.to_le_bytes()); // the section's length is not known in advance
            option(body, OPT_COMMENT, comment.as_bytes());
            option(
                body,
                OPT_SHB_USERAPPL,
                concat!("mtkit ", env!("CARGO_PKG_VERSION")).as_bytes(),
            );
            end_of_options(body);
        });
        block(out, INTERFACE_DESCRIPTION, |body| {
            half(body, LINKTYPE_RAW);
            half(body, 0);
            word(body, 0); // no limit on a packet's captured length
            option(body, OPT_IF_NAME, b"mtkit");
            option(body, OPT_IF_TSRESOL, &[9]); // 10^-9 seconds
            end_of_options(body);
        });
        Self { streams: 0 }
    }

    /// Writes a Decryption Secrets Block with key log text, one line per key.
    ///
    /// A reader that streams can use only the keys it has met: write a key before the first packet that it encrypts.
    pub fn secrets(&self, key_log: &str, out: &mut Vec<u8>) {
        block(out, DECRYPTION_SECRETS, |body| {
            word(body, SECRETS_MTPROTO_KEY_LOG);
            word(body, len_word(key_log.len()));
            body.extend_from_slice(key_log.as_bytes());
            pad(body);
        });
    }

    /// Writes one IP packet seen at `at`, with an optional remark that viewers show beside it.
    pub fn packet(&self, at: UnixTime, ip_packet: &[u8], comment: Option<&str>, out: &mut Vec<u8>) {
        let nanos = at.as_nanos();
        block(out, ENHANCED_PACKET, |body| {
            word(body, 0); // interface
            word(body, (nanos >> 32) as u32);
            word(body, nanos as u32);
            word(body, len_word(ip_packet.len())); // captured
            word(body, len_word(ip_packet.len())); // on the wire
            body.extend_from_slice(ip_packet);
            pad(body);
            if let Some(comment) = comment {
                option(body, OPT_COMMENT, comment.as_bytes());
                end_of_options(body);
            }
        });
    }

    /// A number for the next stream, different for each of a file.
    pub(super) const fn next_stream(&mut self) -> u32 {
        self.streams = self.streams.wrapping_add(1);
        self.streams
    }
}

/// Appends a block: type, total length, the body written by `fill`, total length again.
fn block(out: &mut Vec<u8>, kind: u32, fill: impl FnOnce(&mut Vec<u8>)) {
    // A buffer of its own, so that padding counts from the start of the body.
    let mut body = Vec::new();
    fill(&mut body);
    let total = len_word(body.len() + 12);
    word(out, kind);
    word(out, total);
    out.append(&mut body);
    word(out, total);
}

fn word(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn half(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Fills a block's body up to a whole number of words.
fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

/// Appends an option; a value longer than the format can say is cut.
fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = &value[..value.len().min(usize::from(u16::MAX))];
    half(body, code);
    half(body, value.len() as u16);
    body.extend_from_slice(value);
    pad(body);
}

fn end_of_options(body: &mut Vec<u8>) {
    word(body, 0);
}

/// A length as the format's 32-bit word. Nothing written here comes near the limit.
fn len_word(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
