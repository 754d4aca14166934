//! How often something may be called: token buckets, off until the configuration names some.
//!
//! <https://core.telegram.org/api/errors#420-flood>

use std::collections::BTreeMap;
use std::str::FromStr;

use tl_parser::Object;

use crate::call::Call;
use crate::error::RpcError;
use crate::model::ids::UserId;

/// What shares one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloodScope {
    /// All functions of the rule that an account calls.
    Account,
    /// Each function that an account calls.
    Method,
    /// Each chat that an account calls functions of the rule for.
    Chat,
}

/// `burst` calls at once, then one every so many seconds; what comes sooner is answered with `FLOOD_WAIT_n`.
///
/// As text: `FUNCTIONS@SCOPE=BURST/SECONDS`, for instance `messages.sendMessage@chat=20/3`.
/// `FUNCTIONS` is a name, the beginning of names followed by `*`, or `*` alone; the scope is `account`, `method` or `chat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FloodRule {
    /// Name of a function, or the beginning of names followed by `*`.
    pub methods: String,
    /// What shares a bucket.
    pub scope: FloodScope,
    /// Calls that a full bucket allows at once; at least 1.
    pub burst: u32,
    /// Seconds after which one more call is allowed; at least 1.
    pub every: u32,
}

impl FloodRule {
    fn applies_to(&self, function: &str) -> bool {
        match self.methods.strip_suffix('*') {
            Some(beginning) => function.starts_with(beginning),
            None => self.methods == function,
        }
    }
}

/// Why a text is no [`FloodRule`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FloodRuleError(String);

impl std::fmt::Display for FloodRuleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "`{}` is no flood rule; write FUNCTIONS@SCOPE=BURST/SECONDS, for instance messages.sendMessage@chat=20/3",
            self.0
        )
    }
}

impl std::error::Error for FloodRuleError {}

impl FromStr for FloodRule {
    type Err = FloodRuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (what, rate) = text.split_once('=')?;
            let (methods, scope) = what.split_once('@').unwrap_or((what, "account"));
            let (burst, every) = rate.split_once('/')?;
            let scope = match scope {
                "account" => FloodScope::Account,
                "method" => FloodScope::Method,
                "chat" => FloodScope::Chat,
                _ => return None,
            };
            let (burst, every) = (burst.parse().ok()?, every.parse().ok()?);
            let right = !methods.is_empty() && burst > 0 && every > 0;
            right.then(|| Self {
                methods: methods.to_owned(),
                scope,
                burst,
                every,
            })
        };
        parse().ok_or_else(|| FloodRuleError(text.to_owned()))
    }
}

/// Whose bucket: the rule, the caller, and what else the scope tells apart.
type Key = (usize, i64, String, i64);

/// Buckets that are kept at once; those that are full again give way.
const BUCKETS_MAX: usize = 100_000;
const DAY: i64 = 24 * 3600;

/// How full the buckets are.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    /// The second at which the bucket is full again.
    buckets: BTreeMap<Key, i64>,
    /// Strangers that an account wrote to, and the day on which it did.
    strangers: BTreeMap<UserId, (i64, Vec<UserId>)>,
}

impl Limits {
    /// Takes one call out of every bucket that applies, or says how long to wait.
    fn take(&mut self, rules: &[FloodRule], function: &str, who: i64, chat: i64, now: i64) -> i64 {
        let applying = rules.iter().enumerate();
        let keys: Vec<(Key, i64, i64)> = applying
            .filter(|(_, rule)| rule.applies_to(function))
            .filter(|(_, rule)| rule.scope != FloodScope::Chat || chat != 0)
            .map(|(index, rule)| {
                let (function, chat) = match rule.scope {
                    FloodScope::Account => ("", 0),
                    FloodScope::Method => (function, 0),
                    FloodScope::Chat => ("", chat),
                };
                let every = i64::from(rule.every);
                let slack = every.saturating_mul(i64::from(rule.burst).saturating_sub(1));
                ((index, who, function.to_owned(), chat), every, slack)
            })
            .collect();
        let full_at = |buckets: &BTreeMap<Key, i64>, key: &Key| {
            let full = buckets.get(key).copied().unwrap_or(now);
            full.max(now)
        };
        let waits = keys.iter().map(|(key, _, slack)| {
            full_at(&self.buckets, key)
                .saturating_sub(now)
                .saturating_sub(*slack)
        });
        let wait = waits.max().unwrap_or(0);
        if wait > 0 {
            return wait;
        }
        if self.buckets.len() >= BUCKETS_MAX {
            self.buckets.retain(|_, full| *full > now);
        }
        for (key, every, _) in keys {
            let full = full_at(&self.buckets, &key).saturating_add(every);
            if self.buckets.len() < BUCKETS_MAX || self.buckets.contains_key(&key) {
                self.buckets.insert(key, full);
            }
        }
        0
    }

    /// Whether `from` wrote to `most` other strangers today.
    pub(crate) fn is_flooding(&self, from: UserId, to: UserId, most: u32, now: i64) -> bool {
        self.strangers.get(&from).is_some_and(|(day, met)| {
            *day == now.div_euclid(DAY) && met.len() >= most as usize && !met.contains(&to)
        })
    }

    /// Notes that `from` writes to a stranger.
    pub(crate) fn note_stranger(&mut self, from: UserId, to: UserId, now: i64) {
        let today = now.div_euclid(DAY);
        let (day, met) = self.strangers.entry(from).or_default();
        if *day != today {
            *day = today;
            met.clear();
        }
        if !met.contains(&to) {
            met.push(to);
        }
    }
}

/// The id of the chat that a request is about; 0 where it is about none.
fn chat_of(request: &Object) -> i64 {
    ["peer", "to_peer", "channel", "user_id", "chat_id"]
        .iter()
        .find_map(|field| {
            let Some(input) = request.object(field) else {
                return request.long(field);
            };
            ["user_id", "chat_id", "channel_id"]
                .iter()
                .find_map(|id| input.long(id))
        })
        .unwrap_or(0)
}

impl Call<'_> {
    /// Refuses a call that comes too soon after others.
    pub(crate) fn check_flood(&mut self, request: &Object) -> Result<(), RpcError> {
        let rules = &self.state.config.flood;
        if rules.is_empty() {
            return Ok(());
        }
        let who = self.me.map_or(self.caller.auth_key_id, |me| me.0);
        let now = self.now.seconds();
        let limits = &mut self.state.limits;
        match limits.take(rules, request.name(), who, chat_of(request), now) {
            0 => Ok(()),
            wait => Err(RpcError::flood_wait(wait)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FloodRule, FloodScope, Limits};

    #[test]
    fn a_rule_is_read_from_its_text() {
        let rule: FloodRule = "messages.sendMessage@chat=20/3".parse().unwrap();
        assert_eq!((rule.burst, rule.every), (20, 3));
        assert_eq!(rule.scope, FloodScope::Chat);
        let rule: FloodRule = "*=5/1".parse().unwrap();
        assert_eq!(rule.scope, FloodScope::Account);
        for wrong in ["", "a", "a=1", "a=0/1", "a=1/0", "=1/1", "a@b=1/1", "a=x/1"] {
            assert!(wrong.parse::<FloodRule>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_burst_then_one_at_a_time() {
        let rules = ["messages.*@method=3/10".parse().unwrap()];
        let mut limits = Limits::default();
        let mut take = |function, now| limits.take(&rules, function, 1, 0, now);
        for _ in 0..3 {
            assert_eq!(take("messages.search", 100), 0);
        }
        assert_eq!(take("messages.search", 100), 10);
        assert_eq!(
            take("messages.search", 104),
            6,
            "a refused call costs nothing"
        );
        assert_eq!(take("messages.getHistory", 104), 0, "another function");
        assert_eq!(take("users.getUsers", 104), 0, "another rule's");
        assert_eq!(take("messages.search", 110), 0);
        assert_eq!(take("messages.search", 110), 10);
    }

    #[test]
    fn chats_and_accounts_have_buckets_of_their_own() {
        let rules = ["*@chat=1/5".parse().unwrap()];
        let mut limits = Limits::default();
        let mut take = |who, chat| limits.take(&rules, "messages.sendMessage", who, chat, 0);
        assert_eq!(take(1, 10), 0);
        assert_eq!(take(1, 10), 5);
        assert_eq!(take(1, 11), 0);
        assert_eq!(take(2, 10), 0);
        assert_eq!(take(1, 0), 0, "about no chat at all");
        assert_eq!(take(1, 0), 0);
    }
}
