/*
 * An independent Modbus server: libmodbus. Units 1 and 2 (RTU: unit 1) with 512 holding and 512 input registers, whose
 * words tell unit, function and address (wordOf in modbus-server.ts). Beyond them libmodbus refuses by itself.
 *
 * server tcp: prints its port; an unknown unit is answered as by a gateway. server rtu DEVICE: prints 0; 9600 8E1.
 */
#include <errno.h>
#include <modbus/modbus.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { UNITS = 2, WORDS = 512 };

static modbus_mapping_t *mappings[UNITS + 1];

static int fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, modbus_strerror(errno));
  return 1;
}

static void reply(modbus_t *ctx, const uint8_t *query, int length) {
  int unit = query[modbus_get_header_length(ctx) - 1];
  if (unit >= 1 && unit <= UNITS) modbus_reply(ctx, query, length, mappings[unit]);
  else modbus_reply_exception(ctx, query, MODBUS_EXCEPTION_GATEWAY_TARGET);
}

static int serve_tcp(void) {
  modbus_t *ctx = modbus_new_tcp("127.0.0.1", 0);
  int listener = modbus_tcp_listen(ctx, 4);
  struct sockaddr_in at;
  socklen_t size = sizeof at;
  if (listener < 0 || getsockname(listener, (struct sockaddr *)&at, &size)) return fail("listen");
  printf("%d\n", ntohs(at.sin_port));
  fflush(stdout);
  fd_set watched;
  FD_ZERO(&watched);
  FD_SET(listener, &watched);
  for (int most = listener;;) {
    fd_set ready = watched;
    if (select(most + 1, &ready, NULL, NULL, NULL) < 0) return fail("select");
    for (int fd = 0; fd <= most; fd++) {
      if (!FD_ISSET(fd, &ready)) continue;
      if (fd == listener) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        FD_SET(client, &watched);
        if (client > most) most = client;
        continue;
      }
      uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
      modbus_set_socket(ctx, fd);
      int length = modbus_receive(ctx, query);
      if (length > 0) reply(ctx, query, length);
      else if (length < 0) {
        close(fd);
        FD_CLR(fd, &watched);
      }
    }
  }
}

static int serve_rtu(const char *device) {
  modbus_t *ctx = modbus_new_rtu(device, 9600, 'E', 8, 1);
  if (!ctx || modbus_set_slave(ctx, 1) || modbus_connect(ctx)) return fail(device);
  printf("0\n");
  fflush(stdout);
  for (;;) {
    uint8_t query[MODBUS_RTU_MAX_ADU_LENGTH];
    int length = modbus_receive(ctx, query);
    if (length > 0) reply(ctx, query, length);
    else if (length < 0 && errno == EIO) return fail("receive");
  }
}

int main(int count, char **args) {
  for (int unit = 1; unit <= UNITS; unit++) {
    mappings[unit] = modbus_mapping_new(0, 0, WORDS, WORDS);
    for (int at = 0; at < WORDS; at++) {
      mappings[unit]->tab_registers[at] = unit << 10 | at;
      mappings[unit]->tab_input_registers[at] = unit << 10 | 0x200 | at;
    }
  }
  if (count == 2 && !strcmp(args[1], "tcp")) return serve_tcp();
  if (count == 3 && !strcmp(args[1], "rtu")) return serve_rtu(args[2]);
  return fail("server tcp | server rtu DEVICE");
}
