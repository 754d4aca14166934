//! The files read as the application reads them.

use super::*;

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn number(&mut self) -> u32 {
        u32::from_be_bytes(self.take(4).try_into().expect("four bytes"))
    }

    fn array(&mut self) -> &'a [u8] {
        let length = self.number();
        self.take(length as usize)
    }
}

/// The content of a file whose checksum is right.
fn read(folder: &Path, name: &str) -> Vec<u8> {
    let bytes = fs::read(folder.join(name)).expect("the file");
    let (head, rest) = bytes.split_at(8);
    assert_eq!(&head[..4], b"TDF$");
    let (content, checksum) = rest.split_at(rest.len() - 16);
    let length = u32::try_from(content.len()).expect("a small file");
    let covered = [content, &length.to_le_bytes(), &head[4..], &head[..4]].concat();
    assert_eq!(Md5::digest(covered).as_slice(), checksum);
    content.to_vec()
}

fn decrypt(blob: &[u8], key: &AuthKey) -> Vec<u8> {
    let (name, encrypted) = blob.split_at(16);
    let name = MsgKey(name.try_into().expect("16 bytes"));
    let aes = keys_v1(key, &name, Direction::ServerToClient);
    let mut plain = encrypted.to_vec();
    aes_ige::decrypt(&aes.key, &aes.iv, &mut plain).expect("whole blocks");
    assert_eq!(sha1(&[&plain])[..16], name.0);
    let length = u32::from_le_bytes(plain[..4].try_into().expect("a length")) as usize;
    assert!(length <= plain.len() && length + 16 > plain.len());
    plain[4..length].to_vec()
}

#[test]
fn the_application_finds_the_login_in_the_folder() {
    let sessions = mock_server::MockServer::ready_sessions_of(3, 4).expect("sessions");
    let session = &sessions[1];
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("tdata");
    write(session, &folder).expect("the folder is written");

    let keys = read(&folder, "key_datas");
    let mut reader = Reader(&keys);
    let salt = reader.array().try_into().expect("a salt of 32 bytes");
    let local_key = decrypt(reader.array(), &passcode_key(salt));
    let local_key = AuthKey::new(local_key.try_into().expect("a key of 256 bytes"));
    let accounts = decrypt(reader.array(), &local_key);
    let mut accounts = Reader(&accounts);
    assert_eq!([accounts.number(), accounts.number()], [1, 0]);

    let map = read(&folder, "D877F783D5D3EF8C/maps");
    let mut map = Reader(&map);
    assert!(map.array().is_empty() && map.array().is_empty());
    assert!(decrypt(map.array(), &local_key).is_empty());

    let login = read(&folder, "D877F783D5D3EF8Cs");
    let login = decrypt(Reader(&login).array(), &local_key);
    let mut login = Reader(&login);
    assert_eq!(login.number(), MTP_AUTHORIZATION);
    let mut login = Reader(login.array());
    assert_eq!(login.take(8), [0xff; 8]);
    assert_eq!(login.take(8), session.user_id.to_be_bytes());
    assert_eq!([login.number(), login.number(), login.number()], [4, 1, 4]);
    assert_eq!(login.take(256), session.key.as_bytes());
    assert_eq!((login.number(), login.0.len()), (0, 0));
}
