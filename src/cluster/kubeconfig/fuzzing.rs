//! Any bytes as a kubeconfig, for `fuzz/`: it is read or refused, and so is what each of its
//! contexts leads to. No program or file that it names is touched, and no server is asked.

use std::path::PathBuf;

use kube::config::Kubeconfig;

use super::files::{File, Files, decoded};
use super::no_proxy::NoProxy;
use super::plugin_text::shown;
use super::proxy::Proxies;

/// A thousand contexts say no more than some.
const CONTEXTS: usize = 4;

/// An authority of nobody: where none is said, the system's would be read, which are many files.
const AUTHORITY: &str = "\
    LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJiakNDQVJXZ0F3SUJBZ0lVTzdRdWZsTUJCb09rWmYvSG1xU0\
    lROU9jQVE4d0NnWUlLb1pJemowRUF3SXcKRERFS01BZ0dBMVVFQXd3QllUQWdGdzB5TmpFeE1qZ3hOVFEwTURoYUdB\
    OHlNVEkyTVRFd05ERTFORFF3T0ZvdwpEREVLTUFnR0ExVUVBd3dCWVRCWk1CTUdCeXFHU000OUFnRUdDQ3FHU000OU\
    F3RUhBMElBQlBMWWczS2prOERnCmMwZGZ1VmViQWJLWGtvTjJtVU44YTZxdFh0WG0rQW50WHFhZnBXQkc4RENuZXAz\
    S0JaOHl6aS9wSU4xOWIrcFMKZk1ZTWtJUnlQVmVqVXpCUk1CMEdBMVVkRGdRV0JCU2pzWDh4K1dGSHB3dnRLVnhqbn\
    ZNdTdPTEl1akFmQmdOVgpIU01FR0RBV2dCU2pzWDh4K1dGSHB3dnRLVnhqbnZNdTdPTEl1akFQQmdOVkhSTUJBZjhF\
    QlRBREFRSC9NQW9HCkNDcUdTTTQ5QkFNQ0EwY0FNRVFDSUJhZGdRSmJJU3g2V3lxZWdCSmNtVFRMU21Zb0U5Mmpqbk\
    ZZMlRIUGt4Nm8KQWlBRDRaKzFLZXgrSERBRWpwcm1KUXRaYWZiM3J5ZU5EektmRlo3MDRxSXFsdz09Ci0tLS0tRU5E\
    IENFUlRJRklDQVRFLS0tLS0K";

/// Reads it all; how many of its contexts lead to a client.
///
/// # Panics
///
/// If no runtime can be made.
#[cfg_attr(not(fuzzing), expect(unreachable_pub, reason = "only there is it seen outside"))]
pub fn kubeconfig(bytes: &[u8]) -> usize {
    let Some(text) = decoded(bytes) else { return 0 };
    let _ = NoProxy::parse(&text);
    let Ok(mut content) = Kubeconfig::from_yaml(&text) else { return 0 };
    let names = content.contexts.iter().take(CONTEXTS).map(|named| named.name.clone());
    let names: Vec<_> = names.collect();
    for named in &mut content.clusters {
        let cluster = named.cluster.get_or_insert_default();
        cluster.certificate_authority = None;
        let said = cluster.certificate_authority_data.take().filter(|data| !data.is_empty());
        cluster.certificate_authority_data = Some(said.unwrap_or_else(|| AUTHORITY.to_owned()));
    }
    for info in content.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        info.token_file = None;
        info.client_certificate = None;
        info.client_key = None;
        if let Some(exec) = info.exec.take() {
            let _ = shown(bytes, &exec);
        }
    }
    let files = Files::of(File { path: PathBuf::from("kubeconfig"), content });
    let proxies = Proxies::of(|name| name.starts_with("HTTP").then(|| text.clone()));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let mut clients = 0;
        for name in names {
            let Ok(entry) = files.entry(&name) else { continue };
            clients += usize::from(entry.client(Some(&proxies), |_| {}).await.is_ok());
        }
        clients
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_is_read() {
        assert!(kubeconfig(include_bytes!("../../../fuzz/seeds/kubeconfig/two")) > 0);
    }
}
