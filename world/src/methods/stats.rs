//! `stats.*`: numbers of channels, counted from what is in the world.
//!
//! <https://core.telegram.org/api/stats>

use tl_parser::{Object, Value};

use super::{Access, Method};
use crate::call::Call;
use crate::error::{CHAT_ADMIN_REQUIRED, RpcError};
use crate::model::ids::PeerId;
use crate::model::user::NotifyScope;

pub(super) const METHODS: &[Method] = &[Method::new(
    "stats.getBroadcastStats",
    Access::People,
    get_broadcast,
)];

const DAY: i32 = 24 * 3600;
/// Days of one period; it is compared with the one before.
const PERIOD: i32 = 7;
/// Newest posts that are listed one by one.
const POSTS: usize = 50;

/// Graphs that the world does not draw.
const GRAPHS: [&str; 12] = [
    "growth_graph",
    "followers_graph",
    "mute_graph",
    "top_hours_graph",
    "interactions_graph",
    "iv_interactions_graph",
    "views_by_source_graph",
    "new_followers_by_source_graph",
    "languages_graph",
    "reactions_by_emotion_graph",
    "story_interactions_graph",
    "story_reactions_by_emotion_graph",
];

fn change(current: f64, previous: f64) -> Object {
    Object::new("statsAbsValueAndPrev")
        .with("current", current)
        .with("previous", previous)
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn get_broadcast(call: &mut Call<'_>, request: &Object) -> Result<Value, RpcError> {
    let me = call.me()?;
    let here = call.caller.dc;
    if let Some(dc) = call.state.config.stats_dc.filter(|dc| *dc != here) {
        return Err(RpcError::migrate("STATS", dc));
    }
    let id = call.channel_in(request, "channel")?;
    let channel = call.channel_ref(id)?;
    if !channel.broadcast || !channel.is_admin(me) {
        return Err(CHAT_ADMIN_REQUIRED.into());
    }
    let now = call.date();
    let posts = channel.messages.iter().rev();
    let posts: Vec<_> = posts
        .filter_map(|(id, key)| Some((*id, call.state.messages.get(key)?)))
        .filter(|(_, post)| post.content().is_some())
        .collect();
    let between = |from: i32, to: i32| {
        let from = now.saturating_sub(from.saturating_mul(DAY));
        let to = now.saturating_sub(to.saturating_mul(DAY));
        (from, to)
    };
    let within = |date: i32, (from, to): (i32, i32)| date > from && date <= to;
    let (this, last) = (between(PERIOD, 0), between(2 * PERIOD, PERIOD));
    let mean = |period, of: &dyn Fn(&crate::model::message::Message) -> usize| {
        let chosen: Vec<usize> = posts
            .iter()
            .filter(|(_, post)| within(post.date, period))
            .map(|(_, post)| of(post))
            .collect();
        number(chosen.iter().sum()) / number(chosen.len().max(1))
    };
    let per_post = |of: &dyn Fn(&crate::model::message::Message) -> usize| {
        change(mean(this, of), mean(last, of))
    };
    let before = |date: i32| {
        let members = channel.members.values();
        number(members.filter(|member| member.date <= date).count())
    };
    let scope = NotifyScope::Peer(PeerId::Channel(id));
    let listening = channel.members.keys().filter(|member| {
        let user = call.state.users.get(member);
        let settings = user.and_then(|user| user.notify.get(&scope));
        settings.is_none_or(|settings| settings.int("mute_until").unwrap_or(0) <= now)
    });
    let notified = Object::new("statsPercentValue")
        .with("part", number(listening.count()))
        .with("total", number(channel.members.len()));
    let recent: Vec<Value> = posts
        .iter()
        .take(POSTS)
        .map(|(id, post)| {
            let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
            Object::new("postInteractionCountersMessage")
                .with("msg_id", *id)
                .with("views", count(post.viewed_by.len()))
                .with("forwards", post.forwards)
                .with("reactions", count(post.reactions.len()))
                .into()
        })
        .collect();
    let days = Object::new("statsDateRangeDays")
        .with("min_date", this.0)
        .with("max_date", this.1);
    let stats = Object::new("stats.broadcastStats")
        .with("period", days)
        .with("followers", change(before(this.1), before(this.0)))
        .with("views_per_post", per_post(&|post| post.viewed_by.len()))
        .with(
            "shares_per_post",
            per_post(&|post| usize::try_from(post.forwards).unwrap_or(0)),
        )
        .with("reactions_per_post", per_post(&|post| post.reactions.len()))
        .with("views_per_story", change(0.0, 0.0))
        .with("shares_per_story", change(0.0, 0.0))
        .with("reactions_per_story", change(0.0, 0.0))
        .with("enabled_notifications", notified)
        .with("recent_posts_interactions", recent);
    let error = || Object::new("statsGraphError").with("error", "This server draws no graphs");
    let stats = GRAPHS
        .iter()
        .fold(stats, |stats, graph| stats.with(*graph, error()));
    Ok(stats.into())
}
