// Client makes one call to the gRPC health service, and prints its result as JSON.
//
// Usage: client ADDRESS OPTIONS, where OPTIONS is a JSON object; see call.rs.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type options struct {
	ServiceConfig   json.RawMessage `json:"serviceConfig"`
	DeadlineSeconds float64         `json:"deadlineSeconds"`
	WaitForReady    bool            `json:"waitForReady"`
}

type outcome struct {
	Code            uint32      `json:"code"`
	Message         string      `json:"message"`
	Milliseconds    int64       `json:"milliseconds"`
	InitialMetadata metadata.MD `json:"initialMetadata"`
	Trailers        metadata.MD `json:"trailers"`
}

func main() {
	var options options
	if err := json.Unmarshal([]byte(os.Args[2]), &options); err != nil {
		log.Fatal(err)
	}
	channel, err := grpc.NewClient(
		"passthrough:///"+os.Args[1],
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(string(options.ServiceConfig)),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer channel.Close()
	if err := json.NewEncoder(os.Stdout).Encode(call(channel, options)); err != nil {
		log.Fatal(err)
	}
}

func call(channel *grpc.ClientConn, options options) outcome {
	deadline := time.Duration(options.DeadlineSeconds * float64(time.Second))
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	var result outcome
	start := time.Now()
	_, err := grpc_health_v1.NewHealthClient(channel).Check(
		ctx,
		&grpc_health_v1.HealthCheckRequest{},
		grpc.WaitForReady(options.WaitForReady),
		grpc.Header(&result.InitialMetadata),
		grpc.Trailer(&result.Trailers),
	)
	result.Milliseconds = time.Since(start).Milliseconds()
	result.Code = uint32(status.Code(err))
	result.Message = status.Convert(err).Message()
	return result
}
