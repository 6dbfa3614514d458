//! The stand-ins over real loopback sockets, without Envoys and without a kubelet. `town` is where
//! they stand.

mod agency;
mod database;
mod portal;
mod town;
