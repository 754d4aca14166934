//! Codes by e-mail: recovery of passwords, and logins.

use tl_parser::Object;
use world::WorldConfig;

use crate::driver::{ALICE, CAROL, CODE, Client, Stage, config, say, send_code, sign_in};

const ADDRESS: &str = "carol@mail.example";

fn code(stage: &Stage) -> String {
    stage.world.emails().last().unwrap().code.clone()
}

fn other(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

fn with_code(name: &'static str, code: &str) -> Object {
    Object::new(name).with("code", code)
}

/// Carol, logged in with her password.
fn carol(stage: &mut Stage) -> Client {
    let carol = stage.client();
    assert_eq!(
        stage.sign_in(carol, CAROL),
        Err("401 SESSION_PASSWORD_NEEDED".into())
    );
    check(stage, carol);
    carol
}

fn check(stage: &mut Stage, client: Client) {
    let challenge = stage.ok(client, Object::new("account.getPassword"));
    let check = Object::new("auth.checkPassword").with("password", say("hunter2", &challenge));
    stage.ok(client, check);
}

fn set_email(stage: &mut Stage, client: Client, email: &str) -> Object {
    let challenge = stage.ok(client, Object::new("account.getPassword"));
    Object::new("account.updatePasswordSettings")
        .with("password", say("hunter2", &challenge))
        .with(
            "new_settings",
            Object::new("account.passwordInputSettings").with("email", email),
        )
}

/// Carol's password has a confirmed recovery address.
fn confirmed(stage: &mut Stage) -> Client {
    let carol = carol(stage);
    let set = set_email(stage, carol, ADDRESS);
    assert_eq!(stage.error(carol, set), "400 EMAIL_UNCONFIRMED_6");
    let code = code(stage);
    stage.yes(carol, with_code("account.confirmPasswordEmail", &code));
    carol
}

#[test]
fn a_recovery_address_is_confirmed_before_it_counts() {
    let mut stage = Stage::new();
    let carol = carol(&mut stage);
    let wrong = set_email(&mut stage, carol, "nonsense");
    assert_eq!(stage.error(carol, wrong), "400 EMAIL_INVALID");
    let set = set_email(&mut stage, carol, ADDRESS);
    assert_eq!(stage.error(carol, set), "400 EMAIL_UNCONFIRMED_6");
    let state = stage.ok(carol, Object::new("account.getPassword"));
    assert_eq!(
        state.str("email_unconfirmed_pattern"),
        Some("c***l@mail.example")
    );
    assert!(!state.flag("has_recovery"));
    let first = code(&stage);
    stage.yes(carol, Object::new("account.resendPasswordEmail"));
    let second = code(&stage);
    let wrong = with_code("account.confirmPasswordEmail", other(&second));
    assert_eq!(stage.error(carol, wrong), "400 CODE_INVALID");
    if first != second {
        let old = with_code("account.confirmPasswordEmail", &first);
        assert_eq!(stage.error(carol, old), "400 CODE_INVALID");
    }
    stage.yes(carol, with_code("account.confirmPasswordEmail", &second));
    let state = stage.ok(carol, Object::new("account.getPassword"));
    assert!(state.flag("has_recovery"));
    assert_eq!(
        stage.error(carol, Object::new("account.cancelPasswordEmail")),
        "400 EMAIL_HASH_EXPIRED"
    );
}

#[test]
fn a_forgotten_password_is_recovered_by_e_mail() {
    let mut stage = Stage::new();
    confirmed(&mut stage);
    let new = stage.client();
    assert!(stage.sign_in(new, CAROL).is_err());
    let asked = stage.ok(new, Object::new("auth.requestPasswordRecovery"));
    assert_eq!(asked.str("email_pattern"), Some("c***l@mail.example"));
    let code = code(&stage);
    let wrong = with_code("auth.recoverPassword", other(&code));
    assert_eq!(stage.error(new, wrong), "400 CODE_INVALID");
    stage.yes(new, with_code("auth.checkRecoveryPassword", &code));
    let entered = stage.ok(new, with_code("auth.recoverPassword", &code));
    assert_eq!(entered.name(), "auth.authorization");
    let state = stage.ok(new, Object::new("account.getPassword"));
    assert!(!state.flag("has_password"), "it is gone");
}

#[test]
fn without_an_address_there_is_no_recovery_but_a_week_of_waiting() {
    let mut stage = Stage::new();
    let carol = carol(&mut stage);
    let new = stage.client();
    assert!(stage.sign_in(new, CAROL).is_err());
    assert_eq!(
        stage.error(new, Object::new("auth.requestPasswordRecovery")),
        "400 PASSWORD_RECOVERY_NA"
    );
    let reset = || Object::new("account.resetPassword");
    let asked = stage.ok(carol, reset());
    assert_eq!(asked.name(), "account.resetPasswordRequestedWait");
    stage.yes(carol, Object::new("account.declinePasswordReset"));
    assert_eq!(
        stage.error(carol, Object::new("account.declinePasswordReset")),
        "400 RESET_REQUEST_MISSING"
    );
    stage.ok(carol, reset());
    stage.now += 7 * 24 * 3600;
    assert_eq!(stage.ok(carol, reset()).name(), "account.resetPasswordOk");
    assert_eq!(stage.error(carol, reset()), "400 PASSWORD_EMPTY");
}

fn verification(code: &str) -> Object {
    Object::new("emailVerificationCode").with("code", code)
}

fn by_email(phone: &str, sent: &Object, code: &str) -> Object {
    Object::new("auth.signIn")
        .with("phone_number", phone)
        .with("phone_code_hash", sent.str("phone_code_hash").unwrap())
        .with("email_verification", verification(code))
}

#[test]
fn a_login_code_comes_to_the_address_of_the_account() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let purpose = Object::new("emailVerifyPurposeLoginChange");
    let ask = Object::new("account.sendVerifyEmailCode")
        .with("purpose", purpose.clone())
        .with("email", "alice@mail.example");
    let sent = stage.ok(alice, ask);
    assert_eq!(sent.int("length"), Some(6));
    let right = code(&stage);
    let verify = |code: &str| {
        Object::new("account.verifyEmail")
            .with("purpose", purpose.clone())
            .with("verification", verification(code))
    };
    assert_eq!(
        stage.error(alice, verify(other(&right))),
        "400 CODE_INVALID"
    );
    stage.ok(alice, verify(&right));

    let new = stage.client();
    let sent = stage.ok(new, send_code(ALICE));
    assert_eq!(
        sent.object("type").unwrap().name(),
        "auth.sentCodeTypeEmailCode"
    );
    assert_eq!(stage.updates(alice), [], "no message of the service");
    assert_eq!(
        stage.error(new, sign_in(ALICE, &sent, CODE)),
        "400 PHONE_CODE_INVALID"
    );
    let right = code(&stage);
    stage.ok(new, by_email(ALICE, &sent, &right));

    // Whoever lost the address forgets it.
    let lost = stage.client();
    let sent = stage.ok(lost, send_code(ALICE));
    let reset = Object::new("auth.resetLoginEmail")
        .with("phone_number", ALICE)
        .with("phone_code_hash", sent.str("phone_code_hash").unwrap());
    let sent = stage.ok(lost, reset);
    assert_eq!(sent.object("type").unwrap().name(), "auth.sentCodeTypeSms");
    stage.ok(lost, sign_in(ALICE, &sent, CODE));
}

#[test]
fn an_address_is_set_up_on_the_way_where_it_is_required() {
    let mut stage = Stage::with(WorldConfig {
        login_email_required: true,
        ..config(7)
    });
    let new = stage.client();
    let sent = stage.ok(new, send_code(ALICE));
    assert_eq!(
        sent.object("type").unwrap().name(),
        "auth.sentCodeTypeSetUpEmailRequired"
    );
    assert_eq!(
        stage.error(new, sign_in(ALICE, &sent, CODE)),
        "400 PHONE_CODE_INVALID",
        "no code was sent yet"
    );
    let purpose = Object::new("emailVerifyPurposeLoginSetup")
        .with("phone_number", ALICE)
        .with("phone_code_hash", sent.str("phone_code_hash").unwrap());
    let ask = Object::new("account.sendVerifyEmailCode")
        .with("purpose", purpose.clone())
        .with("email", "alice@mail.example");
    stage.ok(new, ask);
    let verify = Object::new("account.verifyEmail")
        .with("purpose", purpose)
        .with("verification", verification(&code(&stage)));
    let verified = stage.ok(new, verify);
    assert_eq!(verified.name(), "account.emailVerifiedLogin");
    let sent = verified.object("sent_code").unwrap().clone();
    let right = code(&stage);
    stage.ok(new, by_email(ALICE, &sent, &right));
}

#[test]
fn an_account_moves_to_another_number() {
    let mut stage = Stage::new();
    let alice = stage.log_in(ALICE);
    let ask = |phone: &str| {
        Object::new("account.sendChangePhoneCode")
            .with("phone_number", phone)
            .with("settings", Object::new("codeSettings"))
    };
    assert_eq!(stage.error(alice, ask(CAROL)), "400 PHONE_NUMBER_OCCUPIED");
    let sent = stage.ok(alice, ask("9996627777"));
    let change = Object::new("account.changePhone")
        .with("phone_number", "9996627777")
        .with("phone_code_hash", sent.str("phone_code_hash").unwrap())
        .with("phone_code", CODE);
    let me = stage.ok(alice, change);
    assert_eq!(me.str("phone"), Some("9996627777"));
    stage.log_in("9996627777");
}
