"""The article's client: python3 client.py [ADDRESS] PICTURE, after the command in image_recognition.proto."""

import sys

import grpc
import image_recognition_pb2
import image_recognition_pb2_grpc


def recognize(address: str, path: str) -> None:
    with grpc.insecure_channel(address) as channel:
        stub = image_recognition_pb2_grpc.ImageRecognitionStub(channel)
        with open(path, "rb") as picture:
            request = image_recognition_pb2.RecognizeRequest(image=picture.read(), model_id="face_detection_v1")
        response = stub.Recognize(request)
        for face in response.faces:
            print(
                f"face: x={face.x} y={face.y} width={face.width} height={face.height} confidence={face.confidence:.2f}"
            )
        print(f"latency: {response.latency:.2f} ms")


if __name__ == "__main__":
    recognize(sys.argv[1] if len(sys.argv) > 2 else "localhost:50051", sys.argv[-1])
