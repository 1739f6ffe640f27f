// The rows of bench/chains on eino, on one processor (GOMAXPROCS is set to 1).
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
	"syscall"
	"unsafe"
)

const (
	sampleSeconds = 0.030
	sampleCount   = 3
)

type meter struct {
	started, seconds float64
	parts            int
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

type row struct {
	name   string
	body   func(m *meter, n int)
	nFixed int
}

func sample(r row, n int) *meter {
	runtime.GC()
	m := &meter{parts: 1}
	r.body(m, n)
	return m
}

func sizeOfSample(r row) int {
	n := 1
	for {
		seconds := sample(r, n).seconds
		if seconds >= sampleSeconds {
			return n
		}
		factor := 1.2 * sampleSeconds / max(seconds, 1e-9)
		n = int(float64(n)*min(max(factor, 2), 100)) + 1
	}
}

func report(r row) {
	n := r.nFixed
	if n == 0 {
		n = sizeOfSample(r)
	} else {
		sample(r, 1)
	}
	var samples []*meter
	for len(samples) < sampleCount {
		samples = append(samples, sample(r, n))
	}
	sort.Slice(samples, func(a, b int) bool { return samples[a].seconds < samples[b].seconds })
	median := samples[len(samples)/2]
	fmt.Printf("{\"row\": %q, \"peer\": \"eino\", \"ns\": %.2f, \"n\": %d}\n",
		r.name, median.seconds*1e9/float64(n*median.parts), n)
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
