//! The shim, by the real program: no child outlives its parent.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const FAULTLESS: &str = env!("CARGO_BIN_EXE_faultless");

fn alive(pid: i32) -> bool {
    // A zombie has ended; only its parent has not looked yet.
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X "))
}

fn wait_for_end(pid: i32) {
    let start = Instant::now();
    while alive(pid) {
        assert!(start.elapsed() < Duration::from_secs(30), "{pid} is still there");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_child_dies_with_its_parent_even_by_sigkill() {
    // The parent is a shell that starts the shim and then waits; what the shim becomes writes its
    // pid, so the test knows whom to look for.
    let script = format!("{FAULTLESS} envoy-shim $$ -- /bin/sh -c 'echo $$; exec sleep 60' & wait");
    let mut parent = Command::new("/bin/sh")
        .args(["-c", &script])
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut line = String::new();
    let stdout = parent.stdout.take().expect("a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("a pid");
    let child: i32 = line.trim().parse().expect("a pid");
    assert!(alive(child));
    parent.kill().expect("killed");
    assert_eq!(parent.wait().expect("ended").signal(), Some(9));
    wait_for_end(child);
}

#[test]
fn a_child_whose_parent_is_gone_already_does_not_start() {
    let output = Command::new(FAULTLESS)
        .args(["envoy-shim", "1", "--", "/bin/echo", "started"])
        .output()
        .expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.stdout.is_empty() && stderr.contains("already ended"), "{stderr}");
    assert_eq!(output.status.code(), Some(3));
}
