//! Any bytes as a kubeconfig: it is read or refused, and so is what its contexts lead to.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    #[cfg(fuzzing)]
    let _ = faultless::cluster::read_any_kubeconfig(bytes);
    #[cfg(not(fuzzing))]
    let _ = bytes;
});
