use std::process::ExitCode;

/// The C library's has the threads wait for each other: a third of the CPU of a case. Of this one it is the version that starts soonest.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // As a mocked command it must start and end within a millisecond, so this comes before everything else.
    if let Some(status) = checkride::fakes::command::shim_main() {
        return ExitCode::from(status as u8);
    }
    checkride::cli::main()
}
