//! Asking a proxy for the server.

use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::config::Proxy;
use crate::error::ConnectError;

/// The longest answer of an HTTP proxy that is read.
const MAX_HEAD: usize = 8 * 1024;

/// A stream to `target`, through the proxy.
pub(crate) async fn connect(proxy: Proxy, target: SocketAddr) -> Result<TcpStream, ConnectError> {
    let (Proxy::Socks5(address) | Proxy::HttpConnect(address)) = proxy;
    let broken = |source| ConnectError::Tcp { address, source };
    let mut stream = TcpStream::connect(address).await.map_err(broken)?;
    let opened = match proxy {
        Proxy::Socks5(_) => socks5(&mut stream, target).await,
        Proxy::HttpConnect(_) => http(&mut stream, target).await,
    };
    match opened.map_err(broken)? {
        true => Ok(stream),
        false => Err(ConnectError::Proxy { address, target }),
    }
}

/// RFC 1928, without authentication.
async fn socks5(stream: &mut TcpStream, target: SocketAddr) -> std::io::Result<bool> {
    stream.write_all(&[5, 1, 0]).await?;
    let mut method = [0; 2];
    stream.read_exact(&mut method).await?;
    if method != [5, 0] {
        return Ok(false);
    }
    let mut request = vec![5, 1, 0];
    match target.ip() {
        IpAddr::V4(ip) => {
            request.push(1);
            request.extend(ip.octets());
        }
        IpAddr::V6(ip) => {
            request.push(4);
            request.extend(ip.octets());
        }
    }
    request.extend(target.port().to_be_bytes());
    stream.write_all(&request).await?;
    let mut reply = [0; 4];
    stream.read_exact(&mut reply).await?;
    let [_, code, _, kind] = reply;
    // The address at which the proxy left, and the port.
    let length = match kind {
        1 => 4,
        4 => 16,
        3 => usize::from(stream.read_u8().await?),
        _ => return Ok(false),
    };
    stream.read_exact(&mut vec![0; length + 2]).await?;
    Ok(code == 0)
}

/// RFC 9110, section 9.3.6.
async fn http(stream: &mut TcpStream, target: SocketAddr) -> std::io::Result<bool> {
    let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    // What follows the head belongs to the server.
    while !head.ends_with(b"\r\n\r\n") && head.len() < MAX_HEAD {
        head.push(stream.read_u8().await?);
    }
    Ok(head.starts_with(b"HTTP/1.1 2") || head.starts_with(b"HTTP/1.0 2"))
}
