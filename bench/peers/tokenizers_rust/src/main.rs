// The rows of bench/tokens on tokenizers that are written in Rust.
//
// usage: tokenizers_peer ENGINE --data FOLDER [--list] ROW...
//
// For each row that it knows it prints one line of JSON: CPU time of the process for 1,000 bytes of
// text, the median of three samples after a warm-up, or one sample if that takes seconds.
// FASTOKENS_BPE_THREADS=1 keeps fastokens to one thread.

mod engines;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use engines::Source;

const SAMPLES: usize = 3;
const ONE_SAMPLE_SECONDS: f64 = 1.0;

fn cpu_seconds() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 + 1e-9 * now.tv_nsec as f64
}

/// FNV-1a of the ids as numbers of 32 bits, low byte first.
fn hash_of(ids: &[u32]) -> u32 {
    ids.iter()
        .flat_map(|id| id.to_le_bytes())
        .fold(2166136261, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16777619))
}

/// With an engine and a thread of its own, since caches may belong to either.
fn sample(source: &Source, text: &str) -> (f64, Vec<u32>) {
    let engine = source.make();
    thread::scope(|scope| {
        let work = scope.spawn(|| {
            let started = cpu_seconds();
            let ids = engine.encode(text);
            (cpu_seconds() - started, ids)
        });
        work.join().expect("ids")
    })
}

fn measure(name: &str, data: &Path, row: &str) {
    let (what, encoding) = row.rsplit_once('_').expect("a row");
    let started = cpu_seconds();
    let source = Source::read(name, &data.join("vocab"), encoding);
    if what == "load" {
        let _kept = source.make();
        let ns = (cpu_seconds() - started) * 1e9;
        println!("{{\"row\": \"{row}\", \"peer\": \"{name}\", \"ns\": {ns:.0}}}");
        return;
    }
    let bytes = fs::read(data.join("texts").join(format!("{what}.txt"))).expect("a text");
    let text = String::from_utf8_lossy(&bytes);
    let mut median = sample(&source, &text);
    if median.0 <= ONE_SAMPLE_SECONDS {
        let mut samples: Vec<_> = (0..SAMPLES).map(|_| sample(&source, &text)).collect();
        samples.sort_by(|a, b| a.0.total_cmp(&b.0));
        median = samples.swap_remove(SAMPLES / 2);
    }
    let (seconds, ids) = median;
    let ns = seconds * 1e9 / (bytes.len() as f64 / 1000.0);
    println!(
        "{{\"row\": \"{row}\", \"peer\": \"{name}\", \"ns\": {ns:.2}, \
         \"result\": \"{} tokens, {}\"}}",
        ids.len(),
        hash_of(&ids)
    );
}

fn list(data: &Path) {
    for encoding in ["cl100k", "o200k"] {
        println!("load_{encoding}");
        for entry in fs::read_dir(data.join("texts")).expect("texts") {
            let path = entry.expect("a text").path();
            println!("{}_{encoding}", path.file_stem().expect("a name").to_string_lossy());
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.len() < 4 || !engines::NAMES.contains(&arguments[0].as_str()) {
        eprintln!(
            "usage: tokenizers_peer {} --data FOLDER [--list] ROW...",
            engines::NAMES.join("|")
        );
        std::process::exit(2);
    }
    let data = PathBuf::from(&arguments[2]);
    for row in &arguments[3..] {
        match row.as_str() {
            "--list" => list(&data),
            row => measure(&arguments[0], &data, row),
        }
    }
}
