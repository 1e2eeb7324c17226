// An image and a few texts through Sluice with plain grpc-go: one unary call of each service, then a live stream.
//
//	./generate.sh && go run . -address 127.0.0.1:50051 photo.jpg
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"example/inference"
)

func main() {
	address := flag.String("address", "127.0.0.1:50051", "of the server")
	config := flag.String("config", "../../clients/grpc/service_config.json", "deadlines and retries")
	flag.Parse()
	picture, err := os.ReadFile(flag.Arg(0))
	check(err)
	retries, err := os.ReadFile(*config)
	check(err)

	connection, err := grpc.NewClient(*address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(string(retries)))
	check(err)
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()

	images := inference.NewImageRecognitionClient(connection)
	found, err := images.Recognize(ctx, &inference.RecognizeRequest{Image: picture})
	check(err)
	fmt.Printf("faces: %d\n", len(found.Faces))
	for _, face := range found.Faces {
		fmt.Printf("  %d,%d %dx%d %.2f\n", face.X, face.Y, face.Width, face.Height, face.Confidence)
	}

	texts, err := inference.NewTextClassificationClient(connection).Classify(ctx,
		&inference.ClassifyRequest{Texts: []string{"中国女排获得世界杯冠军", "特斯拉发布新款电动车"}})
	check(err)
	for _, result := range texts.Results {
		fmt.Println("label:", result.Label)
	}

	watch(ctx, images, [][]byte{picture, []byte("no picture"), picture})
}

// Live frames: one answer per frame, in order; a bad one is answered with an error, and the stream goes on.
func watch(ctx context.Context, images inference.ImageRecognitionClient, frames [][]byte) {
	stream, err := images.StreamRecognize(ctx)
	check(err)
	go func() {
		for _, frame := range frames {
			if stream.Send(&inference.RecognizeRequest{Image: frame}) != nil {
				break // Recv says why
			}
		}
		stream.CloseSend()
	}()
	for {
		answer, err := stream.Recv()
		if err == io.EOF {
			return
		}
		check(err)
		if answer.Error != nil {
			fmt.Printf("frame %d: %s\n", answer.GetSequence(), answer.Error.Message)
		} else {
			fmt.Printf("frame %d: %d faces\n", answer.GetSequence(), len(answer.Faces))
		}
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
