// The rows of bench/core in Go, on one processor (GOMAXPROCS is set to 1).
//
// usage: <program> [--list] ROW...
//
// For each row that it knows it prints one line of JSON: CPU time of the process for one operation,
// the median of three samples of 30 ms or more, after a warm-up. The collector's work counts.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

const (
	sampleSeconds = 0.030
	sampleCount   = 3
)

type meter struct {
	started, seconds, bytes float64
}

func cpuSeconds() float64 {
	const clockProcessCPUTime = 2
	var now syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockProcessCPUTime,
		uintptr(unsafe.Pointer(&now)), 0)
	return float64(now.Sec) + 1e-9*float64(now.Nsec)
}

func (m *meter) start() { m.started = cpuSeconds() }
func (m *meter) stop()  { m.seconds = cpuSeconds() - m.started }

// random gives the random numbers of every peer.
type random struct{ state uint64 }

func (r *random) below(end uint64) uint64 {
	r.state = r.state*6364136223846793005 + 1442695040888963407
	return (r.state >> 33) % end
}

type row struct {
	name   string
	body   func(m *meter, n int)
	nFixed int
}

var rows = []row{
	{"create_task", createTask, 0},
	{"spawn_join", spawnJoin, 1_000_000},
	{"task_bytes", taskBytes, 200_000},
	{"yield_1", yieldWith(1), 0},
	{"yield_1000", yieldWith(1000), 0},
	{"cancel_1", cancelAt(1), 0},
	{"cancel_5", cancelAt(5), 0},
	{"cancel_20", cancelAt(20), 0},
	{"task_group_50", taskGroup50, 0},
	{"queue_64", queueOf(64), 0},
	{"queue_1", queueOf(1), 0},
	{"event_pingpong", eventPingpong, 0},
	{"lock", lock, 0},
	{"event_set", eventSet, 0},
	{"semaphore", semaphore, 0},
	{"timers_100k", timers100k, 0},
	{"timeout_sync", timeoutSync, 0},
	{"timeout_async", timeoutAsync, 0},
	{"echo_32_1", echo(32, 1), 0},
	{"echo_32_100", echo(32, 100), 0},
	{"echo_64k_1", echo(65536, 1), 0},
	{"echo_64k_100", echo(65536, 100), 3000},
}

func sample(r row, n int) *meter {
	runtime.GC()
	m := &meter{}
	r.body(m, n)
	return m
}

func sizeOfSample(r row) int {
	n := 100
	for {
		seconds := sample(r, n).seconds
		if seconds >= sampleSeconds {
			return n
		}
		factor := 1.2 * sampleSeconds / max(seconds, 1e-9)
		n = int(float64(n) * min(max(factor, 2), 100))
		step := 100
		if n >= 1000 {
			step = 1000
		}
		n = (n + step - 1) / step * step
	}
}

func max(a, b float64) float64 {
	if a > b {
		return a
	}
	return b
}

func min(a, b float64) float64 {
	if a < b {
		return a
	}
	return b
}

func report(r row) {
	n := r.nFixed
	if n == 0 {
		n = sizeOfSample(r)
	} else {
		sample(r, n/100)
	}
	samples := []*meter{sample(r, n)}
	for len(samples) < sampleCount && samples[0].bytes == 0 {
		samples = append(samples, sample(r, n))
	}
	sort.Slice(samples, func(a, b int) bool { return samples[a].seconds < samples[b].seconds })
	median := samples[len(samples)/2]
	if median.bytes > 0 {
		fmt.Printf("{\"row\": %q, \"peer\": \"go\", \"bytes\": %.1f, \"n\": %d}\n",
			r.name, median.bytes, n)
	} else {
		fmt.Printf("{\"row\": %q, \"peer\": \"go\", \"ns\": %.2f, \"n\": %d}\n",
			r.name, median.seconds*1e9/float64(n), n)
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	for _, argument := range os.Args[1:] {
		for _, r := range rows {
			if argument == "--list" {
				fmt.Println(r.name)
			} else if argument == r.name {
				report(r)
			}
		}
	}
}

func residentBytes() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var total, resident float64
	fmt.Fscan(strings.NewReader(string(text)), &total, &resident)
	return resident * float64(os.Getpagesize())
}

const hour = 3600 * time.Second
