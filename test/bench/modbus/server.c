/*
 * A fast Modbus TCP server: one thread, epoll, a port per device. A word is a pure function of seed, unit, address and the
 * number of the answer that this unit gives: words 0 and 1 are that number, so that every value that arrives anywhere can
 * be told to belong to one answer (truth.ts has the same function).
 *
 * server PORTS SEED: prints its ports. "hold" on standard input: answers nothing any more, and prints how many answers each
 * unit gave. Ends with its input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { UNITS = 256, REQUEST = 12, MOST_FDS = 4096 };

static uint32_t answers[UNITS];
static struct { uint8_t bytes[REQUEST]; int have; } partial[MOST_FDS];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint16_t word(uint32_t seed, uint32_t unit, uint32_t address, uint32_t n) {
  if (address == 0) return n & 0xffff;
  if (address == 1) return n >> 16;
  uint32_t h = seed + unit * 0x9e3779b1u + address * 0x85ebca77u + n * 0xc2b2ae3du;
  h ^= h >> 15;
  h *= 0x2c1b3c6du;
  h ^= h >> 13;
  return h & 0xffff;
}

static int listener(uint16_t *port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof at;
  if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) || listen(fd, 16)) fail("listen");
  if (getsockname(fd, (struct sockaddr *)&at, &size)) fail("getsockname");
  *port = ntohs(at.sin_port);
  return fd;
}

static void answer(int fd, const uint8_t *asked, uint32_t seed) {
  uint8_t reply[9 + 250];
  uint32_t unit = asked[6], from = asked[8] << 8 | asked[9], words = asked[10] << 8 | asked[11];
  if (words < 1 || words > 125) fail("words");
  uint32_t n = answers[unit]++, length = 3 + 2 * words;
  memcpy(reply, asked, 4);
  reply[4] = length >> 8;
  reply[5] = length & 0xff;
  reply[6] = unit;
  reply[7] = asked[7];
  reply[8] = 2 * words;
  for (uint32_t i = 0; i < words; i++) {
    uint16_t value = word(seed, unit, from + i, n);
    reply[9 + 2 * i] = value >> 8;
    reply[10 + 2 * i] = value & 0xff;
  }
  ssize_t size = 9 + 2 * words;
  /* an answer that finds nobody counts as given: whoever went away in mid-read has lost it */
  if (write(fd, reply, size) != size) shutdown(fd, SHUT_RDWR);
}

/* What came on a connection: a whole request is answered, a part waits for the rest. */
static void serve(int fd, uint32_t seed, int hold) {
  ssize_t got = read(fd, partial[fd].bytes + partial[fd].have, REQUEST - partial[fd].have);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    close(fd);
    partial[fd].have = 0;
    return;
  }
  partial[fd].have += got;
  if (partial[fd].have < REQUEST) return;
  partial[fd].have = 0;
  if (!hold) answer(fd, partial[fd].bytes, seed);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int ports = atoi(argv[1]), hold = 0, epoll = epoll_create1(0);
  uint32_t seed = strtoul(argv[2], 0, 10);
  signal(SIGPIPE, SIG_IGN);
  uint8_t listens[MOST_FDS] = {0};
  struct epoll_event event = {.events = EPOLLIN}, ready[64];
  for (int i = 0; i < ports; i++) {
    uint16_t port;
    event.data.fd = listener(&port);
    listens[event.data.fd] = 1;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event)) fail("epoll_ctl");
    printf("%u%c", port, i + 1 < ports ? ' ' : '\n');
  }
  fflush(stdout);
  event.data.fd = 0;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event)) fail("epoll_ctl");
  for (;;) {
    int count = epoll_wait(epoll, ready, 64, -1);
    for (int i = 0; i < count; i++) {
      int fd = ready[i].data.fd;
      if (fd == 0) {
        char line[16];
        if (read(0, line, sizeof line) <= 0) return 0;
        hold = 1;
        for (int unit = 0; unit < UNITS; unit++) printf("%u%c", answers[unit], unit + 1 < UNITS ? ' ' : '\n');
        fflush(stdout);
      } else if (listens[fd]) {
        int one = 1;
        event.data.fd = accept4(fd, 0, 0, SOCK_NONBLOCK);
        if (event.data.fd < 0 || event.data.fd >= MOST_FDS) fail("accept");
        listens[event.data.fd] = 0;
        setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event)) fail("epoll_ctl");
      } else {
        serve(fd, seed, hold);
      }
    }
  }
}
