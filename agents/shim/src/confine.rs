//! `orchestra shim confine OPTIONS -- PROGRAM ARGUMENTS..`: limits itself for good, then becomes the program.
//!
//! | option | does |
//! | --- | --- |
//! | `--cpu-seconds N` `--memory-bytes N` `--file-bytes N` `--processes N` `--open-files N` | a limit that the kernel holds |
//! | `--group` | a process group of its own, and death with the parent |
//! | `--landlock` | files: only what the next two allow |
//! | `--read-only PATH` `--read-write PATH` | repeatable |
//! | `--no-network` | with `--landlock`: no TCP |
//! | `--temporary DIR` | made if missing, and told as `TMPDIR` |

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use rustix::process::{
    Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setpgid, setrlimit,
};

use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};

use crate::exec::refuse;
use crate::files;

/// The newest Landlock that this build asks for; an older kernel gives what it has.
pub(crate) const ABI_WANTED: ABI = ABI::V6;

/// What the command line asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Orders {
    limits: Vec<(Limit, u64)>,
    group: bool,
    landlock: bool,
    no_network: bool,
    read_only: Vec<PathBuf>,
    read_write: Vec<PathBuf>,
    temporary: Option<PathBuf>,
    program: Vec<OsString>,
}

/// A limit that the kernel holds, by its option's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    Cpu,
    Memory,
    File,
    Processes,
    OpenFiles,
}

impl Limit {
    fn resource(self) -> Resource {
        match self {
            Self::Cpu => Resource::Cpu,
            // Not the address space: runtimes reserve far more of it than they ever use.
            Self::Memory => Resource::Data,
            Self::File => Resource::Fsize,
            Self::Processes => Resource::Nproc,
            Self::OpenFiles => Resource::Nofile,
        }
    }
}

/// Limits this process and becomes the program; returns only when that isn't possible.
///
/// A limit that can't be set ends it: nothing runs less confined than it was ordered.
pub fn confine_main(arguments: &[OsString]) -> ExitCode {
    match parse(arguments) {
        Ok(orders) => carry_out(&orders),
        Err(reason) => refuse(&reason),
    }
}

fn parse(arguments: &[OsString]) -> Result<Orders, String> {
    let mut orders = Orders::default();
    let mut rest = arguments.iter();
    while let Some(option) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("`{}` needs a value", option.display()));
        match option.to_str().unwrap_or_default() {
            "--" => {
                orders.program = rest.cloned().collect();
                break;
            }
            "--cpu-seconds" => orders.limits.push((Limit::Cpu, number(value()?)?)),
            "--memory-bytes" => orders.limits.push((Limit::Memory, number(value()?)?)),
            "--file-bytes" => orders.limits.push((Limit::File, number(value()?)?)),
            "--processes" => orders.limits.push((Limit::Processes, number(value()?)?)),
            "--open-files" => orders.limits.push((Limit::OpenFiles, number(value()?)?)),
            "--group" => orders.group = true,
            "--landlock" => orders.landlock = true,
            "--no-network" => orders.no_network = true,
            "--read-only" => orders.read_only.push(value()?.into()),
            "--read-write" => orders.read_write.push(value()?.into()),
            "--temporary" => orders.temporary = Some(value()?.into()),
            _ => return Err(format!("`{}` is no option of `shim confine`", option.display())),
        }
    }
    if orders.program.is_empty() {
        return Err("usage: orchestra shim confine OPTIONS -- PROGRAM ARGUMENTS..".to_owned());
    }
    Ok(orders)
}

fn number(text: &OsStr) -> Result<u64, String> {
    text.to_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| format!("`{}` isn't a number", text.display()))
}

fn carry_out(orders: &Orders) -> ExitCode {
    let [program, arguments @ ..] = orders.program.as_slice() else { return refuse("there is no program") };
    let mut command = Command::new(program);
    command.args(arguments);
    if let Some(folder) = &orders.temporary {
        if let Err(error) = files::private_folder(folder) {
            return refuse(&format!("`{}` can't be made: {error}", folder.display()));
        }
        command.env("TMPDIR", folder);
    }
    if let Err(reason) = restrict(orders) {
        return refuse(&reason);
    }
    let error = command.exec();
    refuse(&format!("`{}` can't be started: {error}", program.display()))
}

fn restrict(orders: &Orders) -> Result<(), String> {
    if orders.group {
        // It fails when the starter has made a group already, which is as good.
        if let Err(error) = setpgid(None, None) {
            tracing::debug!(%error, "no group of its own");
        }
        set_parent_process_death_signal(Some(Signal::KILL))
            .map_err(|error| format!("the process can't be tied to its parent: {error}"))?;
    }
    if orders.landlock {
        drop_capabilities();
        let status = landlock(orders).map_err(|error| format!("Landlock can't be put in force: {error}"))?;
        if status == RulesetStatus::NotEnforced {
            return Err("this kernel has no Landlock".to_owned());
        }
    }
    limit(Resource::Core, 0)?;
    orders.limits.iter().try_for_each(|(kind, value)| limit(kind.resource(), *value))
}

/// Root's programs get no capability back when they are started: with one of them, root reads the environment of
/// every process, past Landlock's own fence. Whoever is not root has none to lose.
fn drop_capabilities() {
    for capability in CapabilitySet::all().iter() {
        if let Err(error) = remove_capability_from_bounding_set(capability) {
            tracing::debug!(?capability, %error, "capability not dropped");
        }
    }
}

fn limit(resource: Resource, value: u64) -> Result<(), String> {
    let allowed = getrlimit(resource).maximum;
    let value = Some(allowed.map_or(value, |allowed| allowed.min(value)));
    setrlimit(resource, Rlimit { current: value, maximum: value })
        .map_err(|error| format!("the limit {resource:?} can't be set: {error}"))
}

fn landlock(orders: &Orders) -> Result<RulesetStatus, RulesetError> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI_WANTED))?
        .scope(Scope::from_all(ABI_WANTED))?;
    if orders.no_network {
        ruleset = ruleset.handle_access(AccessNet::from_all(ABI_WANTED))?;
    }
    let reading = AccessFs::from_read(ABI_WANTED);
    // Devices are neither made nor controlled, also where a build may write.
    let writing =
        AccessFs::from_all(ABI_WANTED) & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev);
    let restricted = ruleset
        .create()?
        .add_rules(path_beneath_rules(&orders.read_only, reading))?
        .add_rules(path_beneath_rules(&orders.read_write, writing))?
        .add_rules(path_beneath_rules(orders.temporary.iter(), writing))?
        .restrict_self()?;
    Ok(restricted.ruleset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Orders, String> {
        parse(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn options_end_where_the_program_begins() {
        let orders = parsed(
            "--cpu-seconds 5 --landlock --read-only /usr --read-only /bin --no-network -- ls --landlock -- x",
        );
        let orders = orders.unwrap();
        assert_eq!(orders.limits, [(Limit::Cpu, 5)]);
        assert_eq!(orders.read_only, [PathBuf::from("/usr"), PathBuf::from("/bin")]);
        assert!(orders.landlock && orders.no_network && !orders.group);
        assert_eq!(orders.program, ["ls", "--landlock", "--", "x"]);
    }

    #[test]
    fn nothing_runs_on_orders_that_are_not_understood() {
        for (line, reason) in [
            ("", "usage: orchestra shim confine OPTIONS -- PROGRAM ARGUMENTS.."),
            ("--landlock --", "usage: orchestra shim confine OPTIONS -- PROGRAM ARGUMENTS.."),
            ("--cpu-seconds", "`--cpu-seconds` needs a value"),
            ("--cpu-seconds many -- ls", "`many` isn't a number"),
            ("--cpu-seconds -1 -- ls", "`-1` isn't a number"),
            ("--lanldock -- ls", "`--lanldock` is no option of `shim confine`"),
            ("ls", "`ls` is no option of `shim confine`"),
        ] {
            assert_eq!(parsed(line).unwrap_err(), reason, "{line}");
        }
    }
}
