// The rows of bench/chains on rig, on tokio's current_thread runtime.
//
// usage: <program> [--list] ROW...
//
// For each row that it knows it prints one line of JSON: CPU time of the process for one operation,
// the median of three samples of 30 ms or more, after a warm-up.

mod model;
mod rows;

const SAMPLE_SECONDS: f64 = 0.030;
const SAMPLES: usize = 3;

pub struct Meter {
    started: f64,
    seconds: f64,
    pub parts: usize,
}

fn cpu_seconds() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 + 1e-9 * now.tv_nsec as f64
}

impl Meter {
    pub fn start(&mut self) {
        self.started = cpu_seconds();
    }
    pub fn stop(&mut self) {
        self.seconds = cpu_seconds() - self.started;
    }
}

pub struct Row {
    pub name: &'static str,
    pub body: fn(&mut Meter, usize),
    pub n_fixed: usize,
}

fn sample(row: &Row, n: usize) -> Meter {
    let mut meter = Meter { started: 0.0, seconds: 0.0, parts: 1 };
    (row.body)(&mut meter, n);
    meter
}

fn size_of_sample(row: &Row) -> usize {
    let mut n = 1;
    loop {
        let seconds = sample(row, n).seconds;
        if seconds >= SAMPLE_SECONDS {
            return n;
        }
        let factor = (1.2 * SAMPLE_SECONDS / seconds.max(1e-9)).clamp(2.0, 100.0);
        n = (n as f64 * factor) as usize + 1;
    }
}

fn report(row: &Row) {
    let n = if row.n_fixed > 0 {
        sample(row, 1);
        row.n_fixed
    } else {
        size_of_sample(row)
    };
    let mut samples: Vec<Meter> = (0..SAMPLES).map(|_| sample(row, n)).collect();
    samples.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let median = &samples[SAMPLES / 2];
    let ns = median.seconds * 1e9 / (n * median.parts) as f64;
    println!("{{\"row\": \"{}\", \"peer\": \"rig\", \"ns\": {ns:.2}, \"n\": {n}}}", row.name);
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
