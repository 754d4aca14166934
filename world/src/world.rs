//! The world as its driver sees it.

use std::collections::BTreeMap;

use tl_parser::Object;

use crate::call::Call;
use crate::caller::Caller;
use crate::config::WorldConfig;
use crate::crypto::{PasswordCrypto, PasswordParams};
use crate::error::METHOD_NOT_IMPLEMENTED;
use crate::fixtures::{AccountInfo, BotAccount, BotInfo, UserAccount, test_code};
use crate::methods::{Access, Method, table};
use crate::model::authorization::Login;
use crate::model::email::Email;
use crate::model::ids::UserId;
use crate::model::password::Password;
use crate::model::user::{Bot, Standing, User};
use crate::outcome::{Effect, Outcome, Push};
use crate::phone::digits;
use crate::state::{SERVICE_ACCOUNT, State};
use crate::store::{FileStore, MemoryStore};
use crate::time::UnixTime;

/// A Telegram world: everybody and everything behind the API, without IO, clocks or layers.
///
/// One call at a time goes in; its reply, the updates for others, and the work for the driver come out.
/// The same configuration and the same calls give the same outcomes, byte for byte.
#[derive(Debug)]
pub struct World {
    state: State,
    methods: BTreeMap<&'static str, &'static Method>,
}

impl World {
    /// A world with the people and bots of its configuration; files stay in memory.
    pub fn new(config: WorldConfig, crypto: Box<dyn PasswordCrypto + Send>) -> Self {
        Self::with_store(config, crypto, Box::new(MemoryStore::default()))
    }

    /// Like [`World::new`], with another place for the bytes of files.
    pub fn with_store(
        config: WorldConfig,
        crypto: Box<dyn PasswordCrypto + Send>,
        store: Box<dyn FileStore + Send>,
    ) -> Self {
        let users = config.users.clone();
        let bots = config.bots.clone();
        let mut state = State::new(config, crypto, store);
        let mut service = User::new(SERVICE_ACCOUNT, "Telegram");
        service.phone = Some("42777".into());
        service.verified = true;
        service.support = true;
        state.add_user(service);
        let mut world = Self {
            state,
            methods: table(),
        };
        for user in &users {
            world.add_user(user);
        }
        for bot in &bots {
            world.add_bot(bot);
        }
        world
    }

    /// Adds a person and gives the id. An account with the same number is left as it is.
    pub fn add_user(&mut self, account: &UserAccount) -> i64 {
        let phone = digits(&account.phone);
        if let Some(id) = self.state.phones.get(&phone) {
            return id.0;
        }
        let id = UserId(self.state.fresh_id());
        let mut user = User::new(id, account.first_name.as_str());
        user.last_name.clone_from(&account.last_name);
        user.username.clone_from(&account.username);
        user.phone = Some(phone);
        user.premium = account.premium;
        user.dc = account.dc;
        user.password = account
            .password
            .as_ref()
            .map(|password| self.clear_password(password));
        self.state.add_user(user);
        id.0
    }

    fn clear_password(&mut self, password: &str) -> Password {
        let (g, p) = self.state.crypto.group();
        let params = PasswordParams {
            salt1: self.state.random.bytes::<40>().to_vec(),
            salt2: self.state.random.bytes::<16>().to_vec(),
            g,
            p,
        };
        Password {
            params,
            verifier: None,
            clear: Some(password.into()),
            hint: String::new(),
            recovery_email: None,
        }
    }

    /// Adds a bot and gives its id, which is the number in front of its token.
    pub fn add_bot(&mut self, account: &BotAccount) -> i64 {
        let written = account
            .token
            .split_once(':')
            .and_then(|(id, _)| id.parse().ok())
            .map(UserId)
            .filter(|id| !self.state.users.contains_key(id));
        let id = written.unwrap_or_else(|| UserId(self.state.fresh_id()));
        let mut bot = User::new(id, account.name.as_str());
        bot.username = Some(account.username.clone());
        bot.dc = account.dc;
        bot.bot = Some(Bot {
            token: account.token.clone(),
            inline_placeholder: account.inline_placeholder.clone(),
            info_version: 1,
            ..Bot::default()
        });
        self.state.add_user(bot);
        id.0
    }

    /// The people of the world who have a phone number, in the order of the numbers, with what a test needs to log in.
    pub fn accounts(&self) -> Vec<AccountInfo> {
        let people = self.state.users.values().filter(|user| !user.is_bot());
        let mut accounts: Vec<AccountInfo> = people
            .filter(|user| user.id != SERVICE_ACCOUNT)
            .filter_map(|user| {
                let phone = user.phone.clone()?;
                let password = user.password.as_ref();
                let password = password.and_then(|password| password.clear.clone());
                Some(AccountInfo {
                    id: user.id.0,
                    code: test_code(&phone),
                    phone,
                    password,
                    first_name: user.first_name.clone(),
                    username: user.username.clone(),
                })
            })
            .collect();
        accounts.sort_by(|one, other| one.phone.cmp(&other.phone));
        accounts
    }

    /// The bots of the world.
    pub fn bots(&self) -> Vec<BotInfo> {
        self.state
            .users
            .values()
            .filter_map(|user| {
                Some(BotInfo {
                    id: user.id.0,
                    token: user.bot.as_ref()?.token.clone(),
                    username: user.username.clone()?,
                })
            })
            .collect()
    }

    /// Names of the functions that the world answers, with who may call each, in alphabetical order.
    pub fn methods(&self) -> impl Iterator<Item = (&'static str, Access)> + '_ {
        self.methods.values().map(|row| (row.name, row.access))
    }

    /// The account that a permanent authorization key is logged in to.
    pub fn user_of(&self, auth_key_id: i64) -> Option<i64> {
        let authorization = self.state.authorization(auth_key_id)?;
        authorization.user().map(|user| user.0)
    }

    /// Logs a key in to an account without a login, as a ready session has it. `false` where there is no such account.
    pub fn log_in(&mut self, now: UnixTime, caller: &Caller, user_id: i64) -> bool {
        let user = UserId(user_id);
        let exists = self.state.users.contains_key(&user);
        if exists {
            self.state.set_login(caller, Login::User(user), now.date());
        }
        exists
    }

    /// Changes whether an account is served. `false` where there is no such account.
    pub fn set_standing(&mut self, user_id: i64, standing: Standing) -> bool {
        let user = self.state.users.get_mut(&UserId(user_id));
        user.map(|user| user.standing = standing).is_some()
    }

    /// Unix second at which [`World::handle_timeout`] has something to do; `None` while nothing waits.
    pub fn poll_timeout(&self) -> Option<i64> {
        let expiring = self.state.expiring.first().map(|(date, _)| *date);
        let scheduled = self.state.schedule.next();
        let next = [expiring, scheduled].into_iter().flatten().min();
        next.map(i64::from)
    }

    /// Does what is due at `now`: sends scheduled messages, takes away those whose time is over. Gives the updates.
    pub fn handle_timeout(&mut self, now: UnixTime) -> Vec<Push> {
        let nobody = Caller::default();
        let mut call = Call {
            me: None,
            state: &mut self.state,
            now,
            caller: &nobody,
            pushes: Vec::new(),
            effects: Vec::new(),
        };
        call.send_due();
        call.expire_due();
        call.pushes
    }

    /// Ends a login as another session of its account would: the key is answered with `SESSION_REVOKED`. `false` where it has none.
    pub fn revoke_session(&mut self, auth_key_id: i64) -> bool {
        let known = self.user_of(auth_key_id).is_some();
        self.state.revoke(auth_key_id);
        known
    }

    /// Ends a key as if it had been used from two places at once: it is answered with `AUTH_KEY_DUPLICATED`. `false` where it has no login.
    pub fn duplicate_key(&mut self, auth_key_id: i64) -> bool {
        let known = self.user_of(auth_key_id).is_some();
        self.state.duplicate(auth_key_id);
        known
    }

    /// The newest e-mails that the service sent, oldest first; nothing leaves the world, so a test reads the codes here.
    pub fn emails(&self) -> impl Iterator<Item = &Email> {
        self.state.emails.sent()
    }

    /// Carries out one call.
    ///
    /// `request` is in terms of the newest layer, without wrappers such as `invokeWithLayer`.
    pub fn call(&mut self, now: UnixTime, caller: &Caller, request: &Object) -> Outcome {
        let mut call = Call {
            me: None,
            state: &mut self.state,
            now,
            caller,
            pushes: Vec::new(),
            effects: Vec::new(),
        };
        let reply = match self.methods.get(request.name()) {
            Some(method) => {
                let entered = call.enter(method, request);
                entered.and_then(|()| (method.handler)(&mut call, request))
            }
            None => {
                call.effects.push(Effect::Unimplemented {
                    function: request.name().to_owned(),
                });
                Err(METHOD_NOT_IMPLEMENTED.into())
            }
        };
        Outcome {
            reply,
            pushes: call.pushes,
            effects: call.effects,
        }
    }
}
