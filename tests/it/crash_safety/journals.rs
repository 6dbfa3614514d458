//! The journal itself: without one nothing is begun, with an unfinished one neither, and one that
//! cannot be written any more stops the run, which restores all the same.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::{Value, json};

use super::shop::{feature, shop, steps};
use super::standing_mesh::{StandingMesh, out, told};
use crate::program::finish;

/// What `ulimit -f` counts, and more: files of the run's own reports stay below it, and a journal
/// with the large object in it does not.
const BLOCKS: u32 = 128;

/// As many bytes as no such file may have.
const LARGE: usize = 200 * 1024;

#[test]
fn an_unfinished_run_is_finished_first() {
    let ground = shop();
    let before = ground.slate();
    let path = feature(&ground, "again", &[steps("cart")]);
    ground.die(&path, &[], "14:written");
    let words = ["died and is not undone", "faultless recover", "--recover"];
    told(&ground.run(&path, &[]), 3, &words);
    let dead = ground.slate();
    assert_ne!(dead, before);
    let said = ground.faultless(&["recover", "--dry-run"]);
    told(&said, 0, &["would undo VirtualService shop/cart-routes", "would give back its Lease"]);
    assert_eq!(ground.slate(), dead, "a dry run does nothing");
    assert_eq!(ground.journals().len(), 1);
    told(&ground.run(&path, &["--recover"]), 0, &[]);
    assert_eq!(ground.slate(), before);
    told(&ground.faultless(&["recover"]), 0, &["no run died here unfinished"]);
}

#[test]
fn a_newer_versions_journal_is_left_to_it() {
    let ground = shop();
    let path = feature(&ground, "newer", &[steps("stock")]);
    ground.die(&path, &[], "1:written");
    let journal = ground.journals().remove(0);
    let newer = fs::read_to_string(&journal).unwrap().replace("{\"v\":1,", "{\"v\":2,");
    fs::write(&journal, &newer).unwrap();
    told(&ground.run(&path, &[]), 3, &["is newer than 1"]);
    told(&ground.faultless(&["recover"]), 4, &["is newer than 1"]);
    assert_eq!(fs::read_to_string(&journal).unwrap(), newer, "it is kept as it was");
}

#[test]
fn a_damaged_journal_still_undoes_what_can_be_read() {
    let ground = shop();
    let before = ground.slate();
    let path = feature(&ground, "torn", &[steps("cart")]);
    ground.die(&path, &["--dead-man", "1h"], "15:written");
    let journal = ground.journals().remove(0);
    let mut text = fs::read_to_string(&journal).unwrap();
    // The last record loses its end: as far as the journal knows, its change was never announced.
    text.truncate(text.len() - 20);
    fs::write(&journal, text).unwrap();
    let said = ground.faultless(&["recover"]);
    told(&said, 0, &["undone: VirtualService shop/cart-routes", "is finished"]);
    assert_eq!(ground.slate(), before);
}

#[test]
fn without_a_journal_nothing_is_begun() {
    let ground = shop();
    let before = ground.slate();
    let path = feature(&ground, "unwritten", &[steps("stock") + &steps("cart")]);
    let closed = ground.place.path("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
    let mut folders = vec!["/proc/no/such".to_owned()];
    // Root may write everywhere.
    if fs::write(closed.join("probe"), "").is_err() {
        folders.push(closed.to_str().unwrap().to_owned());
    }
    for state in folders {
        let mut command = ground.run_command(&path, &[], None);
        command.env("XDG_STATE_HOME", &state);
        told(&finish(command), 3, &["making the journal", "nothing was changed"]);
        assert_eq!(ground.slate(), before, "{state}");
    }
    let seen = fs::read_to_string(out(&path).join("events.jsonl")).unwrap();
    assert!(!seen.contains("faultless-stock"), "{seen}");
}

#[test]
fn a_disk_that_fills_up_stops_the_run_which_restores() {
    let ground = shop();
    enlarge(&ground);
    let before = ground.slate();
    let path = feature(&ground, "full", &[steps("stock") + &steps("cart") + &steps("till")]);
    let said = finish(limited(&ground.run_command(&path, &[], None)));
    told(&said, 3, &["writing the journal", "without its journal a change is not made"]);
    assert_eq!(ground.slate(), before);
    assert!(ground.journals().is_empty());
    let seen = fs::read_to_string(out(&path).join("events.jsonl")).unwrap();
    assert!(seen.contains("faultless-stock") && !seen.contains("faultless-till"), "{seen}");

    // It dies on top of that, with its last record torn.
    let deaths = ["6:written", "8:written", "9:written", "10:written"];
    for kill_at in deaths {
        let said =
            finish(limited(&ground.run_command(&path, &["--dead-man", "1h"], Some(kill_at))));
        assert_eq!(said.code, None, "{kill_at}: {said:?}");
        told(&ground.faultless(&["recover"]), 0, &["is finished"]);
        assert_eq!(ground.slate(), before, "{kill_at}");
    }
}

/// Makes `cart`'s DestinationRule so large that a journal with it is too large.
fn enlarge(ground: &StandingMesh) {
    let text = ground.kubectl("get dr cart -n shop -o json");
    let mut rule: Value = serde_json::from_str(&text).unwrap();
    rule["metadata"]["annotations"] = json!({"large": "x".repeat(LARGE)});
    ground.place.file("large.json", &rule.to_string());
    let file = ground.place.path("large.json");
    ground.kubectl(&format!("replace -f {}", file.display()));
}

/// The same command with a limit on the size of files, which it survives to see.
fn limited(command: &Command) -> Command {
    let mut shell = Command::new("/bin/sh");
    let script = format!("trap '' XFSZ; ulimit -f {BLOCKS}; exec \"$0\" \"$@\"");
    shell.arg("-c").arg(script).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell
}
