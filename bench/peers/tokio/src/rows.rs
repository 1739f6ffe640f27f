use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, Mutex, Notify, Semaphore};
use tokio::task::{unconstrained, yield_now, JoinSet};
use tokio::time::{sleep, timeout};

use crate::{now, resident_bytes, Meter, Random, Row, Time};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Boxed at each level: the compiler would make one state machine of the whole chain otherwise,
/// which it cannot where a function is virtual or calls itself, and which no other peer does.
fn chain(depth: usize) -> Boxed<u64> {
    Box::pin(async move {
        if depth > 1 {
            1 + chain(depth - 1).await
        } else {
            1
        }
    })
}

async fn one() -> u64 {
    black_box(1)
}

async fn await_at(depth: usize, n: usize) -> Meter {
    let mut meter = Meter::default();
    meter.start();
    for _ in 0..n {
        black_box(chain(black_box(depth)).await);
    }
    meter.stop();
    meter
}

async fn create_task(n: usize) -> Meter {
    let mut meter = Meter::default();
    meter.start();
    for _ in 0..n {
        black_box(tokio::spawn(one()).await.unwrap());
    }
    meter.stop();
    meter
}

async fn spawn_join(n: usize) -> Meter {
    let mut meter = Meter::default();
    meter.start();
    let tasks: Vec<_> = (0..n).map(|_| tokio::spawn(one())).collect();
    for task in tasks {
        task.await.unwrap();
    }
    meter.stop();
    meter
}

async fn task_bytes(n: usize) -> Meter {
    let mut meter = Meter::default();
    let event = Arc::new(Notify::new());
    let waiting = Arc::new(AtomicU64::new(0));
    let before = resident_bytes();
    let tasks: Vec<_> = (0..n)
        .map(|_| {
            let (event, waiting) = (event.clone(), waiting.clone());
            tokio::spawn(async move {
                waiting.fetch_add(1, Ordering::Relaxed);
                event.notified().await
            })
        })
        .collect();
    while waiting.load(Ordering::Relaxed) < n as u64 {
        yield_now().await;
    }
    meter.bytes = (resident_bytes() - before) / n as f64;
    event.notify_waiters();
    for task in tasks {
        task.await.unwrap();
    }
    meter
}

async fn yield_with(tasks: usize, n: usize) -> Meter {
    let mut meter = Meter::default();
    let times = n.div_ceil(tasks);
    let started = Arc::new(AtomicU64::new(0));
    let all: Vec<_> = (0..tasks)
        .map(|_| {
            let started = started.clone();
            tokio::spawn(async move {
                if started.load(Ordering::Relaxed) == 0 {
                    started.store(now().to_bits(), Ordering::Relaxed);
                }
                for _ in 0..times {
                    yield_now().await;
                }
            })
        })
        .collect();
    for task in all {
        task.await.unwrap();
    }
    meter.started_at(f64::from_bits(started.load(Ordering::Relaxed)));
    meter.stop();
    meter
}

fn wait_at(depth: usize) -> Boxed<()> {
    Box::pin(async move {
        if depth > 1 {
            wait_at(depth - 1).await
        } else {
            std::future::pending::<()>().await
        }
    })
}

async fn cancel_at(depth: usize, n: usize) -> Meter {
    let mut meter = Meter::default();
    meter.start();
    for _ in 0..n {
        let task = tokio::spawn(wait_at(depth));
        yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    meter.stop();
    meter
}

async fn task_group_50(n: usize) -> Meter {
    let mut meter = Meter::default();
    meter.start();
    for _ in 0..n {
        let mut group = JoinSet::new();
        for _ in 0..50 {
            group.spawn(one());
        }
        while let Some(result) = group.join_next().await {
            black_box(result.unwrap());
        }
    }
    meter.stop();
    meter
}

async fn queue_of(capacity: usize, n: usize) -> Meter {
    let mut meter = Meter::default();
    let (sender, mut receiver) = mpsc::channel::<usize>(capacity);
    meter.start();
    let producer = tokio::spawn(async move {
        for i in 0..n {
            sender.send(i).await.unwrap();
        }
    });
    while receiver.recv().await.is_some() {}
    producer.await.unwrap();
    meter.stop();
    meter
}

async fn event_pingpong(n: usize) -> Meter {
    let mut meter = Meter::default();
    let ping = Arc::new(Notify::new());
    let pong = Arc::new(Notify::new());
    let (there, back) = (ping.clone(), pong.clone());
    let answer = tokio::spawn(async move {
        for _ in 0..n {
            there.notified().await;
            back.notify_one();
        }
    });
    meter.start();
    for _ in 0..n {
        ping.notify_one();
        pong.notified().await;
    }
    meter.stop();
    answer.await.unwrap();
    meter
}

async fn lock(n: usize) -> Meter {
    let mut meter = Meter::default();
    let held = Mutex::new(0usize);
    meter.start();
    for i in 0..n {
        *held.lock().await = i;
    }
    meter.stop();
    meter
}

/// tokio has no event that stays set: a Notify with a stored permit is the nearest.
async fn event_set(n: usize) -> Meter {
    let mut meter = Meter::default();
    let event = Notify::new();
    meter.start();
    for _ in 0..n {
        event.notify_one();
        event.notified().await;
    }
    meter.stop();
    meter
}

async fn semaphore(n: usize) -> Meter {
    let mut meter = Meter::default();
    let permits = Semaphore::new(4);
    meter.start();
    for _ in 0..n {
        drop(permits.acquire().await.unwrap());
    }
    meter.stop();
    meter
}

/// tokio's timer is a future; it enters the wheel when it is first polled. Without a budget, because
/// a task that used it up would be told Pending without that.
async fn timers_100k(n: usize) -> Meter {
    let mut meter = Meter::default();
    let mut random = Random::new();
    let insert = |random: &mut Random| {
        let delay = Duration::from_millis(3_600_000 + random.below(1_000_000));
        Box::pin(sleep(delay))
    };
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut live = Vec::with_capacity(100_000);
    for _ in 0..100_000 {
        let mut timer = insert(&mut random);
        assert!(timer.as_mut().poll(&mut context).is_pending());
        live.push(timer);
    }
    meter.start();
    for _ in 0..n {
        let place = random.below(100_000) as usize;
        let mut timer = insert(&mut random);
        assert!(timer.as_mut().poll(&mut context).is_pending());
        live[place] = timer;
    }
    meter.stop();
    meter
}

async fn sleepers_100k(n: usize) -> Meter {
    let mut meter = Meter::default();
    let mut random = Random::new();
    meter.start();
    let tasks: Vec<_> = (0..n)
        .map(|_| {
            let delay = Duration::from_millis(1 + random.below(100_000));
            tokio::spawn(async move { sleep(delay).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    meter.stop();
    meter
}

async fn timeout_sync(n: usize) -> Meter {
    let mut meter = Meter::default();
    meter.start();
    for _ in 0..n {
        black_box(timeout(Duration::from_secs(10), one()).await.unwrap());
    }
    meter.stop();
    meter
}

async fn timeout_async(n: usize) -> Meter {
    let mut meter = Meter::default();
    meter.start();
    for _ in 0..n {
        timeout(Duration::from_secs(10), yield_now()).await.unwrap();
    }
    meter.stop();
    meter
}

async fn serve_echo(mut connection: TcpStream) {
    let mut buffer = vec![0u8; 65536];
    loop {
        let got = connection.read(&mut buffer).await.unwrap();
        if got == 0 {
            return;
        }
        connection.write_all(&buffer[..got]).await.unwrap();
    }
}

async fn call_all(ends: Vec<TcpStream>, bytes: usize, rounds: usize) -> Vec<TcpStream> {
    let mut calls = Vec::new();
    for mut end in ends {
        calls.push(tokio::spawn(async move {
            let message = vec![0u8; bytes];
            let mut answer = vec![0u8; bytes];
            for _ in 0..rounds {
                end.write_all(&message).await.unwrap();
                end.read_exact(&mut answer).await.unwrap();
            }
            end
        }));
    }
    let mut back = Vec::new();
    for call in calls {
        back.push(call.await.unwrap());
    }
    back
}

async fn echo(bytes: usize, connections: usize, n: usize) -> Meter {
    let mut meter = Meter::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            connection.set_nodelay(true).unwrap();
            tokio::spawn(serve_echo(connection));
        }
    });
    let mut ends = Vec::new();
    for _ in 0..connections {
        let end = TcpStream::connect(address).await.unwrap();
        end.set_nodelay(true).unwrap();
        ends.push(end);
    }
    let ends = call_all(ends, bytes, 10).await;
    meter.start();
    let ends = call_all(ends, bytes, n.div_ceil(connections)).await;
    meter.stop();
    drop(ends);
    server.abort();
    meter
}

macro_rules! row {
    ($name:expr, $body:expr) => {
        row!($name, $body, 0)
    };
    ($name:expr, $body:expr, $fixed:expr) => {
        row!($name, $body, $fixed, Time::Real)
    };
    ($name:expr, $body:expr, $fixed:expr, $time:expr) => {
        Row {
            name: $name,
            body: |n| Box::pin($body(n)),
            n_fixed: $fixed,
            time: $time,
        }
    };
}

pub static ROWS: &[Row] = &[
    row!("await_1", |n| await_at(1, n)),
    row!("await_10", |n| await_at(10, n)),
    row!("create_task", create_task),
    row!("spawn_join", spawn_join, 1_000_000),
    row!("task_bytes", task_bytes, 200_000),
    row!("yield_1", |n| yield_with(1, n)),
    row!("yield_1000", |n| yield_with(1000, n)),
    row!("cancel_1", |n| cancel_at(1, n)),
    row!("cancel_5", |n| cancel_at(5, n)),
    row!("cancel_20", |n| cancel_at(20, n)),
    row!("task_group_50", task_group_50),
    row!("queue_64", |n| queue_of(64, n)),
    row!("queue_1", |n| queue_of(1, n)),
    row!("event_pingpong", event_pingpong),
    row!("lock", lock),
    row!("event_set", event_set),
    row!("semaphore", semaphore),
    row!("timers_100k", |n| unconstrained(timers_100k(n))),
    row!("sleepers_100k", sleepers_100k, 100_000, Time::Paused),
    row!("timeout_sync", timeout_sync),
    row!("timeout_async", timeout_async),
    row!("echo_32_1", |n| echo(32, 1, n)),
    row!("echo_32_100", |n| echo(32, 100, n)),
    row!("echo_64k_1", |n| echo(65536, 1, n)),
    row!("echo_64k_100", |n| echo(65536, 100, n), 3000),
];
