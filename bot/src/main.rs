//! The program `orchestra`: its own shim first, everything else in [`orchestra_bot::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "shim") {
        return orchestra_shim::main(arguments.collect());
    }
    orchestra_bot::cli::main()
}
