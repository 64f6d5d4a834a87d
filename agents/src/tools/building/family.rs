//! Who belongs to a run, how much they use together, and their end.
//!
//! A process belongs to a run when it is in the leader's group or session, when its parent belongs
//! (now or when it was last seen), or when its environment carries the run's mark. The mark finds
//! those that left group, session and parent behind. Confinement with its own process namespace
//! makes the first three complete; without it, a process that changes all of them and its
//! environment between two looks escapes, which is why the confinement is not optional.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal};

/// The environment variable that marks every process of a run.
pub(super) const MARK: &str = "ORCHESTRA_RUN";

/// Longest wait for killed processes to go; the kernel needs longer only when a disk hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// One line of `/proc/PID/stat`, see proc(5); times in clock ticks, memory in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    pid: i32,
    alive: bool,
    parent: i32,
    group: i32,
    session: i32,
    ticks: u64,
    threads: u64,
    started: u64,
    resident_pages: u64,
}

/// What a run uses at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Use {
    /// Processes and threads.
    pub(super) tasks: u64,
    /// Resident memory in bytes; shared pages count once per process, so this is an upper bound.
    pub(super) resident: u64,
    /// Processor time of the living and of the children that they waited for.
    pub(super) cpu: Duration,
}

/// The processes of one run.
#[derive(Debug)]
pub(super) struct Family {
    leader: i32,
    leader_started: u64,
    mark: Vec<u8>,
    known: HashMap<i32, u64>,
    strangers: HashSet<(i32, u64)>,
}

impl Family {
    /// The family of a process that was started a moment ago and leads its group.
    pub(super) fn of(leader: i32, mark: &str) -> Self {
        let leader_started = read_stat(leader).map_or(0, |stat| stat.started);
        let known = HashMap::from([(leader, leader_started)]);
        let mark = format!("{MARK}={mark}").into_bytes();
        Self { leader, leader_started, mark, known, strangers: HashSet::new() }
    }

    /// What the family uses now.
    pub(super) fn look(&mut self) -> Use {
        let ticks_per_second = rustix::param::clock_ticks_per_second().max(1);
        let page = rustix::param::page_size() as u64;
        self.members().iter().fold(Use::default(), |sum, member| Use {
            tasks: sum.tasks + member.threads.max(1),
            resident: sum.resident + member.resident_pages * page,
            cpu: sum.cpu + Duration::from_millis(member.ticks * 1000 / ticks_per_second),
        })
    }

    /// Memory in bytes with shared pages divided among their users: exact, and slow to ask for.
    pub(super) fn exact_memory(&mut self) -> u64 {
        self.members().iter().map(|member| proportional_memory(member.pid)).sum()
    }

    /// Kills the whole family and returns when nothing of it runs, or after [`PATIENCE`].
    pub(super) fn end(&mut self) {
        let begun = Instant::now();
        loop {
            if let Some(group) = Pid::from_raw(self.leader).filter(|_| self.leader_started > 0) {
                // An empty group is what we want, so the error says nothing.
                kill_process_group(group, Signal::KILL).ok();
            }
            let living: Vec<Stat> = self.members().into_iter().filter(|member| member.alive).collect();
            // All are stopped before any is killed, so that none starts another in between.
            for signal in [Signal::STOP, Signal::KILL] {
                living.iter().for_each(|member| send(member, signal));
            }
            if living.is_empty() {
                return;
            }
            if begun.elapsed() > PATIENCE {
                tracing::warn!(left = living.len(), "processes of a run could not be ended");
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Everyone who belongs now; remembers them, so that an orphan still belongs at the next look.
    fn members(&mut self) -> Vec<Stat> {
        let mut others: Vec<Stat> =
            all_stats().into_iter().filter(|stat| stat.started >= self.leader_started).collect();
        let mut members: Vec<Stat> = Vec::new();
        let mut parents: HashSet<i32> = HashSet::new();
        loop {
            let before = members.len();
            others.retain(|stat| {
                let belongs = self.known.get(&stat.pid) == Some(&stat.started)
                    || stat.group == self.leader
                    || stat.session == self.leader
                    || parents.contains(&stat.parent);
                if belongs {
                    members.push(*stat);
                    parents.insert(stat.pid);
                }
                !belongs
            });
            // Only strangers are asked for the mark, for reading an environment is slow.
            if members.len() == before {
                let Some(marked) = others.iter().position(|stat| self.carries_mark(stat)) else { break };
                let marked = others.swap_remove(marked);
                parents.insert(marked.pid);
                members.push(marked);
            }
        }
        self.known = members.iter().map(|member| (member.pid, member.started)).collect();
        members
    }

    fn carries_mark(&mut self, stat: &Stat) -> bool {
        let identity = (stat.pid, stat.started);
        if self.strangers.contains(&identity) {
            return false;
        }
        let environment = std::fs::read(format!("/proc/{}/environ", stat.pid)).unwrap_or_default();
        let carries = environment.split(|&byte| byte == 0).any(|entry| entry == self.mark);
        if !carries {
            self.strangers.insert(identity);
        }
        carries
    }
}

/// Signals exactly the process that was seen: a handle is taken before its start time is compared.
fn send(member: &Stat, signal: Signal) {
    let Some(pid) = Pid::from_raw(member.pid) else { return };
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return };
    if read_stat(member.pid).is_some_and(|now| now.started == member.started) {
        // It may have ended by itself in the meantime.
        pidfd_send_signal(handle, signal).ok();
    }
}

fn all_stats() -> Vec<Stat> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).filter_map(read_stat).collect()
}

/// Processes and threads of this process's user, as `RLIMIT_NPROC` counts them.
pub(super) fn tasks_of_this_user() -> u64 {
    use std::os::unix::fs::MetadataExt;
    let user = rustix::process::getuid().as_raw();
    let is_ours =
        |stat: &Stat| std::fs::metadata(format!("/proc/{}", stat.pid)).is_ok_and(|about| about.uid() == user);
    all_stats().iter().filter(|stat| is_ours(stat)).map(|stat| stat.threads).sum()
}

fn read_stat(pid: i32) -> Option<Stat> {
    parse_stat(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The name stands in parentheses and may itself hold spaces and parentheses, so the last one ends it.
fn parse_stat(line: &str) -> Option<Stat> {
    let (pid, rest) = line.split_once(" (")?;
    let fields: Vec<&str> = rest.rsplit_once(") ")?.1.split_ascii_whitespace().collect();
    // Field 3 of proc(5), the state, is the first one here.
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let id = |field: usize| fields.get(field - 3)?.parse::<i32>().ok();
    let ticks = [14, 15, 16, 17].into_iter().map(|field| number(field).unwrap_or(0)).sum();
    Some(Stat {
        pid: pid.parse().ok()?,
        alive: !matches!(*fields.first()?, "Z" | "X"),
        parent: id(4)?,
        group: id(5)?,
        session: id(6)?,
        ticks,
        threads: number(20)?,
        started: number(22)?,
        resident_pages: number(24)?,
    })
}

fn proportional_memory(pid: i32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let kibibytes = text.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next());
    kibibytes.and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let line = "42 (a) b (c)) S 7 42 41 0 -1 4194304 1 2 3 4 10 20 30 40 20 0 3 0 999 4096 55 18446744073709551615";
        let expected = Stat {
            pid: 42,
            alive: true,
            parent: 7,
            group: 42,
            session: 41,
            ticks: 100,
            threads: 3,
            started: 999,
            resident_pages: 55,
        };
        assert_eq!(parse_stat(line), Some(expected));
        for broken in ["", "42", "42 (a", "42 (a) S 7", "x (a) S 7 42 41 0"] {
            assert_eq!(parse_stat(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn this_process_has_memory_and_threads() {
        let me = i32::try_from(std::process::id()).unwrap();
        let stat = read_stat(me).unwrap();
        assert!(stat.alive && stat.resident_pages > 0 && stat.threads > 0);
        assert!(proportional_memory(me) > 0);
    }
}
