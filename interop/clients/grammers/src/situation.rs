//! What the runner prepared.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddrV4, TcpStream};

use serde_json::Value;

pub struct Situation {
    pub ready: Value,
    pub address: SocketAddrV4,
    pub dc: i32,
    pub alice: Value,
    pub bob: Value,
    pub carol: Value,
    pub bot: Value,
}

impl Situation {
    pub fn read(path: &str) -> Self {
        let text = fs::read_to_string(path).expect("the situation is readable");
        let ready: Value = serde_json::from_str(&text).expect("the situation is JSON");
        let accounts = ready["accounts"].as_array().expect("accounts").clone();
        let (plain, locked): (Vec<Value>, Vec<Value>) = accounts
            .into_iter()
            .partition(|account| account["password"].is_null());
        Self {
            address: text_of(&ready["mtproto"]).parse().expect("an IPv4 address"),
            dc: i32::try_from(ready["dc"].as_i64().expect("a DC")).expect("a small DC"),
            alice: plain[0].clone(),
            bob: plain[1].clone(),
            carol: locked[0].clone(),
            bot: ready["bots"][0].clone(),
            ready,
        }
    }

    /// Closes every connection at the next bytes from a client, which never reach the server.
    pub fn lose_next_request(&self) {
        let mut control = TcpStream::connect(text_of(&self.ready["relay"])).expect("the relay");
        control.write_all(b"lose\n").expect("the relay reads");
        let mut answer = [0; 3];
        control.read_exact(&mut answer).expect("the relay answers");
    }
}

pub fn text_of(value: &Value) -> &str {
    value.as_str().expect("a string")
}
