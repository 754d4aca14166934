//! Containers: whole or nothing.

use mtproto_core::ids::{MsgId, SeqNo};
use mtproto_core::message::container::{
    self, Builder, ContainerError, MAX_BYTES, MAX_MESSAGES, Message,
};
use mtproto_core::tl::service::MsgContainer;
use mtproto_core::tl::{Combinator, Reader};
use proptest::prelude::*;

const OUTER: MsgId = MsgId(1000);

/// A container as written, with every field as given.
fn wire(count: i32, messages: &[(i64, i32, &[u8])]) -> Vec<u8> {
    let mut out = count.to_le_bytes().to_vec();
    for (msg_id, len, body) in messages {
        out.extend(msg_id.to_le_bytes());
        out.extend(1_i32.to_le_bytes());
        out.extend(len.to_le_bytes());
        out.extend(*body);
    }
    out
}

fn read(messages: &[u8]) -> Result<Vec<Message<'_>>, ContainerError> {
    container::read(OUTER, MsgContainer { messages }).map(Iterator::collect)
}

#[test]
fn sv_01_all_messages_come_in_order() {
    let mut body = Vec::new();
    let mut builder = Builder::new(&mut body);
    for i in 1..=10 {
        assert!(builder.push(MsgId(i * 4), SeqNo(i as i32), &[i as u8; 8]));
    }
    let container = MsgContainer::read(&mut Reader::new(&body)).unwrap();
    let messages = container::read(OUTER, container).unwrap();
    assert_eq!(messages.len(), 10);
    for (i, message) in (1..).zip(messages) {
        assert_eq!(
            message,
            Message {
                msg_id: MsgId(i * 4),
                seq_no: SeqNo(i as i32),
                body: &[i as u8; 8]
            }
        );
    }
}

#[test]
fn sv_02_empty_container_is_fine() {
    assert_eq!(read(&wire(0, &[])), Ok(vec![]));
    let mut body = Vec::new();
    assert!(Builder::new(&mut body).is_empty());
    assert_eq!(body[4..], [0; 4]);
}

#[test]
fn sv_03_container_in_a_container_is_refused_whole() {
    let inner = [&0x73f1_f8dc_u32.to_le_bytes()[..], &[0; 4]].concat();
    let bytes = wire(2, &[(4, 4, &[1; 4]), (8, 8, &inner)]);
    assert_eq!(read(&bytes), Err(ContainerError::Nested));
}

#[test]
fn sv_04_depth_bomb_costs_one_level() {
    let mut bomb = Vec::new();
    for _ in 0..40_000 {
        let len = (bomb.len() + 4) as i32;
        let body = [&0x73f1_f8dc_u32.to_le_bytes()[..], &bomb].concat();
        bomb = wire(1, &[(4, len, &body)]);
        if bomb.len() > 100_000 {
            break;
        }
    }
    assert_eq!(read(&bomb), Err(ContainerError::Nested));
}

#[test]
fn sv_05_count_that_lies_is_refused() {
    let one = (4, 4, &[1; 4][..]);
    for count in [-1, i32::MIN, i32::MAX, 1025] {
        assert_eq!(
            read(&wire(count, &[one])),
            Err(ContainerError::Count { count })
        );
    }
    assert_eq!(read(&wire(2, &[one])), Err(ContainerError::CutOff));
    assert_eq!(read(&[0; 3]), Err(ContainerError::CutOff));
    assert_eq!(read(&wire(0, &[one])), Err(ContainerError::TrailingBytes));
}

#[test]
fn sv_06_builder_stops_at_its_limits() {
    let mut body = Vec::new();
    let mut builder = Builder::new(&mut body);
    for i in 0..MAX_MESSAGES {
        assert!(builder.push(MsgId(i as i64), SeqNo(0), &[0; 4]));
    }
    assert!(!builder.push(MsgId(5), SeqNo(0), &[0; 4]));
    assert_eq!(builder.len(), MAX_MESSAGES);

    let mut body = Vec::new();
    let mut builder = Builder::new(&mut body);
    assert!(builder.push(MsgId(4), SeqNo(0), &vec![0; MAX_BYTES - 32 - 4]));
    assert!(!builder.push(MsgId(8), SeqNo(0), &[0; 8]));
    assert!(builder.push(MsgId(8), SeqNo(0), &[0; 4]));
    assert_eq!(body.len(), 8 + MAX_BYTES);
}

#[test]
fn sv_07_more_than_1024_messages_are_refused() {
    let messages = vec![(4, 4, &[1; 4][..]); 1025];
    assert_eq!(
        read(&wire(1025, &messages)),
        Err(ContainerError::Count { count: 1025 })
    );
    assert_eq!(read(&wire(1024, &messages[1..])).unwrap().len(), 1024);
}

#[test]
fn sv_08_inner_id_must_be_lower_than_the_containers() {
    for (id, fine) in [(999, true), (1000, false), (1004, false)] {
        let bytes = wire(1, &[(id, 4, &[1; 4])]);
        let expected = ContainerError::InnerIdNotLower { msg_id: MsgId(id) };
        assert_eq!(read(&bytes).err(), (!fine).then_some(expected));
    }
}

#[test]
fn sv_11_impossible_inner_lengths_are_refused() {
    for len in [-4, 0, 3, 6, 8, i32::MAX] {
        let bytes = wire(1, &[(4, len, &[1; 7])]);
        let msg_id = MsgId(4);
        assert_eq!(read(&bytes), Err(ContainerError::Length { msg_id, len }));
    }
}

#[test]
fn sv_12_one_malformed_message_refuses_the_whole() {
    let fine = (4, 4, &[1; 4][..]);
    let bytes = wire(5, &[fine, fine, (4, 5, &[1; 4]), fine, fine]);
    assert!(read(&bytes).is_err());
}

#[test]
fn every_error_names_its_rule() {
    assert_eq!(ContainerError::Nested.rule(), "sv_03");
    assert_eq!(
        ContainerError::InnerIdNotLower { msg_id: OUTER }.rule(),
        "sv_08"
    );
}

proptest! {
    #[test]
    fn arbitrary_containers_are_read_or_refused(count in -2..5_i32, bytes: Vec<u8>) {
        let bytes = [&count.to_le_bytes()[..], &bytes].concat();
        if let Ok(messages) = read(&bytes) {
            prop_assert_eq!(messages.len(), count as usize);
        }
    }
}
