//! Nothing is left behind, whatever ends the tests.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::support::postgres::Postgres;
use crate::support::redis::Redis;
use crate::support::service::Service;
use crate::support::{run, wait};

/// Set in the process that is to be killed, to the file that takes the path of its folder.
const VICTIM: &str = "IDENTITY_TESTS_FOLDER";

fn start_peers_and_wait_to_be_killed(told: &Path) {
    let _redis = Redis::start();
    let data = Postgres::shared().data();
    let folder = data.parent().and_then(Path::parent).unwrap();
    fs::write(told, folder.to_str().unwrap()).unwrap();
    std::thread::sleep(Duration::from_mins(1));
}

#[test]
fn killed_tests_leave_nothing_behind() {
    if let Some(told) = std::env::var_os(VICTIM) {
        return start_peers_and_wait_to_be_killed(Path::new(&told));
    }
    let own = run::folder("killed");
    let told = own.path().join("folder");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "ops::run::killed_tests_leave_nothing_behind"]);
    command.env(VICTIM, &told).stdout(Stdio::null()).stderr(Stdio::null());
    let mut tests = Service::spawn("tests", &mut command, Signal::TERM);
    let folder = wait::until_blocking("the peers run", Duration::from_secs(30), || {
        assert_eq!(tests.exited(), None);
        fs::read_to_string(&told).ok().filter(|path| !path.is_empty())
    });
    let programs: Vec<String> = fs::read_dir(Path::new(&folder).join("watched"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(programs.len(), 2, "redis-server and postgres");

    assert_eq!(tests.kill().signal(), Some(9));
    wait::until_blocking("the folder is gone", Duration::from_secs(20), || {
        (!Path::new(&folder).exists()).then_some(())
    });
    for program in programs {
        // A zombie, which its new parent has yet to collect, has no program.
        assert!(fs::read_link(Path::new("/proc").join(program).join("exe")).is_err());
    }
}
