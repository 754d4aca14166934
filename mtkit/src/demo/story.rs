//! What happens in the demo: two people and a bot meet.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use client::{Client, ClientConfig, Login, Updates};
use mock_server::MockServer;
use tl_parser::{Object, Value};

/// An update that takes longer than this is lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// One line of the story: who, and what.
fn line(who: &str, what: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{who:<8} {what}").context("cannot write to standard output")
}

pub(super) async fn tell(server: &MockServer) -> anyhow::Result<()> {
    line(
        "server",
        &format!(
            "listens on {}, RSA key {:016x}",
            server.address(),
            server.rsa_public_key().fingerprint()
        ),
    )?;
    let people = server.accounts();
    let plain = people
        .iter()
        .find(|person| person.password.is_none())
        .context("the world has nobody without a password")?;
    let guarded = people
        .iter()
        .find(|person| person.password.is_some())
        .context("the world has nobody with a password")?;
    let bot = server.bots().first().context("the world has no bot")?;

    let first = connect(server, &plain.first_name).await?;
    log_in(&first, plain).await?;
    let second = connect(server, &guarded.first_name).await?;
    log_in(&second, guarded).await?;
    let machine = connect(server, "bot").await?;
    let Login::Done(me) = machine.sign_in_bot(&bot.token).await? else {
        bail!("the bot was asked for more than its token");
    };
    line(
        "bot",
        &format!("logged in with its token as {}", name_of(&me)),
    )?;

    // Listen before anybody speaks.
    let mut news_of_second = second.updates();
    let mut news_of_machine = machine.updates();
    for client in [&first, &second, &machine] {
        client.invoke(Value::object("updates.getState")).await?;
    }

    let greeting = format!("Hello {}, this never left the laptop.", guarded.first_name);
    let username = guarded
        .username
        .as_deref()
        .context("the friend has no username")?;
    send(&first, &plain.first_name, username, &greeting, 1).await?;
    let received = receive(&mut news_of_second).await?;
    ensure!(
        received.text == greeting,
        "another text arrived: {}",
        received.text
    );
    line(
        &guarded.first_name,
        &format!("got it as a live update: {:?}", received.text),
    )?;

    let question = "Are you real?";
    send(&first, &plain.first_name, &bot.username, question, 2).await?;
    let asked = receive(&mut news_of_machine).await?;
    ensure!(
        asked.text == question,
        "another text arrived: {}",
        asked.text
    );
    let mut news_of_first = first.updates();
    let peer = asked
        .sender
        .context("the update does not describe its sender")?;
    machine
        .invoke(message(peer, "As real as the protocol.", 1))
        .await
        .context("the bot's answer")?;
    let answer = receive(&mut news_of_first).await?;
    line("bot", &format!("answered: {:?}", answer.text))?;

    for client in [first, second, machine] {
        client.close().await;
    }
    Ok(())
}

async fn connect(server: &MockServer, who: &str) -> anyhow::Result<Client> {
    let config = ClientConfig::new(
        server.address(),
        server.dc(),
        server.rsa_public_key().clone(),
    );
    let client = Client::connect(config)
        .await
        .with_context(|| format!("{who} cannot connect"))?;
    line(
        who,
        &format!("made authorization key {}", client.auth_key_id()),
    )?;
    Ok(client)
}

async fn log_in(client: &Client, account: &mock_server::AccountInfo) -> anyhow::Result<()> {
    let code = account
        .code
        .as_deref()
        .context("the login code is not known")?;
    let sent = client.send_code(&account.phone).await?;
    let mut how = "phone and code";
    let mut login = client.sign_in(&sent, code).await?;
    if matches!(login, Login::PasswordNeeded) {
        let password = account
            .password
            .as_deref()
            .context("a password was asked for")?;
        how = "phone, code and password";
        login = client.check_password(password).await?;
    }
    let Login::Done(me) = login else {
        bail!("{} has no account", account.phone);
    };
    line(
        &account.first_name,
        &format!("logged in with {how} as {}", name_of(&me)),
    )
}

fn name_of(user: &Object) -> String {
    format!(
        "{} (@{})",
        user.str("first_name").unwrap_or("nobody"),
        user.str("username").unwrap_or("-")
    )
}

async fn send(
    client: &Client,
    who: &str,
    username: &str,
    text: &str,
    random_id: i64,
) -> anyhow::Result<()> {
    let found = client
        .invoke(Value::object("contacts.resolveUsername").with("username", username))
        .await?;
    let user = found
        .as_object()
        .and_then(|found| found.vector("users")?.first()?.as_object())
        .with_context(|| format!("nobody is called @{username}"))?;
    let peer = input_peer(user).context("the user has no access hash")?;
    client.invoke(message(peer, text, random_id)).await?;
    line(who, &format!("wrote to @{username}: {text:?}"))
}

/// `random_id` must differ between the messages of one account.
fn message(peer: Object, text: &str, random_id: i64) -> Object {
    Value::object("messages.sendMessage")
        .with("peer", peer)
        .with("message", text)
        .with("random_id", random_id)
}

fn input_peer(user: &Object) -> Option<Object> {
    let peer = Value::object("inputPeerUser")
        .with("user_id", user.long("id")?)
        .with("access_hash", user.long("access_hash")?);
    Some(peer)
}

/// A message that arrived by itself.
struct Received {
    text: String,
    sender: Option<Object>,
}

/// The next new message.
async fn receive(updates: &mut Updates) -> anyhow::Result<Received> {
    let next = async {
        loop {
            let update = updates.next().await.context("the connection ended")?;
            if let Some(received) = update.as_object().and_then(new_message) {
                return Ok(received);
            }
        }
    };
    tokio::time::timeout(PATIENCE, next)
        .await
        .context("no update came")?
}

fn new_message(updates: &Object) -> Option<Received> {
    let message = updates
        .vector("updates")?
        .iter()
        .filter_map(Value::as_object)
        .find(|update| update.name() == "updateNewMessage")?
        .object("message")?;
    // In a private chat the sender is the peer, unless it is named.
    let from = message
        .object("from_id")
        .or_else(|| message.object("peer_id"))?;
    let sender = updates
        .vector("users")?
        .iter()
        .filter_map(Value::as_object)
        .find(|user| user.long("id") == from.long("user_id"))
        .and_then(input_peer);
    Some(Received {
        text: message.str("message")?.to_owned(),
        sender,
    })
}
