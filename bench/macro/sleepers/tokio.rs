// SPDX-License-Identifier: MIT
// P10 for tokio: the same sleeps on its current-thread runtime, after a first round.
use std::process::exit;
use std::time::{Duration, Instant};

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

extern "C" {
    fn alarm(seconds: u32) -> u32;
    fn clock_gettime(clock: i32, into: *mut Timespec) -> i32;
}

fn cpu_seconds() -> f64 {
    const CLOCK_PROCESS_CPUTIME_ID: i32 = 2;
    let mut used = Timespec { seconds: 0, nanoseconds: 0 };
    unsafe { clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &mut used) };
    used.seconds as f64 + used.nanoseconds as f64 / 1e9
}

fn require(fact: bool, what: &str) {
    if !fact {
        eprintln!("benchmark failed: {what}");
        exit(1);
    }
}

fn report(metric: &str, value: f64) {
    println!("{{\"metric\":\"{metric}\",\"value\":{value}}}");
}

fn nap(n: u64) -> Duration {
    Duration::from_millis(1 + n * 7919 % 1000)
}

async fn round_of_naps(sleepers: u64) -> Vec<f64> {
    let mut all = Vec::with_capacity(sleepers as usize);
    for n in 0..sleepers {
        all.push(tokio::spawn(async move {
            let due = Instant::now() + nap(n);
            tokio::time::sleep(nap(n)).await;
            let now = Instant::now();
            require(now >= due, "a sleep ended early");
            (now - due).as_secs_f64() * 1e3
        }));
    }
    let mut late = Vec::with_capacity(sleepers as usize);
    for each in all {
        late.push(each.await.unwrap());
    }
    late
}

fn main() {
    unsafe { alarm(120) };
    let arguments: Vec<String> = std::env::args().collect();
    let sleepers = match arguments.iter().position(|word| word == "--sleepers") {
        Some(at) => arguments[at + 1].parse().unwrap(),
        None => 1_000_000,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async move {
        round_of_naps(sleepers).await;
        let cpu = cpu_seconds();
        let began = Instant::now();
        let mut late = round_of_naps(sleepers).await;
        report("cpu_s", cpu_seconds() - cpu);
        report("wall_s", began.elapsed().as_secs_f64());
        require(late.len() as u64 == sleepers, "sleepers were lost");
        late.sort_by(f64::total_cmp);
        let quantile = |share: f64| late[((late.len() - 1) as f64 * share) as usize];
        report("late_p50_ms", quantile(0.5));
        report("late_p99_ms", quantile(0.99));
        report("late_max_ms", quantile(1.0));
    });
}
