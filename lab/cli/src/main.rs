//! The `faultline` command. Everything it does is in the library; here its answer becomes an exit
//! code: 0 yes, 1 no, 2 could not look.

use std::process::ExitCode;

fn main() -> ExitCode {
    faultline::run()
}
