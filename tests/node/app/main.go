// Command app is the program of every pod that the suite makes.
//
//	app serve           an application with probes, on ports 8080 (traffic) and 9090 (what has arrived)
//	app call METHOD URL sends one request and prints the reply as JSON
//	app probe           succeeds while the application of the pod answers
//	app wait            does nothing until it is stopped
//	app exit            exits at once: a Job that is complete
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// body is the reply to every request that is not gRPC. Below /refuse/ its status is 403. The Rust harness has it as upstream::BODY.
const body = "the application\n"

func main() {
	switch command := strings.Join(os.Args[1:], " "); {
	case command == "serve":
		serve()
	case command == "wait":
		<-stopped()
	case command == "probe":
		if reply, err := call("GET", "http://127.0.0.1:8080/exec-probe"); err != nil || reply.Status != 200 {
			log.Fatal(reply, err)
		}
	case command == "exit":
	case len(os.Args) == 4 && os.Args[1] == "call":
		reply, err := call(os.Args[2], os.Args[3])
		if err != nil {
			log.Fatal(err)
		}
		if err := json.NewEncoder(os.Stdout).Encode(reply); err != nil {
			log.Fatal(err)
		}
	default:
		log.Fatalf("unknown command: %s", command)
	}
}

// stopped returns a channel that gets a value when the kubelet stops the container.
func stopped() <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	return signals
}

// received counts the requests that have arrived, by method and path.
type received struct {
	sync.Mutex
	counts map[string]int
}

func (r *received) add(request *http.Request) {
	r.Lock()
	defer r.Unlock()
	r.counts[request.Method+" "+request.URL.Path]++
}

func (r *received) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	r.Lock()
	defer r.Unlock()
	if err := json.NewEncoder(w).Encode(r.counts); err != nil {
		log.Print(err)
	}
}

func serve() {
	arrived := &received{counts: map[string]int{}}
	calls := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(calls, health.NewServer())
	traffic := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived.add(r)
		if strings.HasPrefix(r.Header.Get("content-type"), "application/grpc") {
			calls.ServeHTTP(w, r)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/refuse/") {
			w.WriteHeader(http.StatusForbidden)
		}
		io.WriteString(w, body)
	})
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	for address, handler := range map[string]http.Handler{":8080": traffic, ":9090": arrived} {
		server := &http.Server{Addr: address, Handler: handler, Protocols: protocols}
		go func() { log.Fatal(server.ListenAndServe()) }()
	}
	fmt.Println("the application serves")
	<-stopped()
}

// reply is what `app call` prints.
type reply struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

func call(method, url string) (reply, error) {
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		return reply{}, err
	}
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return reply{}, err
	}
	headers := map[string]string{}
	for name := range response.Header {
		headers[strings.ToLower(name)] = response.Header.Get(name)
	}
	return reply{response.StatusCode, headers, string(text)}, nil
}
