package main

import (
	"context"
	"io"
	"net"
	"runtime"
	"sync"
	"time"
)

//go:noinline
func one() int { return 1 }

// A goroutine has no result to await: a channel carries it.
func createTask(m *meter, n int) {
	m.start()
	for i := 0; i < n; i++ {
		done := make(chan int, 1)
		go func() { done <- one() }()
		<-done
	}
	m.stop()
}

func spawnJoin(m *meter, n int) {
	m.start()
	var all sync.WaitGroup
	all.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			one()
			all.Done()
		}()
	}
	all.Wait()
	m.stop()
}

func taskBytes(m *meter, n int) {
	var all sync.WaitGroup
	all.Add(n)
	event := make(chan struct{})
	before := residentBytes()
	for i := 0; i < n; i++ {
		go func() {
			<-event
			all.Done()
		}()
	}
	runtime.Gosched()
	m.bytes = (residentBytes() - before) / float64(n)
	close(event)
	all.Wait()
}

func yieldWith(tasks int) func(m *meter, n int) {
	return func(m *meter, n int) {
		var all sync.WaitGroup
		var first sync.Once
		all.Add(tasks)
		times := (n + tasks - 1) / tasks
		for i := 0; i < tasks; i++ {
			go func() {
				first.Do(m.start)
				for k := 0; k < times; k++ {
					runtime.Gosched()
				}
				all.Done()
			}()
		}
		all.Wait()
		m.stop()
	}
}

//go:noinline
func waitAt(ctx context.Context, depth int) error {
	if depth > 1 {
		return waitAt(ctx, depth-1)
	}
	<-ctx.Done()
	return ctx.Err()
}

func cancelAt(depth int) func(m *meter, n int) {
	return func(m *meter, n int) {
		m.start()
		for i := 0; i < n; i++ {
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error, 1)
			go func() { done <- waitAt(ctx, depth) }()
			runtime.Gosched()
			cancel()
			<-done
		}
		m.stop()
	}
}

func taskGroup50(m *meter, n int) {
	m.start()
	for i := 0; i < n; i++ {
		var group sync.WaitGroup
		var results [50]int
		group.Add(50)
		for k := 0; k < 50; k++ {
			k := k
			go func() {
				results[k] = one()
				group.Done()
			}()
		}
		group.Wait()
	}
	m.stop()
}

func queueOf(capacity int) func(m *meter, n int) {
	return func(m *meter, n int) {
		queue := make(chan int, capacity)
		m.start()
		go func() {
			for i := 0; i < n; i++ {
				queue <- i
			}
			close(queue)
		}()
		for range queue {
		}
		m.stop()
	}
}

func eventPingpong(m *meter, n int) {
	ping, pong := make(chan struct{}, 1), make(chan struct{}, 1)
	go func() {
		for i := 0; i < n; i++ {
			<-ping
			pong <- struct{}{}
		}
	}()
	m.start()
	for i := 0; i < n; i++ {
		ping <- struct{}{}
		<-pong
	}
	m.stop()
}

func lock(m *meter, n int) {
	var held sync.Mutex
	m.start()
	for i := 0; i < n; i++ {
		held.Lock()
		held.Unlock()
	}
	m.stop()
}

// The event that is set: a closed channel.
func eventSet(m *meter, n int) {
	event := make(chan struct{})
	close(event)
	m.start()
	for i := 0; i < n; i++ {
		<-event
	}
	m.stop()
}

// The semaphore of Go's own library is a channel with room.
func semaphore(m *meter, n int) {
	permits := make(chan struct{}, 4)
	m.start()
	for i := 0; i < n; i++ {
		permits <- struct{}{}
		<-permits
	}
	m.stop()
}

func timers100k(m *meter, n int) {
	r := random{1}
	insert := func() *time.Timer {
		return time.AfterFunc(hour+time.Duration(r.below(1_000_000))*time.Millisecond, func() {})
	}
	live := make([]*time.Timer, 100_000)
	for i := range live {
		live[i] = insert()
	}
	m.start()
	for i := 0; i < n; i++ {
		place := r.below(100_000)
		live[place].Stop()
		live[place] = insert()
	}
	m.stop()
	for _, timer := range live {
		timer.Stop()
	}
}

func timeoutSync(m *meter, n int) {
	m.start()
	for i := 0; i < n; i++ {
		_, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		one()
		cancel()
	}
	m.stop()
}

func timeoutAsync(m *meter, n int) {
	m.start()
	for i := 0; i < n; i++ {
		_, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		runtime.Gosched()
		cancel()
	}
	m.stop()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func serveEcho(connection net.Conn) {
	buffer := make([]byte, 65536)
	for {
		got, err := connection.Read(buffer)
		if err != nil {
			connection.Close()
			return
		}
		if _, err = connection.Write(buffer[:got]); err != nil {
			connection.Close()
			return
		}
	}
}

func callEcho(connection net.Conn, message []byte, rounds int) {
	answer := make([]byte, len(message))
	for i := 0; i < rounds; i++ {
		_, err := connection.Write(message)
		must(err)
		_, err = io.ReadFull(connection, answer)
		must(err)
	}
}

func echo(messageBytes, connections int) func(m *meter, n int) {
	return func(m *meter, n int) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		must(err)
		go func() {
			for {
				connection, err := listener.Accept()
				if err != nil {
					return
				}
				go serveEcho(connection)
			}
		}()
		message := make([]byte, messageBytes)
		ends := make([]net.Conn, connections)
		for i := range ends {
			ends[i], err = net.Dial("tcp", listener.Addr().String())
			must(err)
		}
		callAll := func(rounds int) {
			var all sync.WaitGroup
			all.Add(connections)
			for _, end := range ends {
				end := end
				go func() {
					callEcho(end, message, rounds)
					all.Done()
				}()
			}
			all.Wait()
		}
		callAll(10)
		m.start()
		callAll((n + connections - 1) / connections)
		m.stop()
		for _, end := range ends {
			end.Close()
		}
		listener.Close()
	}
}
