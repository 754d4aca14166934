//! The steps that begin with a ready session.

use std::fs;

use grammers_client::message::{Button, InputMessage, ReplyMarkup};
use grammers_client::{InvocationError, tl};
use serde_json::Value;

use crate::account::{Account, session, username};
use crate::report::{Done, NotOffered, Steps, expect, refused};
use crate::situation::{Situation, text_of};

struct Cast {
    alice: Account,
    bob: Account,
    bot: Account,
}

pub async fn tell(situation: &Situation, keys: &str, steps: &mut Steps) -> Done {
    let keys: Value = serde_json::from_str(&fs::read_to_string(keys)?)?;
    let open = async |name: &str| -> Done<Account> {
        let key = unhex(text_of(&keys[name]))?;
        Ok(Account::open(session(situation, Some(key)).await))
    };
    let mut cast = Cast {
        alice: open("alice").await?,
        bob: open("bob").await?,
        bot: open("bot").await?,
    };
    let begun = steps.run("session", async {
        let me = cast.bob.client.get_me().await?;
        expect(
            me.username() == situation.bob["username"].as_str(),
            "somebody else",
        )?;
        for account in [&mut cast.alice, &mut cast.bob, &mut cast.bot] {
            // Nothing connects before the first query, and nobody is told anything before that.
            expect(
                account.client.is_authorized().await?,
                "the session carries no login",
            )?;
            account.listen("you pressed it").await?;
        }
        Ok(())
    });
    if !begun.await {
        return Err("session".into());
    }
    steps.run("me", me(&cast, situation)).await;
    steps.run("dialogs", dialogs(&cast, situation)).await;
    steps.run("send", send(&cast)).await;
    steps.run("history", history(&cast)).await;
    steps.run("edit", edit(&cast, situation)).await;
    steps.run("delete", delete(&cast, situation)).await;
    steps.run("reply", reply(&cast, situation)).await;
    steps.run("forward", forward(&cast, situation)).await;
    steps.run("update", update(&mut cast, situation)).await;
    steps
        .run("gap", async {
            let away = open("bob").await?;
            gap(&cast, away, situation).await
        })
        .await;
    steps.run("media", media(&cast, situation, 3 << 20)).await;
    steps.run("stream", media(&cast, situation, 50 << 20)).await;
    steps.run("group", group(&mut cast, situation)).await;
    steps.run("channel", channel(&mut cast)).await;
    steps.run("button", button(&mut cast, situation)).await;
    steps.run("flood", flood(&cast)).await;
    steps
        .run("migrate", async {
            Err(NotOffered("the story has no account of another DC yet").into())
        })
        .await;
    steps.run("drop", dropped(&mut cast, situation)).await;
    steps
        .run("pfs", async {
            Err(NotOffered("the client has no temporary keys").into())
        })
        .await;
    steps
        .run("logout", async {
            cast.alice.client.sign_out().await?;
            refused(cast.alice.client.get_me().await, "AUTH_KEY_UNREGISTERED")
        })
        .await;
    Ok(())
}

fn bob(situation: &Situation) -> &str {
    text_of(&situation.bob["username"])
}

fn alice(situation: &Situation) -> &str {
    text_of(&situation.alice["username"])
}

async fn me(cast: &Cast, situation: &Situation) -> Done {
    let me = cast.alice.client.get_me().await?;
    expect(
        me.username() == Some(alice(situation)),
        format!("me is {:?}", me.username()),
    )
}

async fn dialogs(cast: &Cast, situation: &Situation) -> Done {
    let to = cast.bob.peer(alice(situation)).await?;
    for number in 1..=3 {
        cast.bob
            .client
            .send_message(to, format!("bob's words {number}"))
            .await?;
    }
    let from = cast.alice.find_chat("Bob").await?;
    let found = cast.alice.texts(from, 2).await?;
    expect(
        found == ["bob's words 3", "bob's words 2"],
        format!("the newest two are {found:?}"),
    )
}

async fn send(cast: &Cast) -> Done {
    let me = cast.alice.me().await?;
    let sent = cast
        .alice
        .client
        .send_message(me, "a note to myself")
        .await?;
    expect(
        sent.id() > 0 && sent.text() == "a note to myself",
        format!("sent {:?}", sent.text()),
    )
}

async fn history(cast: &Cast) -> Done {
    let found = cast.alice.texts(cast.alice.me().await?, 10).await?;
    expect(
        found == ["a note to myself"],
        format!("history is {found:?}"),
    )
}

async fn edit(cast: &Cast, situation: &Situation) -> Done {
    let to = cast.alice.peer(bob(situation)).await?;
    let sent = cast.alice.client.send_message(to, "frist").await?;
    cast.alice
        .client
        .edit_message(to, sent.id(), "first")
        .await?;
    let seen = cast
        .bob
        .texts(cast.bob.peer(alice(situation)).await?, 1)
        .await?;
    expect(seen == ["first"], format!("Bob reads {seen:?}"))
}

async fn delete(cast: &Cast, situation: &Situation) -> Done {
    let to = cast.alice.peer(bob(situation)).await?;
    let from = cast.bob.peer(alice(situation)).await?;
    let sent = cast.alice.client.send_message(to, "never mind").await?;
    cast.alice.client.delete_messages(to, &[sent.id()]).await?;
    for texts in [
        cast.alice.texts(to, 10).await?,
        cast.bob.texts(from, 10).await?,
    ] {
        expect(
            !texts.iter().any(|text| text == "never mind"),
            format!("still there: {texts:?}"),
        )?;
    }
    Ok(())
}

async fn reply(cast: &Cast, situation: &Situation) -> Done {
    let to = cast.alice.peer(bob(situation)).await?;
    let from = cast.bob.peer(alice(situation)).await?;
    let question = cast.alice.client.send_message(to, "how are you?").await?;
    let seen = cast.bob.history(from, 1).await?;
    seen[0].reply("well").await?;
    let answers = cast.alice.history(to, 1).await?;
    let answer = &answers[0];
    expect(
        answer.text() == "well" && answer.reply_to_message_id() == Some(question.id()),
        format!(
            "{:?} replies to {:?}",
            answer.text(),
            answer.reply_to_message_id()
        ),
    )
}

async fn forward(cast: &Cast, situation: &Situation) -> Done {
    let from = cast.alice.peer(bob(situation)).await?;
    let me = cast.alice.me().await?;
    let original = cast.alice.history(from, 1).await?;
    cast.alice
        .client
        .forward_messages(me, &[original[0].id()], from)
        .await?;
    let copies = cast.alice.history(me, 1).await?;
    let copy = &copies[0];
    expect(
        copy.text() == original[0].text() && copy.forward_header().is_some(),
        format!("the copy is {:?}", copy.text()),
    )
}

async fn update(cast: &mut Cast, situation: &Situation) -> Done {
    let to = cast.alice.peer(bob(situation)).await?;
    cast.alice.client.send_message(to, "hello, live").await?;
    let message = cast.bob.received("hello, live").await?;
    let sender = username(message.sender());
    expect(
        sender == Some(alice(situation)),
        format!("the sender is {sender:?}"),
    )
}

async fn gap(cast: &Cast, mut away: Account, situation: &Situation) -> Done {
    let to = cast.alice.peer(bob(situation)).await?;
    away.listen("").await?;
    // Peers must be known for differences to be read.
    away.find_chat("Alice").await?;
    cast.alice.client.send_message(to, "are you there?").await?;
    away.received("are you there?").await?;
    let session = away.close().await;
    for number in 1..=3 {
        let text = format!("while you were away {number}");
        cast.alice.client.send_message(to, text).await?;
    }
    let mut back = Account::open(session);
    back.listen("").await?;
    for number in 1..=3 {
        back.received(&format!("while you were away {number}"))
            .await?;
    }
    back.close().await;
    Ok(())
}

async fn media(cast: &Cast, situation: &Situation, size: usize) -> Done {
    let content = pattern(size);
    let sent = format!("sent-{size}.bin");
    fs::write(&sent, &content)?;
    let to = cast.alice.peer(bob(situation)).await?;
    let uploaded = cast.alice.client.upload_file(&sent).await?;
    cast.alice
        .client
        .send_message(to, InputMessage::new().file(uploaded))
        .await?;
    let messages = cast
        .bob
        .history(cast.bob.peer(alice(situation)).await?, 1)
        .await?;
    let media = messages[0].media().ok_or("no file in the message")?;
    let mut back = Vec::with_capacity(size);
    let mut chunks = cast.bob.client.iter_download(&media);
    while let Some(chunk) = chunks.next().await? {
        back.extend(chunk);
    }
    expect(
        back == content,
        format!("{} bytes came back of {size}, or other ones", back.len()),
    )
}

async fn group(cast: &mut Cast, situation: &Situation) -> Done {
    let client = &cast.alice.client;
    let other = cast.alice.peer(bob(situation)).await?;
    let create = tl::functions::messages::CreateChat {
        users: vec![other.into()],
        title: "Readers".into(),
        ttl_period: None,
    };
    client.invoke(&create).await?;
    let mine = cast.alice.find_chat("Readers").await?;
    let chat_id = mine.id.bare_id().ok_or("no number")?;
    let rename = tl::functions::messages::EditChatTitle {
        chat_id,
        title: "Writers".into(),
    };
    client.invoke(&rename).await?;
    let his = cast.bob.find_chat("Writers").await?;
    cast.bob.client.send_message(his, "hello, group").await?;
    let message = cast.alice.received("hello, group").await?;
    let sender = username(message.sender());
    expect(
        sender == Some(bob(situation)),
        format!("the sender is {sender:?}"),
    )?;
    let client = &cast.alice.client;
    expect(members(cast, mine).await? == 2, "not two members")?;
    client.kick_participant(mine, other).await?;
    expect(members(cast, mine).await? == 1, "not one member")
}

async fn members(cast: &Cast, chat: grammers_session::types::PeerRef) -> Done<usize> {
    let mut found = 0;
    let mut members = cast.alice.client.iter_participants(chat);
    while members.next().await?.is_some() {
        found += 1;
    }
    Ok(found)
}

async fn channel(cast: &mut Cast) -> Done {
    let client = &cast.alice.client;
    let create = tl::functions::channels::CreateChannel {
        broadcast: true,
        megagroup: false,
        for_import: false,
        forum: false,
        title: "News".into(),
        about: String::new(),
        geo_point: None,
        address: None,
        ttl_period: None,
    };
    client.invoke(&create).await?;
    let mine = cast.alice.find_chat("News").await?;
    let name = tl::functions::channels::UpdateUsername {
        channel: mine.into(),
        username: "mtkit_news".into(),
    };
    client.invoke(&name).await?;
    let his = cast.bob.peer("mtkit_news").await?;
    cast.bob
        .client
        .join_chat(his)
        .await?
        .ok_or("joining gave no channel")?;
    client.send_message(mine, "breaking news").await?;
    cast.bob.received("breaking news").await?;
    let seen = cast.bob.texts(his, 1).await?;
    expect(
        seen == ["breaking news"],
        format!("the newest post is {seen:?}"),
    )?;
    refused(
        cast.bob.client.send_message(his, "me too").await,
        "CHAT_ADMIN_REQUIRED",
    )
}

async fn button(cast: &mut Cast, situation: &Situation) -> Done {
    let to = cast.alice.peer(text_of(&situation.bot["username"])).await?;
    cast.alice.client.send_message(to, "/start").await?;
    cast.bot.received("/start").await?;
    let person = cast.bot.peer(alice(situation)).await?;
    let keyboard = ReplyMarkup::from_buttons(&[vec![Button::data("the button", "pressed")]]);
    let message = InputMessage::new().text("press it").reply_markup(keyboard);
    cast.bot.client.send_message(person, message).await?;
    let message = cast.alice.received("press it").await?;
    let press = tl::functions::messages::GetBotCallbackAnswer {
        game: false,
        peer: to.into(),
        msg_id: message.id(),
        data: Some(b"pressed".to_vec()),
        password: None,
    };
    let tl::enums::messages::BotCallbackAnswer::Answer(answer) =
        cast.alice.client.invoke(&press).await?;
    expect(
        answer.message.as_deref() == Some("you pressed it"),
        format!("the answer is {:?}", answer.message),
    )
}

async fn flood(cast: &Cast) -> Done {
    let set_bio = async |about: &str| {
        let request = tl::functions::account::UpdateProfile {
            first_name: None,
            last_name: None,
            about: Some(about.to_owned()),
        };
        cast.alice.client.invoke(&request).await
    };
    set_bio("the first change is free").await?;
    match set_bio("the second comes too soon").await {
        Err(InvocationError::Rpc(error)) if error.name == "FLOOD_WAIT" => {
            let seconds = error.value.unwrap_or(0);
            expect(
                (1..=300).contains(&seconds),
                format!("{seconds} seconds to wait"),
            )
        }
        Err(error) => Err(error.into()),
        Ok(_) => Err("no FLOOD_WAIT".into()),
    }
}

async fn dropped(cast: &mut Cast, situation: &Situation) -> Done {
    let to = cast.alice.peer(bob(situation)).await?;
    let from = cast.bob.peer(alice(situation)).await?;
    situation.lose_next_request();
    cast.alice
        .client
        .send_message(to, "sent into a broken connection")
        .await?;
    let texts = cast.alice.texts(to, 5).await?;
    let count = texts
        .iter()
        .filter(|text| *text == "sent into a broken connection")
        .count();
    expect(count == 1, format!("history is {texts:?}"))?;
    cast.bob.client.send_message(from, "still here?").await?;
    cast.alice.received("still here?").await?;
    Ok(())
}

/// Bytes without a period, the same in every run.
fn pattern(size: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(size).collect()
}

fn unhex(text: &str) -> Done<[u8; 256]> {
    let bytes: Result<Vec<u8>, _> = (0..text.len() / 2)
        .map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16))
        .collect();
    Ok(bytes?.try_into().map_err(|_| "not 256 bytes")?)
}
