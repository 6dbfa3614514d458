//! The command: from this process to a file, and what to do with it.

use std::fs::{File, Permissions};
use std::io;
use std::io::{BufWriter, IsTerminal as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use faultless::cluster::image::{IMAGE, USER, VERSION};
use faultless::cluster::{AgentImage, ImageName};
use faultless::error::{Error, ExitCode, Result};

use super::layout::About;
use super::loaded::Loaded;
use super::root_fs::{PROGRAM, library_path, root_fs};
use super::{archive, layer};
use crate::cli::ImageArgs;
use crate::console;

/// What a reader of the archive may see; there is nothing secret in it.
const MODE: u32 = 0o644;

/// More than this is a build that was not made for nodes to pull.
const LARGE: u64 = 40_000_000;

/// An image that was written.
struct Written {
    digest: String,
    bytes: u64,
}

/// Writes an archive of this very program.
pub(crate) fn image(args: &ImageArgs) -> Result<ExitCode> {
    let name = name(args.name.as_deref())?;
    let seconds = source_date()?;
    let stdout = args.out == Path::new("-");
    if stdout && io::stdout().is_terminal() {
        return Err(Error::feature("writing the image", "it is no text for a terminal")
            .hint("name a file with --out, or lead the output into one"));
    }
    let loaded = Loaded::of_this_process()?;
    let failed = |cause: io::Error| {
        Error::runner(format!("writing the image to {}", args.out.display()), cause)
            .hint("name another file with --out")
    };
    let written = match stdout {
        true => write(&loaded, &name, seconds, &std::env::temp_dir(), io::stdout().lock()),
        false => to_file(&loaded, &name, seconds, &args.out),
    };
    let said = said(&name, &args.out, &written.map_err(failed)?);
    let say = if stdout { console::note } else { console::line };
    say(&said);
    Ok(ExitCode::Passed)
}

/// The image's name, with a tag.
fn name(said: Option<&str>) -> Result<ImageName> {
    let doing = "naming the image";
    let name = said.unwrap_or(IMAGE).parse::<ImageName>();
    let name = name.map_err(|cause| Error::feature(doing, cause))?.or_tag(VERSION);
    match name.digest() {
        None => Ok(name),
        Some(_) => Err(Error::feature(doing, "a digest is what becomes of an image, not its name")),
    }
}

/// The time that the image is said to be of, in seconds: the beginning of time, so that the same
/// program gives the same bytes, or what builds that can be repeated say it is.
fn source_date() -> Result<u64> {
    let Some(said) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(0) };
    let seconds = said.to_str().and_then(|text| text.parse::<u32>().ok());
    seconds.map(u64::from).ok_or_else(|| {
        Error::feature("reading SOURCE_DATE_EPOCH", "it is not a number of seconds since 1970")
    })
}

/// Writes the archive beside the file, and then makes it the file.
fn to_file(loaded: &Loaded, name: &ImageName, seconds: u64, out: &Path) -> io::Result<Written> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let file = tempfile::Builder::new()
        .prefix(".faultless-image-")
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(folder)?;
    let mut written = write(loaded, name, seconds, folder, file.as_file())?;
    file.as_file().sync_all()?;
    written.bytes = file.as_file().metadata()?.len();
    file.persist(out).map_err(|failed| failed.error)?;
    Ok(written)
}

/// Writes the archive; the layer lies in a folder meanwhile, in a file without a name, because its
/// length stands before it.
fn write(
    loaded: &Loaded,
    name: &ImageName,
    seconds: u64,
    folder: &Path,
    to: impl io::Write,
) -> io::Result<Written> {
    let packed: File = tempfile::tempfile_in(folder)?;
    let (plain, layer) = layer::write(&root_fs(loaded), seconds, BufWriter::new(&packed))?;
    let created = jiff::Timestamp::from_second(i64::try_from(seconds).unwrap_or_default());
    let created = created.map_err(io::Error::other)?.to_string();
    let mut env = vec!["PATH=/usr/local/bin".to_owned()];
    if !loaded.libraries.is_empty() {
        env.push(format!("LD_LIBRARY_PATH={}", library_path(&loaded.libraries)));
    }
    let about = About {
        name,
        version: VERSION,
        architecture: architecture(),
        created: &created,
        user: USER,
        program: PROGRAM,
        env,
        plain: &plain,
        layer: &layer,
    };
    let documents = about.documents();
    archive::write(&documents, &packed, &layer, seconds, BufWriter::new(to))?;
    Ok(Written { digest: documents.digest, bytes: layer.size })
}

/// This program's architecture, as Go and so every container tool calls it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// What was written, and what to do with it.
fn said(name: &ImageName, out: &Path, written: &Written) -> String {
    let Written { digest, bytes } = written;
    let pushed = format!("REGISTRY/{}:{}", name.last(), name.tag().unwrap_or(VERSION));
    let file = match out == Path::new("-") {
        true => PathBuf::from("FILE"),
        false => out.to_owned(),
    };
    let file = file.display();
    let named = match name.to_string() == AgentImage::own().reference() {
        true => String::new(),
        false => format!(" --agent-image {name}"),
    };
    let large = match *bytes > LARGE {
        true => {
            "\nit is large: `cargo build --release --no-default-features` builds a program for pods"
        }
        false => "",
    };
    let (size, architecture) = (*bytes as f64 / 1e6, architecture());
    format!(
        "\
image {name} for linux/{architecture}, {size:.1} MB, {digest}{large}

Bring it to the nodes:
  kind        kind load image-archive {file}
  minikube    minikube image load {file}
  containerd  ctr -n k8s.io images import {file}    (on every node)
and then
  faultless run --context NAME{named}

Or push it:
  skopeo copy oci-archive:{file} docker://{pushed}
and then
  faultless run --context NAME --agent-image {pushed}"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read as _;

    use serde_json::Value;

    use super::super::digest::Blob;
    use super::*;

    fn loaded(program: &Path) -> Loaded {
        Loaded { program: program.to_owned(), libraries: Vec::new(), loader: None }
    }

    #[test]
    fn an_archive_reads_back() {
        let folder = tempfile::TempDir::new().unwrap();
        let (program, out) = (folder.path().join("program"), folder.path().join("out.tar"));
        std::fs::write(&program, "a program").unwrap();
        let name = name(Some("registry.example.com/team/faultless")).unwrap();
        let written = to_file(&loaded(&program), &name, 0, &out).unwrap();
        assert_eq!(written.bytes, out.metadata().unwrap().len());
        let mut files = BTreeMap::new();
        for entry in tar::Archive::new(File::open(&out).unwrap()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            files.insert(path, bytes);
        }
        for (path, bytes) in &files {
            let blob = path.starts_with("blobs/sha256/") && !path.ends_with('/');
            assert!(!blob || *path == Blob::of(bytes).path(), "{path}");
        }
        let json = |path: &str| serde_json::from_slice::<Value>(&files[path]).unwrap();
        let blob = |digest: &Value| format!("blobs/{}", digest.as_str().unwrap().replace(':', "/"));
        let index = json("index.json");
        assert_eq!(index["manifests"][0]["digest"], *written.digest);
        let manifest = json(&blob(&index["manifests"][0]["digest"]));
        let layer = blob(&manifest["layers"][0]["digest"]);
        assert_eq!(manifest["layers"][0]["size"], files[&layer].len());
        let docker = json("manifest.json");
        assert_eq!(docker[0]["Layers"][0], *layer);
        assert_eq!(docker[0]["Config"], *blob(&manifest["config"]["digest"]));
        let tagged = format!("registry.example.com/team/faultless:{VERSION}");
        assert_eq!(docker[0]["RepoTags"][0], *tagged);
        // Nothing but the archive and the program is left, and the same again is the same.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        let mut again = Vec::new();
        write(&loaded(&program), &name, 0, folder.path(), &mut again).unwrap();
        assert_eq!(again, std::fs::read(&out).unwrap());
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_what_was_there() {
        let folder = tempfile::TempDir::new().unwrap();
        let out = folder.path().join("out.tar");
        std::fs::write(&out, "old").unwrap();
        let gone = loaded(Path::new("/nowhere"));
        assert!(to_file(&gone, &name(None).unwrap(), 0, &out).is_err());
        assert_eq!(std::fs::read_to_string(&out).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_to_do_next_fits_the_name() {
        let written = Written { digest: "sha256:0".to_owned(), bytes: LARGE + 1 };
        let own = said(&name(None).unwrap(), Path::new("f.tar"), &written);
        assert!(
            own.starts_with(&format!("image localhost/faultless:{VERSION} for linux/")),
            "{own}"
        );
        assert!(
            own.contains("kind load image-archive f.tar") && own.contains("it is large"),
            "{own}"
        );
        assert!(own.contains("run --context NAME\n"), "{own}");
        let other = said(&name(Some("a/b:1")).unwrap(), Path::new("-"), &written);
        assert!(other.contains("run --context NAME --agent-image a/b:1\n"), "{other}");
        assert!(other.contains("oci-archive:FILE docker://REGISTRY/b:1"), "{other}");
        assert!(name(Some(&format!("a@sha256:{}", "0".repeat(64)))).is_err());
    }
}
