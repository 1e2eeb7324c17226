// An image to Sluice from a small device: HTTP/1.1 over a plain socket, no library, no heap. The image is read and sent
// in pieces of 512 bytes, the answer is read into one buffer of 2 KiB; a longer one (very many faces) is cut and
// reported as such.
//
//   cc -Os -o recognize recognize.c && ./recognize 127.0.0.1 8000 photo.jpg
//
// Prints "x y width height confidence" for each face. Exit code: 0 fine, 1 refused by the server, 2 no answer.
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { kPieceBytes = 512, kAnswerBytes = 2048, kTimeoutSeconds = 10 };

static char piece[kPieceBytes];
static char answer[kAnswerBytes + 1];

static int fail(const char* what) {
  fprintf(stderr, "recognize: %s\n", what);
  return 2;
}

static int connect_to(const char* host, const char* port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo* found = NULL;
  if (getaddrinfo(host, port, &hints, &found) != 0) return -1;
  const int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
  const struct timeval timeout = {.tv_sec = kTimeoutSeconds};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  const int connected = connect(fd, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return connected == 0 ? fd : -1;
}

static int send_all(int fd, const char* bytes, size_t count) {
  while (count > 0) {
    const ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);
    if (sent <= 0) return -1;
    bytes += sent;
    count -= (size_t)sent;
  }
  return 0;
}

// Content-Length first: the device knows its image's size, and the server need not guess.
static int send_request(int fd, const char* host, FILE* picture) {
  fseek(picture, 0, SEEK_END);
  const long size = ftell(picture);
  rewind(picture);
  const int head = snprintf(piece, sizeof piece,
                            "POST /api/v1/recognize HTTP/1.1\r\nHost: %s\r\n"
                        "Content-Type: image/jpeg\r\nContent-Length: %ld\r\n"
                            "Connection: close\r\nX-Request-Timeout: %d\r\n\r\n",
                            host, size, kTimeoutSeconds);
  if (head < 0 || head >= (int)sizeof piece || send_all(fd, piece, (size_t)head) != 0) return -1;
  for (size_t count; (count = fread(piece, 1, sizeof piece, picture)) > 0;) {
    if (send_all(fd, piece, count) != 0) return -1;
  }
  return 0;
}

// The whole answer, or as much of it as the buffer takes; its bytes, or -1.
static int receive(int fd) {
  size_t filled = 0;
  while (filled < kAnswerBytes) {
    const ssize_t count = recv(fd, answer + filled, kAnswerBytes - filled, 0);
    if (count < 0) return -1;
    if (count == 0) break;
    filled += (size_t)count;
  }
  answer[filled] = '\0';
  return (int)filled;
}

// The server prints fields in the order of the .proto file, without spaces:
// {"x":1,"y":2,"width":3,"height":4,"confidence":0.9}
static void print_faces(const char* body) {
  int x, y, width, height;
  float confidence;
  for (const char* at = strstr(body, "{\"x\":"); at != NULL; at = strstr(at + 1, "{\"x\":")) {
    const char* face = "{\"x\":%d,\"y\":%d,\"width\":%d,\"height\":%d,\"confidence\":%f";
    if (sscanf(at, face, &x, &y, &width, &height, &confidence) == 5)
      printf("%d %d %d %d %.2f\n", x, y, width, height, confidence);
  }
}

int main(int argc, char** argv) {
  if (argc != 4) return fail("usage: recognize HOST PORT PICTURE");
  FILE* picture = fopen(argv[3], "rb");
  if (picture == NULL) return fail("cannot read the picture");
  const int fd = connect_to(argv[1], argv[2]);
  if (fd < 0) return fail("cannot connect");
  // A server that refuses answers before it has read everything: look for its answer even when sending failed.
  send_request(fd, argv[1], picture);
  const int bytes = receive(fd);
  close(fd);
  fclose(picture);
  if (bytes <= 0) return fail("no answer");
  const char* body = strstr(answer, "\r\n\r\n");
  int status = 0;
  if (body == NULL || sscanf(answer, "HTTP/1.1 %d", &status) != 1) return fail("not an HTTP answer");
  if (status != 200) {
    fprintf(stderr, "recognize: %d %s\n", status, body + 4);
    return 1;
  }
  if (bytes == kAnswerBytes)
    fprintf(stderr, "recognize: the answer is longer than %d bytes; some faces are left out\n", kAnswerBytes);
  print_faces(body);
  return 0;
}
