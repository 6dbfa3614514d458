//! Our verdict on an object beside that of Istio itself (`istioctl`), and whether both name the
//! same field. What is judged: the objects of the repository, those of Istio's own samples and
//! tests, and made ones, thousands of them if asked (`ISTIO_OBJECTS=5000`); and whether a cluster
//! takes them (`ISTIO_CONTEXT=rig`).
//! `docs/istio-validation.md` says how to run it, and where the two rightly differ.

mod compared;
mod corpus;
mod fields;
mod generate;
mod oracle;
mod server;
mod values;
mod verdict;
