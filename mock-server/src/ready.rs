//! Ready sessions: keys that belong to an account from the start, so that a client skips key exchange and login.
//!
//! The key of an account is a function of the server's seed and the account's id, so that a session can be made before
//! the server runs, by another process: `mtkit session --seed N` for `mtkit serve --seed N`.

use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::hash::sha256;
use mtproto_core::random::{ChaChaRandom, SecureRandom as _};
use world::fixtures::{AccountInfo, BotInfo};

/// A login that a client can carry away.
#[derive(Clone, Debug)]
pub struct ReadySession {
    /// The account's user id.
    pub user_id: i64,
    /// Whether the account is a bot.
    pub is_bot: bool,
    /// The account's phone number, digits only; nothing for bots.
    pub phone: Option<String>,
    /// The account's username without `@`.
    pub username: Option<String>,
    /// The DC of the key.
    pub dc: i32,
    /// The key.
    pub key: AuthKey,
}

/// The ready sessions of all accounts and bots of a server with this seed.
pub(crate) fn sessions(
    seed: u64,
    dc: i32,
    accounts: &[AccountInfo],
    bots: &[BotInfo],
) -> Vec<ReadySession> {
    let people = accounts.iter().map(|account| ReadySession {
        user_id: account.id,
        is_bot: false,
        phone: Some(account.phone.clone()),
        username: account.username.clone(),
        dc,
        key: key_of(seed, account.id),
    });
    let bots = bots.iter().map(|bot| ReadySession {
        user_id: bot.id,
        is_bot: true,
        phone: None,
        username: Some(bot.username.clone()),
        dc,
        key: key_of(seed, bot.id),
    });
    people.chain(bots).collect()
}

fn key_of(seed: u64, user_id: i64) -> AuthKey {
    let name: &[u8] = b"mtkit ready session";
    let digest = sha256(&[name, &seed.to_le_bytes(), &user_id.to_le_bytes()]);
    let mut bytes = [0; 256];
    ChaChaRandom::from_seed(digest).fill(&mut bytes);
    // As if it came from a key exchange: below the prime, whose first bit is set.
    bytes[0] &= 0x7f;
    AuthKey::new(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_function_of_seed_and_account() {
        let first = key_of(7, 42);
        assert_eq!(first.as_bytes(), key_of(7, 42).as_bytes());
        assert_ne!(first.id(), key_of(8, 42).id());
        assert_ne!(first.id(), key_of(7, 43).id());
        assert!(first.as_bytes()[0] < 0x80);
    }
}
