//! Encrypted messages.

use super::section::{CHOSEN_CIPHERTEXT, DESCRIPTION, FOUR_ATTACKS, SECURITY_GUIDELINES};
use super::{Rule, rules};

rules! {
    en_01 Must Both DESCRIPTION "Key and IV of a message are derived with x = 0 from the client and x = 8 from the server." Core "crypto/kdf.rs"
    en_02 Must Both SECURITY_GUIDELINES "msg_key is computed anew over the whole plaintext and compared." Core "message/encrypted.rs"
    en_03 Must Client SECURITY_GUIDELINES "msg_key is compared before anything else of the plaintext is used." Core "message/encrypted.rs"
    en_04 Must Client SECURITY_GUIDELINES "Faults found before msg_key is compared have the same effect as a wrong msg_key." Core "message/encrypted.rs"
    en_05 GoodPractice Both SECURITY_GUIDELINES "msg_key is compared in constant time." Core "message/encrypted.rs"
    en_06 Paper Both FOUR_ATTACKS "No time depends on the length inside a message before its msg_key is proven." Core "message/encrypted.rs"
    en_07 Must Client SECURITY_GUIDELINES "A client's own message sent back to it is refused." Core "message/encrypted.rs"
    en_08 Must Both SECURITY_GUIDELINES "A frame's auth_key_id belongs to a key in use." Core "connection/incoming.rs"
    en_09 GoodPractice Client SECURITY_GUIDELINES "Plain messages are dropped once a key exists." Core "connection/incoming.rs"
    en_10 Must Both SECURITY_GUIDELINES "A message has at least 12 bytes of padding." Core "message/encrypted.rs"
    en_11 Must Both SECURITY_GUIDELINES "A message has at most 1024 bytes of padding." Core "message/encrypted.rs"
    en_12 Must Both SECURITY_GUIDELINES "The length inside a message lies within its plaintext." Core "message/encrypted.rs"
    en_13 Must Both SECURITY_GUIDELINES "The length inside a message is not negative." Core "message/encrypted.rs"
    en_14 Must Both SECURITY_GUIDELINES "The length inside a message is divisible by four." Core "message/encrypted.rs"
    en_15 GoodPractice Both SECURITY_GUIDELINES "An object does not reach past the length of its message." Core "message/encrypted.rs"
    en_16 GoodPractice Both SECURITY_GUIDELINES "A length above one mebibyte does no harm." Core "message/encrypted.rs"
    en_17 GoodPractice Both SECURITY_GUIDELINES "Bytes short of a cipher block after the last one are padding of the transport, or an error." Core "message/encrypted.rs"
    en_18 GoodPractice Both SECURITY_GUIDELINES "Frames of any small size do no harm." Core "message/encrypted.rs"
    en_19 Must Both DESCRIPTION "Where MTProto 2.0 is spoken, a message of 1.0 is refused." Core "message/encrypted.rs"
    en_20 Documented Server DESCRIPTION "The client's first message fixes the version of the protocol." Core "message/encrypted.rs"
    en_21 Must Both DESCRIPTION "A sender pads with 12 to 1024 random bytes to whole cipher blocks." Core "message/encrypted.rs"
    en_22 Paper Both CHOSEN_CIPHERTEXT "Appended or replaced cipher blocks are noticed." Core "message/encrypted.rs"
    en_23 Must Both SECURITY_GUIDELINES "Every flipped bit of a frame is noticed." Core "message/encrypted.rs"
    en_24 GoodPractice Both SECURITY_GUIDELINES "Removed, swapped and repeated cipher blocks are noticed." Core "message/encrypted.rs"
    en_25 Recommended Client SECURITY_GUIDELINES "After an invalid message a client had better reconnect." Core "connection/incoming.rs"
    en_26 GoodPractice Client SECURITY_GUIDELINES "A flood of invalid messages costs bounded memory and ends the connection at some point." Core "connection/incoming.rs"
    en_27 Must Client SECURITY_GUIDELINES "Nothing of an invalid message is used." Core "connection/incoming.rs"
    en_28 GoodPractice Client SECURITY_GUIDELINES "A server's message with another salt is accepted." Core "connection/incoming.rs"
}
