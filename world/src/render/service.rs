//! `MessageAction` of service messages.

use tl_parser::{Object, Value};

use super::View;
use crate::model::ids::{PeerId, UserId};
use crate::model::message::Action;

impl View<'_> {
    /// What a service message says.
    pub(crate) fn action(&mut self, action: &Action) -> Object {
        match action {
            Action::ChatCreate { title, users } => Object::new("messageActionChatCreate")
                .with("title", title.as_str())
                .with("users", self.user_ids(users)),
            Action::ChannelCreate { title } => {
                Object::new("messageActionChannelCreate").with("title", title.as_str())
            }
            Action::EditTitle { title } => {
                Object::new("messageActionChatEditTitle").with("title", title.as_str())
            }
            Action::EditPhoto(photo) => {
                Object::new("messageActionChatEditPhoto").with("photo", self.photo(*photo))
            }
            Action::DeletePhoto => Object::new("messageActionChatDeletePhoto"),
            Action::AddUsers(users) => {
                Object::new("messageActionChatAddUser").with("users", self.user_ids(users))
            }
            Action::DeleteUser(user) => {
                Object::new("messageActionChatDeleteUser").with("user_id", self.user_id(*user))
            }
            Action::JoinedByLink { inviter } => Object::new("messageActionChatJoinedByLink")
                .with("inviter_id", self.user_id(*inviter)),
            Action::JoinedByRequest => Object::new("messageActionChatJoinedByRequest"),
            Action::SetTtl { period } => {
                Object::new("messageActionSetMessagesTTL").with("period", *period)
            }
            Action::PinMessage => Object::new("messageActionPinMessage"),
            Action::MigrateTo(channel) => {
                self.note(PeerId::Channel(*channel));
                Object::new("messageActionChatMigrateTo").with("channel_id", channel.0)
            }
            Action::MigrateFrom { title, chat } => {
                self.note(PeerId::Chat(*chat));
                Object::new("messageActionChannelMigrateFrom")
                    .with("title", title.as_str())
                    .with("chat_id", chat.0)
            }
        }
    }

    fn user_ids(&mut self, users: &[UserId]) -> Vec<Value> {
        users
            .iter()
            .map(|user| self.user_id(*user).into())
            .collect()
    }
}
