use super::*;

const CLIENT: &str = "10.0.0.1:40000";
const SERVER: &str = "10.0.0.2:443";

/// A reassembler with a log of what came out.
#[derive(Default)]
struct Rig {
    tcp: Reassembler,
    log: Vec<String>,
    packets: u64,
    millis: u64,
}

/// A segment of the client (`from` true) or the server.
fn segment(from_client: bool, seq: u32, payload: &[u8]) -> Segment<'_> {
    let (client, server) = (CLIENT.parse().unwrap(), SERVER.parse().unwrap());
    let (from, to) = if from_client {
        (client, server)
    } else {
        (server, client)
    };
    Segment {
        from,
        to,
        seq,
        ack: None,
        syn: false,
        fin: false,
        rst: false,
        payload,
        missing: 0,
    }
}

impl Rig {
    fn push(&mut self, segment: Segment<'_>) {
        self.packets += 1;
        let at = At {
            time: UnixTime::from_nanos(self.millis * 1_000_000),
            packet: self.packets,
        };
        let log = &mut self.log;
        self.tcp
            .push(&segment, at, &mut |event| log.push(line(event)));
    }

    fn data(&mut self, seq: u32, payload: &[u8]) {
        self.push(segment(true, seq, payload));
    }

    fn syn(&mut self, seq: u32) {
        self.push(Segment {
            syn: true,
            ..segment(true, seq, b"")
        });
    }

    fn finish(mut self) -> Vec<String> {
        let log = &mut self.log;
        self.tcp.finish(&mut |event| log.push(line(event)));
        self.log
    }
}

fn line(event: TcpEvent<'_>) -> String {
    match event {
        TcpEvent::Opened {
            conn,
            client,
            from_start,
            ..
        } => {
            format!(
                "{} opened by {client}{}",
                conn.0,
                if from_start { "" } else { " earlier" }
            )
        }
        TcpEvent::Data {
            direction, bytes, ..
        } => {
            let arrow = if direction == Direction::ClientToServer {
                '>'
            } else {
                '<'
            };
            format!("{arrow} {}", String::from_utf8_lossy(bytes))
        }
        TcpEvent::Gap { bytes, .. } => format!("gap {bytes}"),
        TcpEvent::Differs { .. } => "differs".to_owned(),
        TcpEvent::Closed { end, .. } => format!("{end:?}"),
    }
}

#[test]
fn segments_out_of_order_and_twice_make_one_stream() {
    let mut rig = Rig::default();
    rig.syn(u32::MAX - 3); // the sequence number wraps within the data
    rig.data(u32::MAX - 2, b"ab");
    rig.data(2, b"fg");
    rig.data(u32::MAX, b"cde");
    rig.data(u32::MAX - 2, b"ab");
    rig.data(3, b"gh");
    assert_eq!(
        rig.finish(),
        [
            "1 opened by 10.0.0.1:40000",
            "> ab",
            "> cde",
            "> fg",
            "> h",
            "CaptureEnds"
        ]
    );
}

#[test]
fn the_first_version_of_overlapping_bytes_wins_and_a_difference_is_reported() {
    let mut rig = Rig::default();
    rig.syn(0);
    rig.data(1, b"abc");
    rig.data(2, b"XXd"); // differs from what was handed out
    rig.data(7, b"gh");
    rig.data(5, b"efYY"); // differs from what waits
    assert_eq!(
        rig.finish(),
        [
            "1 opened by 10.0.0.1:40000",
            "> abc",
            "differs",
            "> d",
            "differs",
            "> ef",
            "> gh",
            "CaptureEnds"
        ]
    );
}

#[test]
fn keep_alives_and_empty_segments_are_nothing() {
    let mut rig = Rig::default();
    rig.syn(0);
    rig.data(1, b"abc");
    rig.data(3, b"\0");
    rig.data(3, b"");
    rig.data(4, b"d");
    assert_eq!(
        rig.finish(),
        ["1 opened by 10.0.0.1:40000", "> abc", "> d", "CaptureEnds"]
    );
}

#[test]
fn a_hole_becomes_a_gap_when_the_receiver_acknowledged_it() {
    let mut rig = Rig::default();
    rig.syn(0);
    rig.data(1, b"ab");
    rig.data(6, b"fg");
    rig.push(Segment {
        ack: Some(8),
        ..segment(false, 100, b"")
    });
    assert_eq!(rig.log.len(), 2, "the packet may only be late in the file");
    rig.millis = 300;
    rig.push(Segment {
        ack: Some(8),
        ..segment(false, 100, b"")
    });
    assert_eq!(rig.log[2..], ["gap 3", "> fg"]);
}

#[test]
fn a_hole_becomes_a_gap_when_too_much_waits_behind_it() {
    let mut rig = Rig::default();
    rig.syn(0);
    let big = vec![b'x'; 60_000];
    for n in 0..30 {
        rig.data(10 + n * 60_000, &big);
    }
    assert_eq!(rig.log[1], "gap 9");
    assert!(rig.tcp.pending <= MAX_PENDING_TOTAL);
}

#[test]
fn bytes_lost_at_the_end_are_a_gap_if_they_were_acknowledged() {
    let mut rig = Rig::default();
    rig.syn(0);
    rig.data(1, b"ab");
    rig.push(Segment {
        ack: Some(7),
        ..segment(false, 100, b"")
    });
    assert_eq!(rig.finish()[2..], ["gap 4", "CaptureEnds"]);
}

#[test]
fn bytes_that_the_capture_cut_off_are_a_gap() {
    let mut rig = Rig::default();
    rig.syn(0);
    rig.push(Segment {
        missing: 5,
        ..segment(true, 1, b"ab")
    });
    rig.data(8, b"h");
    assert_eq!(rig.finish()[1..], ["> ab", "gap 5", "> h", "CaptureEnds"]);
}

#[test]
fn a_new_initial_number_on_the_same_ports_is_a_new_connection() {
    let mut rig = Rig::default();
    rig.syn(0);
    rig.data(1, b"old");
    rig.syn(0); // a repeated SYN is not
    rig.syn(90_000);
    rig.data(90_001, b"new");
    assert_eq!(
        rig.finish(),
        [
            "1 opened by 10.0.0.1:40000",
            "> old",
            "Reused",
            "2 opened by 10.0.0.1:40000",
            "> new",
            "CaptureEnds"
        ]
    );
}

#[test]
fn a_connection_that_began_before_the_capture_is_followed() {
    let mut rig = Rig::default();
    rig.push(segment(false, 5000, b"hello"));
    rig.push(Segment {
        ack: Some(5005),
        ..segment(true, 77, b"world")
    });
    assert_eq!(
        rig.finish(),
        [
            "1 opened by 10.0.0.1:40000 earlier",
            "< hello",
            "> world",
            "CaptureEnds"
        ]
    );
}

#[test]
fn a_connection_ends_when_both_sides_finished_and_everything_is_there() {
    let mut rig = Rig::default();
    rig.syn(0);
    rig.push(Segment {
        syn: true,
        ack: Some(1),
        ..segment(false, 100, b"")
    });
    rig.push(Segment {
        fin: true,
        ..segment(true, 3, b"c")
    });
    rig.push(Segment {
        fin: true,
        ..segment(false, 101, b"bye")
    });
    assert_eq!(rig.log[1..], ["< bye"]);
    rig.data(1, b"ab");
    assert_eq!(
        rig.log[2..],
        ["> ab", "> c", "Closed { by: ClientToServer }"]
    );
    rig.data(4, b"late");
    assert_eq!(rig.tcp.stray_bytes(), 4);
}

#[test]
fn a_reset_ends_a_connection_only_within_its_window() {
    let mut rig = Rig::default();
    rig.syn(0);
    rig.data(1, b"ab");
    rig.push(Segment {
        rst: true,
        ..segment(true, 0x8000_0000, b"")
    });
    rig.data(3, b"cd");
    rig.push(Segment {
        rst: true,
        ..segment(true, 5, b"")
    });
    assert_eq!(
        rig.finish()[1..],
        ["> ab", "> cd", "Reset { by: ClientToServer }"]
    );
}

#[test]
fn more_connections_than_fit_push_out_the_idle_ones() {
    let mut tcp = Reassembler::default();
    let mut forgotten = 0;
    for n in 0..(MAX_FLOWS as u32 + 5) {
        let from = SocketAddr::new(std::net::Ipv4Addr::from(0x0a00_0000 + n).into(), 40_000);
        let segment = Segment {
            from,
            syn: true,
            ..segment(true, 0, b"")
        };
        tcp.push(
            &segment,
            At {
                packet: u64::from(n),
                ..At::default()
            },
            &mut |event| {
                forgotten += usize::from(matches!(
                    event,
                    TcpEvent::Closed {
                        end: End::Forgotten,
                        ..
                    }
                ));
            },
        );
    }
    assert_eq!(forgotten, MAX_FLOWS / 8);
    assert!(tcp.flows.len() <= MAX_FLOWS);
}
