use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // As a mocked command it must start and end within a millisecond, so this comes before everything else.
    if let Some(status) = checkride::fakes::command::shim_main() {
        return ExitCode::from(status as u8);
    }
    checkride::cli::main()
}
