//! Ports from the machine, with queues that hold a burst.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Connections that may wait to be accepted; the kernel takes less where `somaxconn` is less. Once
/// a queue is full, the kernel drops what comes and the caller tries again after 1 s, then 3 s.
/// With 128 places, the usual number, a busy machine did that to hundreds of requests, and the mesh
/// looked slow where only the machine was.
pub(crate) const BACKLOG: i32 = 4096;

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
