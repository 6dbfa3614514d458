//! The pods on the network, by name and by address. Addresses of pods that are gone stay known for
//! a while: telemetry still names them. Pure.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::pod_net::PodNet;

/// Who is on the network, and who was.
#[derive(Debug, Default)]
pub(super) struct Pods {
    running: BTreeMap<(String, String), Arc<PodNet>>,
    by_ip: BTreeMap<Ipv4Addr, Arc<PodNet>>,
    /// Addresses of pods that are gone, oldest first.
    gone: VecDeque<Ipv4Addr>,
}

/// How many gone pods are remembered: telemetry asks for them only while their last connections
/// drain, and a run replaces far fewer pods than this.
const GONE_MAX: usize = 4096;

// === impl Pods ===

impl Pods {
    /// Puts a pod on the network; one of the same name is replaced.
    pub(super) fn register(&mut self, pod: Arc<PodNet>) {
        self.by_ip.insert(pod.ip, Arc::clone(&pod));
        let name = (pod.namespace.clone(), pod.name.clone());
        if let Some(old) = self.running.insert(name, pod) {
            self.forget(old.ip);
        }
    }

    /// Takes a pod off the network, but no newer one of the same name.
    pub(super) fn remove(&mut self, pod: &PodNet) {
        let name = (pod.namespace.clone(), pod.name.clone());
        if self.running.get(&name).is_some_and(|running| running.uid == pod.uid) {
            self.running.remove(&name);
            self.forget(pod.ip);
        }
    }

    /// Notes that the pod at this address is gone, and drops the pods that went longest ago.
    fn forget(&mut self, ip: Ipv4Addr) {
        self.gone.push_back(ip);
        while self.gone.len() > GONE_MAX {
            if let Some(oldest) = self.gone.pop_front() {
                self.by_ip.remove(&oldest);
            }
        }
    }

    /// The pod with this address, also when it is gone.
    pub(super) fn by_ip(&self, ip: Ipv4Addr) -> Option<&Arc<PodNet>> {
        self.by_ip.get(&ip)
    }

    /// The running pod of this name.
    pub(super) fn named(&self, namespace: &str, name: &str) -> Option<&Arc<PodNet>> {
        self.running.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// All running pods, by namespace and name.
    pub(super) fn running(&self) -> impl Iterator<Item = &Arc<PodNet>> {
        self.running.values()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::Value;

    use super::*;
    use crate::network::workload::Workload;

    fn pod(name: &str, number: u16) -> Arc<PodNet> {
        let [hi, lo] = number.to_be_bytes();
        Arc::new(PodNet {
            namespace: "shop".to_owned(),
            name: name.to_owned(),
            uid: format!("uid-{name}-{number}"),
            ip: Ipv4Addr::new(127, 63, hi, lo),
            labels: BTreeMap::new(),
            workload: Workload::of(&Value::Null),
            dir: PathBuf::new(),
            sidecar: false,
            ports: Vec::new(),
            telemetry: None,
        })
    }

    #[test]
    fn a_gone_pod_stays_known_by_its_address_for_a_bounded_time() {
        let mut pods = Pods::default();
        let (first, second) = (pod("a", 1), pod("a", 2));
        pods.register(Arc::clone(&first));
        pods.register(Arc::clone(&second));
        // The first one's late removal must not take the second one off the network.
        pods.remove(&first);
        assert_eq!(pods.named("shop", "a").unwrap().ip, second.ip);
        pods.remove(&second);
        assert_eq!(pods.running().count(), 0);
        assert_eq!(pods.by_ip(first.ip).unwrap().uid, first.uid);
        for number in 3.. {
            let next = pod("b", number);
            pods.register(Arc::clone(&next));
            pods.remove(&next);
            if usize::from(number) > GONE_MAX + 1 {
                break;
            }
        }
        assert!(pods.by_ip(first.ip).is_none());
        assert!(pods.by_ip.len() <= GONE_MAX);
    }
}
