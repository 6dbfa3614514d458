//! Addresses from the machine: one `127.X.0.0/16` per mesh and a port for each listener. A block is
//! claimed by a name among the abstract Unix sockets, which the kernel frees with its owner.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener};

use super::BACKLOG;
use crate::error::{Error, Result};

/// Which second octets are given away: 127.0/16 is everybody's, and systemd-resolved and other
/// programs have addresses low in 127/8.
const BLOCKS: std::ops::RangeInclusive<u8> = 64..=126;

/// The proof that a block is ours; dropping it frees the block.
#[derive(Debug)]
pub(super) struct Claim {
    _socket: UnixListener,
}

/// Claims the first free block.
pub(super) fn block() -> Result<(u8, Claim)> {
    let doing = "claiming a network for the local mesh";
    for block in BLOCKS {
        let name = format!("faultless-mesh-127.{block}");
        let bound = UnixAddr::from_abstract_name(name)
            .and_then(|address| UnixListener::bind_addr(&address));
        match bound {
            Ok(socket) => return Ok((block, Claim { _socket: socket })),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => {
                return Err(Error::new(doing, error)
                    .hint("abstract Unix sockets must be allowed; a sandbox may forbid them"));
            }
        }
    }
    let cause = format!("all {} networks are taken by other meshes", BLOCKS.count());
    Err(Error::new(doing, cause)
        .hint("stop one of them; `ss -xl | grep faultless-mesh` shows who holds them"))
}

/// Binds the port on the address if that is possible, else a free one.
pub(super) fn bind(ip: Ipv4Addr, port: u16) -> io::Result<TcpListener> {
    listen((ip, port).into()).or_else(|first| {
        listen((ip, 0).into()).map_err(|error| {
            let text = format!(
                "no port can be bound on {ip}: {error} (port {port} itself: {first}); the local \
                 mesh needs the loopback network 127.0.0.0/8 and free ports on it"
            );
            io::Error::new(error.kind(), text)
        })
    })
}

/// Listens without blocking, with room for a burst: the standard library's queue has 128 places.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    rustix::net::listen(&listener, BACKLOG)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    /// More than the standard library's 128, and no more than any kernel since 5.4 allows.
    const BURST: usize = 500;

    #[test]
    fn a_burst_waits_to_be_accepted() {
        let listener = bind(Ipv4Addr::LOCALHOST, 0).unwrap();
        let address = listener.local_addr().unwrap();
        // Nobody accepts. Beyond the queue's end the kernel drops, and the next try is 1 s later.
        let waiting: Vec<_> = (0..BURST)
            .map_while(|_| TcpStream::connect_timeout(&address, Duration::from_millis(500)).ok())
            .collect();
        assert_eq!(waiting.len(), BURST);
    }

    #[test]
    fn two_meshes_get_two_blocks_and_a_dropped_one_is_free_again() {
        let (first, claim) = block().unwrap();
        let (second, _other) = block().unwrap();
        assert_ne!(first, second);
        assert!(BLOCKS.contains(&first) && BLOCKS.contains(&second));
        drop(claim);
        let mut seen = Vec::new();
        let again = loop {
            // Other tests claim blocks at the same time, so the freed one need not come first.
            let (next, held) = block().unwrap();
            seen.push(held);
            if next >= first {
                break next;
            }
        };
        assert!(again >= first);
    }

    #[test]
    fn a_held_port_is_replaced_by_a_free_one() {
        let holder = TcpListener::bind(("0.0.0.0", 0)).unwrap();
        let held = holder.local_addr().unwrap().port();
        let ip = Ipv4Addr::new(127, 63, 250, 1);
        let other = bind(ip, held).unwrap().local_addr().unwrap();
        assert_eq!(other.ip(), ip);
        assert_ne!(other.port(), held);
        drop(holder);
        assert_eq!(bind(ip, held).unwrap().local_addr().unwrap().port(), held);
    }
}
