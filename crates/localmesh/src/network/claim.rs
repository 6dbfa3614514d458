//! One `127.X.0.0/16` per mesh. A block is claimed by a name among the abstract Unix sockets, which
//! the kernel frees with its owner.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener};

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
