//! The shipped suites as tests of their own: `cargo test --test suites -- --list`.

fn main() -> std::process::ExitCode {
    checkride::cli::test_main(env!("CARGO_BIN_EXE_checkride"))
}
