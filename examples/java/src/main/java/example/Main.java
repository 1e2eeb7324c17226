package example;

import ai.inference.ImageRecognitionGrpc;
import ai.inference.ImageRecognitionOuterClass.RecognizeRequest;
import ai.inference.ImageRecognitionOuterClass.RecognizeResponse;
import ai.inference.TextClassificationGrpc;
import ai.inference.TextClassificationOuterClass.ClassifyRequest;
import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * An image and a few texts through Sluice with plain grpc-java: one unary call of each service, then a live stream.
 *
 * <pre>mvn -q compile exec:java -Dexec.args="127.0.0.1:50051 photo.jpg"</pre>
 */
public final class Main {
  public static void main(String[] args) throws Exception {
    ByteString picture = ByteString.copyFrom(Files.readAllBytes(Path.of(args[1])));
    ManagedChannel channel = ManagedChannelBuilder.forTarget(args[0]).usePlaintext().build();
    try {
      recognize(channel, picture);
      classify(channel);
      watch(channel, List.of(picture, ByteString.copyFromUtf8("no picture"), picture));
    } finally {
      channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
  }

  private static void recognize(ManagedChannel channel, ByteString picture) {
    RecognizeResponse found =
        ImageRecognitionGrpc.newBlockingStub(channel)
            .withDeadlineAfter(30, TimeUnit.SECONDS)
            .recognize(RecognizeRequest.newBuilder().setImage(picture).build());
    System.out.println("faces: " + found.getFacesCount());
  }

  private static void classify(ManagedChannel channel) {
    TextClassificationGrpc.newBlockingStub(channel)
        .withDeadlineAfter(30, TimeUnit.SECONDS)
        .classify(ClassifyRequest.newBuilder().addTexts("中国女排获得世界杯冠军").addTexts("特斯拉发布新款电动车").build())
        .getResultsList()
        .forEach(result -> System.out.println("label: " + result.getLabel()));
  }

  /** Live frames: one answer per frame, in order; a bad one is answered with an error, and the stream goes on. */
  private static void watch(ManagedChannel channel, List<ByteString> frames) throws InterruptedException {
    CountDownLatch over = new CountDownLatch(1);
    StreamObserver<RecognizeRequest> stream =
        ImageRecognitionGrpc.newStub(channel)
            .withDeadlineAfter(30, TimeUnit.SECONDS)
            .streamRecognize(new Printer(over));
    for (ByteString frame : frames) {
      stream.onNext(RecognizeRequest.newBuilder().setImage(frame).build());
    }
    stream.onCompleted();
    over.await();
  }

  private record Printer(CountDownLatch over) implements StreamObserver<RecognizeResponse> {
    @Override
    public void onNext(RecognizeResponse answer) {
      String what = answer.hasError() ? answer.getError().getMessage() : answer.getFacesCount() + " faces";
      System.out.println("frame " + answer.getSequence() + ": " + what);
    }

    @Override
    public void onError(Throwable error) {
      error.printStackTrace();
      over.countDown();
    }

    @Override
    public void onCompleted() {
      over.countDown();
    }
  }
}
