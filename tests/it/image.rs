//! `faultless image` and the names of images, as they are typed.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::program::{FAULTLESS, Place, arg};

/// The files of the image's layer, by path, with their lengths.
fn layer(archive: &Path) -> BTreeMap<String, u64> {
    let open = || tar::Archive::new(fs::File::open(archive).unwrap());
    let mut read = Vec::new();
    for entry in open().entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.path().unwrap() == Path::new("manifest.json") {
            entry.read_to_end(&mut read).unwrap();
        }
    }
    let manifest: Value = serde_json::from_slice(&read).unwrap();
    let path = manifest[0]["Layers"][0].as_str().unwrap();
    let mut archive = open();
    let mut entries = archive.entries().unwrap().map(|entry| entry.unwrap());
    let layer = entries.find(|entry| entry.path().unwrap() == Path::new(path)).unwrap();
    let mut layer = tar::Archive::new(GzDecoder::new(layer));
    let files = layer.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        (entry.path().unwrap().display().to_string(), entry.size())
    });
    files.collect()
}

#[test]
fn the_program_makes_an_image_of_itself() {
    let place = Place::new();
    let out = place.path("faultless.tar");
    let said = place.run(&["image", "--out", arg(&out)]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("image localhost/faultless:"), "{said:?}");
    assert!(said.stdout.contains("kind load image-archive"), "{said:?}");
    let files = layer(&out);
    let program = fs::metadata(FAULTLESS).unwrap().len();
    assert_eq!(files["usr/local/bin/faultless"], program);
    assert!(files.contains_key("etc/passwd") && files.contains_key("tmp/"), "{files:?}");
    assert!(place.left().is_empty());
}

#[test]
fn an_image_that_cannot_be_made_leaves_nothing() {
    let place = Place::new();
    let out = place.path("no/such/folder/x.tar");
    let said = place.run(&["image", "--out", arg(&out)]);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.stderr.contains("--out"), "{said:?}");
    let out = place.path("x.tar");
    let said = place.run(&["image", "--out", arg(&out), "--name", "Not A Name"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(!out.exists());
}

#[test]
fn how_a_pods_image_is_named_is_judged_before_anything_is_touched() {
    let place = Place::new();
    let out = place.path("out");
    let run = |more: &[&str]| {
        let args = ["run", "--context", "nowhere", "--out", arg(&out)];
        let said = place.run(&[&args[..], more].concat());
        assert_eq!(said.code, Some(2), "{more:?}: {said:?}");
        assert!(!out.exists(), "a record was begun for {more:?}");
        said.stderr
    };
    assert!(run(&["--agent-image", "No Name"]).contains("`No Name` is no image's name"));
    assert!(run(&["--image-pull-policy", "Always"]).contains("--agent-image"));
    assert!(run(&["--image-pull-policy", "often"]).contains("IfNotPresent"));
    let said = place.run(&["run", "--agent-image", "x", "--out", arg(&out)]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("--context"), "a local mesh has its own: {said:?}");
}
