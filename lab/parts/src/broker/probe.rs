//! One Kafka request by hand, to know that the broker is ready.
//!
//! A client library would do the same, but librdkafka needs a C build that the `faultline` command, which installs
//! the C compiler, must not need. Format: the Kafka protocol guide, Metadata request and response, version 1.

use std::{io, net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{Error, Result};

const ANSWER_LIMIT: Duration = Duration::from_secs(2);
const ANSWER_BYTES_MAX: u32 = 64 * 1024;
const CORRELATION_ID: i32 = 1;

/// Metadata of no topic: length, api key 3, version 1, correlation id, client id `lab`, an empty array.
const REQUEST: [u8; 21] = [
    0, 0, 0, 17, // length of what follows
    0, 3, 0, 1, // api key, api version
    0, 0, 0, 1, // correlation id
    0, 3, b'l', b'a', b'b', // client id
    0, 0, 0, 0, // number of topics
];

/// Asks the broker on `port` who the cluster is.
pub(super) async fn metadata(port: u16) -> Result<()> {
    let asked = timeout(ANSWER_LIMIT, ask(port))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    match asked.map_err(Error::io(|| format!("ask the broker on 127.0.0.1:{port}")))? {
        (CORRELATION_ID, brokers) if brokers > 0 => Ok(()),
        (id, brokers) => Err(Error::Invalid(format!(
            "127.0.0.1:{port} does not answer as a Kafka broker (correlation id {id}, {brokers} brokers)"
        ))),
    }
}

/// The correlation id of the answer and the number of brokers in it.
async fn ask(port: u16) -> io::Result<(i32, i32)> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.write_all(&REQUEST).await?;
    let len = stream.read_u32().await?;
    if !(8..=ANSWER_BYTES_MAX).contains(&len) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("answer of {len} bytes"),
        ));
    }
    Ok((stream.read_i32().await?, stream.read_i32().await?))
}
