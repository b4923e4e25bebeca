// Command kubelet stands in for the kubelet of a node. Its pods are names for proxies that run without a pod. It serves
// `kubectl exec POD -c istio-proxy -- pilot-agent request GET PATH` by a request to the admin interface of the pod's Envoy.
//
//	kubelet ADDRESS NAMESPACE/POD=ADMIN_PORT...
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/remotecommand"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

const (
	success = `{"status":"Success"}`
	failure = `{"status":"Failure","reason":"NonZeroExitCode","message":"command terminated with exit code 255",` +
		`"details":{"causes":[{"reason":"ExitCode","message":"255"}]}}`
)

// adminPorts has the admin port of each pod, by NAMESPACE/POD.
var adminPorts = map[string]string{}

func main() {
	for _, pod := range os.Args[2:] {
		name, port, _ := strings.Cut(pod, "=")
		adminPorts[name] = port
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/exec/{namespace}/{pod}/istio-proxy", exec)
	server := httptest.NewUnstartedServer(http.DefaultServeMux)
	server.Listener.Close()
	server.Listener = listener
	server.StartTLS()
	select {}
}

func exec(w http.ResponseWriter, r *http.Request) {
	port, exists := adminPorts[r.PathValue("namespace")+"/"+r.PathValue("pod")]
	if !exists {
		http.Error(w, `container not found ("istio-proxy")`, http.StatusNotFound)
		return
	}
	if _, err := httpstream.Handshake(r, w, []string{remotecommand.StreamProtocolV4Name}); err != nil {
		log.Print(err)
		return
	}
	opened := make(chan httpstream.Stream, 4)
	open := func(stream httpstream.Stream, _ <-chan struct{}) error {
		opened <- stream
		return nil
	}
	connection := spdy.NewResponseUpgrader().UpgradeResponse(w, r, open)
	if connection == nil {
		return
	}
	defer connection.Close()
	streams := map[string]io.WriteCloser{}
	for range 3 { // kubectl opens one for errors, one for stdout and one for stderr
		select {
		case stream := <-opened:
			streams[stream.Headers().Get(corev1.StreamType)] = stream
		case <-connection.CloseChan():
			return
		}
	}
	status := success
	if err := pilotAgent(r.URL.Query()["command"], port, streams[corev1.StreamTypeStdout]); err != nil {
		fmt.Fprintf(streams[corev1.StreamTypeStderr], "Error: %v\n", err)
		status = failure
	}
	io.WriteString(streams[corev1.StreamTypeError], status)
	for _, stream := range streams {
		stream.Close()
	}
	<-connection.CloseChan()
}

// pilotAgent does what `pilot-agent request GET PATH` does, which prints the body of any reply.
func pilotAgent(command []string, port string, stdout io.Writer) error {
	if len(command) != 4 || strings.Join(command[:3], " ") != "pilot-agent request GET" {
		return fmt.Errorf("unexpected command: %q", command)
	}
	reply, err := http.Get("http://127.0.0.1:" + port + "/" + command[3])
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	_, err = io.Copy(stdout, reply.Body)
	return err
}
