//! The steps that make new authorization keys.

use std::fs;

use grammers_client::SignInError;
use serde_json::{Value, json};

use crate::account::{Account, session};
use crate::report::{Done, NotOffered, Steps, expect, refused};
use crate::situation::{Situation, text_of};

pub async fn tell(situation: &Situation, keys: &str, steps: &mut Steps) -> Done {
    let alice = Account::open(session(situation, None).await);
    let connected = steps.run("connect", async {
        expect(
            !alice.client.is_authorized().await?,
            "a new key is already authorised",
        )
    });
    if !connected.await {
        return Err("connect".into());
    }
    let logged_in = steps.run("login", async {
        let name = log_in(&alice, &situation.alice).await?;
        expect(
            name == text_of(&situation.alice["first_name"]),
            format!("logged in as {name}"),
        )
    });
    if !logged_in.await {
        return Err("login".into());
    }
    steps
        .run("signup", async {
            Err(NotOffered("grammers leaves sign-up to official applications").into())
        })
        .await;
    steps.run("2fa", two_factors(situation)).await;

    let bot = Account::open(session(situation, None).await);
    steps
        .run("bot", async {
            let me = bot
                .client
                .bot_sign_in(text_of(&situation.bot["token"]), "mtkit")
                .await?;
            expect(
                me.username() == situation.bot["username"].as_str(),
                "another bot",
            )
        })
        .await;
    let bob = Account::open(session(situation, None).await);
    log_in(&bob, &situation.bob).await?;

    // The keys are all that the other program needs, which runs without any change to the crates.
    let key = |account: &Account| account.auth_key(situation.dc).map(|key| json!(hex(&key)));
    let all = json!({ "alice": key(&alice)?, "bob": key(&bob)?, "bot": key(&bot)? });
    fs::write(keys, all.to_string())?;
    for account in [alice, bob, bot] {
        account.close().await;
    }
    let again = Account::open(session(situation, None).await);
    refused(again.client.get_me().await, "AUTH_KEY_UNREGISTERED")
}

pub async fn log_in(account: &Account, who: &Value) -> Done<String> {
    let token = account
        .client
        .request_login_code(text_of(&who["phone"]), "mtkit")
        .await?;
    let user = account
        .client
        .sign_in(&token, text_of(&who["code"]))
        .await?;
    Ok(user.first_name().unwrap_or_default().to_owned())
}

async fn two_factors(situation: &Situation) -> Done {
    let carol = Account::open(session(situation, None).await);
    let who = &situation.carol;
    let token = carol
        .client
        .request_login_code(text_of(&who["phone"]), "mtkit")
        .await?;
    let asked = carol.client.sign_in(&token, text_of(&who["code"])).await;
    let Err(SignInError::PasswordRequired(password)) = asked else {
        return Err("no password was asked for".into());
    };
    let wrong = carol.client.check_password(password, "wrong").await;
    let Err(SignInError::InvalidPassword(_)) = wrong else {
        return Err("a wrong password was taken".into());
    };
    // Its token belongs to one try; the next begins with the code again.
    let token = carol
        .client
        .request_login_code(text_of(&who["phone"]), "mtkit")
        .await?;
    let asked = carol.client.sign_in(&token, text_of(&who["code"])).await;
    let Err(SignInError::PasswordRequired(password)) = asked else {
        return Err("no password was asked for the second time".into());
    };
    let user = carol
        .client
        .check_password(password, text_of(&who["password"]))
        .await?;
    carol.close().await;
    expect(
        user.first_name() == who["first_name"].as_str(),
        "somebody else",
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
