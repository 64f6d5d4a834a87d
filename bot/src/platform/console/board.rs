//! What stands on the screen: lines that stay, cards that change, and one line of progress.
//!
//! Cards that still change are drawn at the bottom, below everything that stays; a card that is replaced is
//! drawn again in place. Where the output is no terminal everything is appended, and a card that changed
//! says only what changed. Only this file writes cursor movements, and only made of numbers.

use super::harmless::{columns, cut, one_line, wrapped};
use super::render::{Look, changes, render};
use crate::message::Message;
use std::collections::VecDeque;
use std::fmt::Write as _;

/// How many posts are remembered for editing; an older one that is edited is appended again.
const REMEMBERED: usize = 500;
/// How many cards are drawn in place at most; older ones scroll away and are appended when they change.
const DRAWN: usize = 3;

/// The state of the screen.
#[derive(Debug)]
pub struct Board {
    look: Look,
    /// Whether lines can be redrawn.
    live: bool,
    posts: VecDeque<Post>,
    /// The ids of the cards at the bottom, the oldest first.
    drawn: Vec<u64>,
    /// How many lines at the bottom are redrawn next time.
    height: usize,
    progress: Option<String>,
    /// How many rows the terminal has: what is redrawn must fit, cursor movements stop at its top.
    rows: usize,
}

#[derive(Debug)]
struct Post {
    id: u64,
    thread: Option<String>,
    lines: Vec<String>,
}

impl Board {
    /// An empty screen. `live` says whether lines can be redrawn.
    pub fn new(look: Look, live: bool) -> Board {
        Board { look, live, posts: VecDeque::new(), drawn: Vec::new(), height: 0, progress: None, rows: 24 }
    }

    /// Takes a new size, in columns and rows.
    pub fn resize(&mut self, width: usize, rows: usize) {
        self.look.width = width;
        self.rows = rows;
    }

    /// Lines were typed below the cards: they stay above them, and the cards are drawn again.
    pub fn entered(&mut self, typed: &[String]) -> String {
        if !self.live || self.height == 0 || typed.is_empty() {
            return String::new();
        }
        let width = self.look.width.clamp(20, 500);
        let typed: Vec<String> = typed.iter().map(|line| one_line(line)).collect();
        self.height += typed.iter().map(|line| columns(line).div_ceil(width).max(1)).sum::<usize>();
        let lines: Vec<String> = typed.iter().flat_map(|line| wrapped(line, width)).collect();
        self.draw(&lines)
    }

    /// Says something for good, and returns what must be written.
    pub fn say(&mut self, id: u64, thread: Option<&str>, message: &Message) -> String {
        let lines = render(message, thread, self.look);
        self.remember(id, thread, lines.clone());
        self.draw(&lines)
    }

    /// Puts a card on the screen that is going to change, and returns what must be written.
    pub fn card(&mut self, id: u64, thread: Option<&str>, message: &Message) -> String {
        if !self.live {
            return self.say(id, thread, message);
        }
        let lines = render(message, thread, self.look);
        self.remember(id, thread, lines);
        self.drawn.push(id);
        let gone = if self.drawn.len() > DRAWN { Some(self.drawn.remove(0)) } else { None };
        let stays = gone.and_then(|id| self.post(id)).map(|post| post.lines.clone()).unwrap_or_default();
        self.draw(&stays)
    }

    /// Changes a post, and returns what must be written: nothing when it looks as before.
    pub fn change(&mut self, id: u64, thread: Option<&str>, message: &Message) -> String {
        let lines = render(message, thread, self.look);
        let Some(post) = self.posts.iter_mut().find(|post| post.id == id) else {
            return self.say(id, thread, message);
        };
        let old = std::mem::replace(&mut post.lines, lines.clone());
        if old == lines {
            String::new()
        } else if self.drawn.contains(&id) {
            self.draw(&[])
        } else {
            self.draw(&changes(&old, &lines))
        }
    }

    /// Lets a card stay as it is, above everything that is said from now on.
    pub fn settle(&mut self, id: u64) -> String {
        let Some(at) = self.drawn.iter().position(|drawn| *drawn == id) else { return String::new() };
        self.drawn.remove(at);
        let lines = self.post(id).map(|post| post.lines.clone()).unwrap_or_default();
        self.draw(&lines)
    }

    /// Shows one line of progress at the very bottom; `None` takes it away. Without a terminal a line is
    /// appended when it changes.
    pub fn progress(&mut self, line: Option<&str>) -> String {
        let line = line.map(|line| cut(&one_line(line), self.look.width.clamp(20, 500)));
        if line == self.progress {
            return String::new();
        }
        self.progress = line;
        match (&self.progress, self.live) {
            (Some(line), false) => format!("{line}\n"),
            (None, false) => String::new(),
            (_, true) => self.draw(&[]),
        }
    }

    /// Where a post stands: its thread, when it is remembered.
    pub fn thread_of(&self, id: u64) -> Option<&str> {
        self.post(id).and_then(|post| post.thread.as_deref())
    }

    fn post(&self, id: u64) -> Option<&Post> {
        self.posts.iter().find(|post| post.id == id)
    }

    fn remember(&mut self, id: u64, thread: Option<&str>, lines: Vec<String>) {
        if self.posts.len() == REMEMBERED
            && let Some(oldest) = self.posts.pop_front()
        {
            self.drawn.retain(|drawn| *drawn != oldest.id);
        }
        self.posts.push_back(Post { id, thread: thread.map(str::to_owned), lines });
    }

    /// Takes the bottom away, appends lines, and draws the bottom again.
    fn draw(&mut self, stays: &[String]) -> String {
        let mut out = String::new();
        if self.height > 0 {
            // Writing to a string cannot fail.
            write!(out, "\u{1b}[{}A\r\u{1b}[J", self.height).unwrap_or_default();
        }
        for line in stays {
            out.push_str(line);
            out.push('\n');
        }
        self.height = 0;
        if self.live {
            let drawn = self.drawn.iter().filter_map(|id| self.post(*id)).flat_map(|post| &post.lines);
            let all: Vec<&String> = drawn.chain(&self.progress).collect();
            let bottom = &all[all.len().saturating_sub(self.rows.saturating_sub(3).max(1))..];
            for line in bottom {
                out.push_str(line);
                out.push('\n');
            }
            self.height = bottom.len();
        }
        out
    }
}
