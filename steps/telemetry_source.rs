//! Where a run reads what the proxies counted, by what was typed. What is secret comes out of files
//! and goes to the client alone.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use faultless::error::{Error, Result};
use faultless::evidence::Source;
use faultless::evidence::prometheus::{Prometheus, Trust};

use crate::cli::PrometheusArgs;

/// Headers, keys and certificates of a machine's whole trust store are smaller.
const FILE_MAX: u64 = 1 << 20;

/// The pods themselves, or the Prometheus that was named.
pub(crate) fn telemetry_source(args: &PrometheusArgs) -> Result<Source> {
    let Some(said) = &args.prometheus else { return Ok(Source::Pods) };
    let mut headers: Vec<String> =
        args.headers.iter().map(|header| header.text().to_owned()).collect();
    for path in &args.header_files {
        let text = String::from_utf8(read(path)?)
            .map_err(|_| Error::feature(format!("reading {}", path.display()), "it is no text"))?;
        headers.extend(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned));
    }
    let ca = args.prometheus_ca.as_deref().map(read).transpose()?;
    let identity = match (&args.prometheus_client_cert, &args.prometheus_client_key) {
        (Some(certificate), Some(key)) => Some([read(certificate)?, read(key)?].join(&b'\n')),
        _ => None,
    };
    let prometheus = Prometheus::new(said.text(), Trust { headers, ca, identity })?;
    Ok(Source::Prometheus(Arc::new(prometheus)))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let failed =
        |cause: std::io::Error| Error::feature(format!("reading {}", path.display()), cause);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    let read = file.take(FILE_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    match u64::try_from(read).is_ok_and(|read| read <= FILE_MAX) {
        true => Ok(bytes),
        false => {
            let doing = format!("reading {}", path.display());
            Err(Error::feature(doing, "it is larger than 1 MiB"))
        }
    }
}
