//! Processor time and memory of processes, read from `/proc` (`proc_pid_stat(5)`).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// The fields of `/proc/PID/stat` that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessStat {
    /// The process.
    pub pid: u32,
    /// Its state's letter: `Z` is a zombie.
    pub state: char,
    /// Its parent.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
    /// Processor time of the process, in clock ticks.
    pub ticks: u64,
    /// When it started, in clock ticks since the boot.
    pub start_ticks: u64,
    /// Resident memory in pages.
    pub pages: u64,
}

impl ProcessStat {
    /// Reads one process, if it exists.
    pub fn read(pid: u32) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        // The name stands in parentheses and may hold any character, so the fields count from the last one.
        let (head, tail) = text.rsplit_once(')')?;
        let pid = head.split_once(' ')?.0.parse().ok()?;
        let fields: Vec<&str> = tail.split_ascii_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self {
            pid,
            state: fields.first()?.chars().next()?,
            parent: u32::try_from(number(1)?).ok()?,
            group: fields.get(2)?.parse::<i64>().ok()?.try_into().unwrap_or(0),
            ticks: number(11)? + number(12)?,
            start_ticks: number(19)?,
            pages: number(21)?,
        })
    }
}

/// What a set of processes uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// The processes, zombies left out.
    pub pids: Vec<u32>,
    /// Processor time of all that live, in clock ticks.
    pub ticks: u64,
    /// Resident memory in bytes; pages that are shared count once for each process.
    pub memory_bytes: u64,
}

/// All processes that can be seen.
pub fn processes() -> Vec<ProcessStat> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(ProcessStat::read).collect()
}

/// What the given processes, their groups and all their descendants use.
///
/// `all` comes from [`processes`], read once for several questions.
pub fn of_trees(roots: &[u32], all: &[ProcessStat]) -> Usage {
    let mut inside: BTreeSet<u32> = roots.iter().copied().collect();
    loop {
        let before = inside.len();
        for process in all {
            if roots.contains(&process.group) || inside.contains(&process.parent) {
                inside.insert(process.pid);
            }
        }
        if inside.len() == before {
            break;
        }
    }
    let mut usage = Usage::default();
    for process in all.iter().filter(|process| inside.contains(&process.pid) && process.state != 'Z') {
        usage.pids.push(process.pid);
        usage.ticks += process.ticks;
        usage.memory_bytes += process.pages * rustix::param::page_size() as u64;
    }
    usage
}

/// Turns processor time into percent by remembering the last look at each name.
#[derive(Debug, Default)]
pub struct Sampler {
    last: BTreeMap<String, (Instant, u64, Option<f64>)>,
}

impl Sampler {
    /// Looks again. Percent of one processor since the last look; `None` at the first.
    ///
    /// Two looks within a quarter of a second give the same answer, since ticks are too coarse for more.
    pub fn percent(&mut self, name: &str, ticks: u64, now: Instant) -> Option<f64> {
        let before = self.last.get(name).copied();
        let percent = match before {
            Some((then, _, percent)) if now.saturating_duration_since(then).as_millis() < 250 => {
                return percent;
            }
            Some((then, old, _)) => {
                let seconds =
                    ticks.saturating_sub(old) as f64 / rustix::param::clock_ticks_per_second() as f64;
                Some(100.0 * seconds / now.saturating_duration_since(then).as_secs_f64())
            }
            None => None,
        };
        self.last.insert(name.to_owned(), (now, ticks, percent));
        percent
    }

    /// Forgets all names but these.
    pub fn keep(&mut self, wanted: impl Fn(&str) -> bool) {
        self.last.retain(|name, _| wanted(name));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_does_not_confuse() {
        let line = "42 (a) b (c)) S 7 42 42 0 -1 4194560 100 0 0 0 12 30 0 0 20 0 1 0 9000 1000000 250 18446744073709551615";
        let stat = ProcessStat::parse(line).unwrap();
        let wanted = ProcessStat {
            pid: 42,
            state: 'S',
            parent: 7,
            group: 42,
            ticks: 42,
            start_ticks: 9000,
            pages: 250,
        };
        assert_eq!(stat, wanted);
        for torn in ["", "42", "42 (x", "42 (x)", "42 (x) S 1 2"] {
            assert_eq!(ProcessStat::parse(torn), None, "{torn}");
        }
    }

    #[test]
    fn descendants_and_groups_count_and_strangers_do_not() {
        let process = |pid, parent, group, state| ProcessStat {
            pid,
            state,
            parent,
            group,
            ticks: 1,
            start_ticks: 0,
            pages: 1,
        };
        let all = [
            process(10, 1, 10, 'S'),
            process(13, 12, 99, 'S'),
            process(12, 10, 12, 'S'),
            process(14, 1, 10, 'S'),
            process(15, 10, 10, 'Z'),
            process(20, 1, 20, 'S'),
        ];
        let usage = of_trees(&[10], &all);
        assert_eq!(usage.pids, [10, 13, 12, 14]);
        assert_eq!(usage.ticks, 4);
        assert_eq!(usage.memory_bytes, 4 * rustix::param::page_size() as u64);
    }

    #[test]
    fn percent_needs_two_looks() {
        let (mut sampler, start) = (Sampler::default(), Instant::now());
        let second = rustix::param::clock_ticks_per_second();
        assert_eq!(sampler.percent("v1", 0, start), None);
        assert_eq!(sampler.percent("v1", second, start + Duration::from_secs(2)), Some(50.0));
        assert_eq!(sampler.percent("v1", 9 * second, start + Duration::from_millis(2100)), Some(50.0));
        // A process that died took its ticks along.
        assert_eq!(sampler.percent("v1", 0, start + Duration::from_secs(4)), Some(0.0));
    }
}
