//! The rows of bench/core on tokio's current_thread runtime.
//!
//! usage: <program> [--list] ROW...
//!
//! For each row that it knows it prints one line of JSON: CPU time of the process for one
//! operation, the median of three samples of 30 ms or more, after a warm-up.

mod rows;

use std::future::Future;
use std::pin::Pin;

const SAMPLE_SECONDS: f64 = 0.030;
const SAMPLES: usize = 3;

fn cpu_seconds() -> f64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 + 1e-9 * now.tv_nsec as f64
}

pub fn resident_bytes() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096.0
}

/// What one run of a row found.
#[derive(Default, Clone, Copy)]
pub struct Meter {
    started: f64,
    seconds: f64,
    pub bytes: f64,
}

impl Meter {
    pub fn start(&mut self) {
        self.started = cpu_seconds();
    }
    pub fn stop(&mut self) {
        self.seconds = cpu_seconds() - self.started;
    }
    pub fn started_at(&mut self, when: f64) {
        self.started = when;
    }
}

pub fn now() -> f64 {
    cpu_seconds()
}

/// The random numbers of every peer.
pub struct Random(u64);

impl Random {
    pub fn new() -> Self {
        Random(1)
    }
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) % end
    }
}

pub type Body = fn(usize) -> Pin<Box<dyn Future<Output = Meter> + Send>>;

#[derive(Clone, Copy, PartialEq)]
pub enum Time {
    Real,
    Paused,
}

pub struct Row {
    pub name: &'static str,
    pub body: Body,
    pub n_fixed: usize,
    pub time: Time,
}

/// The row runs as a task, as it does in cochain: block_on's own future would meet epoll each time
/// that it waits.
fn sample(row: &Row, n: usize) -> Meter {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(row.time == Time::Paused)
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn((row.body)(n)).await.unwrap() })
}

fn size_of_sample(row: &Row) -> usize {
    let mut n: usize = 100;
    loop {
        let seconds = sample(row, n).seconds;
        if seconds >= SAMPLE_SECONDS {
            return n;
        }
        let factor = (1.2 * SAMPLE_SECONDS / seconds.max(1e-9)).clamp(2.0, 100.0);
        n = (n as f64 * factor) as usize;
        let step = if n >= 1000 { 1000 } else { 100 };
        n = n.div_ceil(step) * step;
    }
}

fn report(row: &Row) {
    let mut n = row.n_fixed;
    if n == 0 {
        n = size_of_sample(row);
    } else {
        sample(row, n / 100);
    }
    let mut samples = vec![sample(row, n)];
    while samples.len() < SAMPLES && samples[0].bytes == 0.0 {
        samples.push(sample(row, n));
    }
    samples.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let median = samples[samples.len() / 2];
    if median.bytes > 0.0 {
        println!(
            "{{\"row\": \"{}\", \"peer\": \"tokio\", \"bytes\": {:.1}, \"n\": {}}}",
            row.name, median.bytes, n
        );
    } else {
        println!(
            "{{\"row\": \"{}\", \"peer\": \"tokio\", \"ns\": {:.2}, \"n\": {}}}",
            row.name,
            median.seconds * 1e9 / n as f64,
            n
        );
    }
}

fn main() {
    for argument in std::env::args().skip(1) {
        for row in rows::ROWS {
            if argument == "--list" {
                println!("{}", row.name);
            } else if argument == row.name {
                report(row);
            }
        }
    }
}
