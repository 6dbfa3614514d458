//! x
fn main() {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == faultless::local::envoy::shim::NAME) {
        let error = faultless::local::envoy::shim::run(args);
        eprintln!("{error}");
        std::process::exit(i32::from(error.exit_code() as u8));
    }
}
