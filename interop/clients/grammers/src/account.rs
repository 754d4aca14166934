//! One client with its connection and its updates.

use std::sync::Arc;

use grammers_client::client::UpdateStream;
use grammers_client::message::Message;
use grammers_client::update::Update;
use grammers_client::{Client, peer::Peer};
use grammers_mtsender::{SenderPool, SenderPoolFatHandle, UpdatesConfiguration};
use grammers_session::Session;
use grammers_session::storages::MemorySession;
use grammers_session::types::{DcOption, PeerRef};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::report::Done;
use crate::situation::Situation;

pub struct Account {
    pub client: Client,
    pub session: Arc<MemorySession>,
    handle: SenderPoolFatHandle,
    pool: JoinHandle<()>,
    updates: Option<mpsc::Receiver<grammers_session::updates::UpdatesLike>>,
    listener: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    heard: Option<mpsc::UnboundedReceiver<Message>>,
    kept: Vec<Message>,
}

/// A session that knows the address of the server, and its key where there is one.
pub async fn session(situation: &Situation, auth_key: Option<[u8; 256]>) -> Arc<MemorySession> {
    // region: point
    let session = MemorySession::default();
    for id in 1..=5 {
        let known = session.dc_option(id).ok().flatten();
        let mut option = known.expect("the five DCs are known");
        option.ipv4 = situation.address;
        if id == situation.dc {
            option.auth_key = auth_key;
        }
        let _ = session.set_dc_option(&option).await;
    }
    let _ = session.set_home_dc_id(situation.dc).await;
    // endregion
    Arc::new(session)
}

impl Account {
    pub fn open(session: Arc<MemorySession>) -> Self {
        let SenderPool {
            runner,
            updates,
            handle,
        } = SenderPool::new(Arc::clone(&session), 1);
        let client = Client::new(handle.clone());
        let pool = tokio::spawn(async move {
            runner.run().await;
        });
        Self {
            client,
            session,
            handle,
            pool,
            updates: Some(updates),
            listener: None,
            heard: None,
            kept: Vec::new(),
        }
    }

    /// Begins to handle updates; presses of buttons are answered with `answer`.
    pub async fn listen(&mut self, answer: &'static str) -> Done {
        let updates = self.updates.take().ok_or("it listens already")?;
        let configuration = UpdatesConfiguration { catch_up: true };
        let mut stream = self.client.stream_updates(updates, configuration).await?;
        let (stop, mut stopped) = oneshot::channel();
        let (hear, heard) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = &mut stopped => break,
                    update = stream.next() => match update {
                        Ok(update) => handle(update, &hear, answer).await,
                        Err(error) => {
                            eprintln!("updates: {error}");
                            break;
                        }
                    }
                }
            }
            remember(&stream).await;
        });
        self.listener = Some((stop, task));
        self.heard = Some(heard);
        Ok(())
    }

    /// Waits for an incoming message with this text.
    pub async fn received(&mut self, text: &str) -> Done<Message> {
        if let Some(at) = self.kept.iter().position(|message| message.text() == text) {
            return Ok(self.kept.remove(at));
        }
        let heard = self.heard.as_mut().ok_or("it does not listen")?;
        while let Some(message) = heard.recv().await {
            if message.text() == text {
                return Ok(message);
            }
            self.kept.push(message);
        }
        Err("the updates ended".into())
    }

    /// Closes the connection and gives the session back.
    pub async fn close(mut self) -> Arc<MemorySession> {
        if let Some((stop, task)) = self.listener.take() {
            let _ = stop.send(());
            let _ = task.await;
        }
        self.handle.thin.quit();
        let _ = self.pool.await;
        self.session
    }

    pub async fn me(&self) -> Done<PeerRef> {
        let me = self.client.get_me().await?;
        Ok(me.to_ref().await?.ok_or("no reference to oneself")?)
    }

    pub async fn peer(&self, username: &str) -> Done<PeerRef> {
        let found = self.client.resolve_username(username).await?;
        let peer = found.ok_or_else(|| format!("nobody is called {username}"))?;
        Ok(peer.to_ref().await?.ok_or("no reference")?)
    }

    pub async fn find_chat(&self, title: &str) -> Done<PeerRef> {
        let mut dialogs = self.client.iter_dialogs();
        while let Some(dialog) = dialogs.next().await? {
            if dialog.peer().name() == Some(title) {
                return Ok(dialog.peer_ref());
            }
        }
        Err(format!("no dialog is called {title}").into())
    }

    pub async fn history(&self, chat: PeerRef, limit: usize) -> Done<Vec<Message>> {
        let mut messages = self.client.iter_messages(chat).limit(limit);
        let mut found = Vec::new();
        while let Some(message) = messages.next().await? {
            found.push(message);
        }
        Ok(found)
    }

    pub async fn texts(&self, chat: PeerRef, limit: usize) -> Done<Vec<String>> {
        let messages = self.history(chat, limit).await?;
        Ok(messages
            .iter()
            .map(|message| message.text().to_owned())
            .collect())
    }

    /// The key of the DC that it is logged in at.
    pub fn auth_key(&self, dc: i32) -> Done<[u8; 256]> {
        let option: Option<DcOption> = self.session.dc_option(dc)?;
        Ok(option
            .and_then(|option| option.auth_key)
            .ok_or("no authorization key")?)
    }
}

pub fn username(peer: Option<&Peer>) -> Option<&str> {
    peer.and_then(Peer::username)
}

async fn handle(update: Update, hear: &mpsc::UnboundedSender<Message>, answer: &'static str) {
    match update {
        Update::NewMessage(message) if !message.outgoing() => {
            let _ = hear.send((*message).clone());
        }
        Update::CallbackQuery(query) => {
            if let Err(error) = query.answer().text(answer).send().await {
                eprintln!("answer: {error}");
            }
        }
        _ => {}
    }
}

async fn remember(stream: &UpdateStream) {
    if let Err(error) = stream.sync_update_state().await {
        eprintln!("state of updates: {error}");
    }
}
