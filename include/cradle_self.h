/* A process asks the cradle observer of its machine for its own joules and grams. C99, this header alone.
 *
 *     struct cradle_self me;
 *     if (cradle_self_read("/run/cradle/self.sock", &me) == 0) printf("%g J\n", me.joules);
 *
 * Who asks is told by the kernel: nobody can ask for another process. The figures are those of the observer's last
 * scan, since the observer began. */
#ifndef CRADLE_SELF_H
#define CRADLE_SELF_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CRADLE_SELF_VERSION 1

struct cradle_self {
  long pid;                 /* as the observer sees it */
  int found;                /* 0: no scan has seen this process yet; only the figures of its group stand */
  double cpu_seconds;       /* of the process */
  double joules;            /* dynamic, and idle under `policy` */
  double operational_grams; /* CO2e of the joules, average intensity of the grid, with PUE */
  double embodied_grams;    /* CO2e: its share of what the machine cost to make */
  double group_cpu_seconds, group_joules, group_operational_grams, group_embodied_grams; /* of its control group */
  char policy[16];    /* who bears what is drawn without work: "none", "even", "reservation", "use" */
  char knowledge[16]; /* "measured", "estimated", "simulated" */
};

/* The text behind "NAME": in a line that was written by the observer; NULL if it is not there. */
static const char* cradle_self_value(const char* line, const char* name) {
  char key[40];
  const char* at;
  const size_t length = strlen(name);
  if (length + 4 > sizeof key) return NULL;
  key[0] = '"';
  memcpy(key + 1, name, length);
  memcpy(key + 1 + length, "\":", 3);
  at = strstr(line, key);
  return at == NULL ? NULL : at + length + 3;
}

static int cradle_self_number(const char* line, const char* name, double* number) {
  char* end;
  const char* text = cradle_self_value(line, name);
  if (text == NULL) return -1;
  *number = strtod(text, &end);
  return end == text ? -1 : 0;
}

static int cradle_self_word(const char* line, const char* name, char* word, size_t size) {
  const char* end;
  const char* text = cradle_self_value(line, name);
  if (text == NULL || *text != '"') return -1;
  end = strchr(++text, '"');
  if (end == NULL || (size_t)(end - text) >= size) return -1;
  memcpy(word, text, (size_t)(end - text));
  word[end - text] = 0;
  return 0;
}

/* 0, or -1 with errno: that of socket, connect or read; ENAMETOOLONG for the path; EPROTO for another answer than this
 * header's. Numbers are read by strtod: the decimal point must be that of the "C" locale. */
static int cradle_self_read(const char* socket_path, struct cradle_self* out) {
  char line[8192];
  size_t size = 0;
  struct sockaddr_un address;
  double number = 0;
  const char* found;
  int file, failed;
  memset(out, 0, sizeof *out);
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  if (strlen(socket_path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address.sun_path, socket_path);
  file = socket(AF_UNIX, SOCK_STREAM, 0);
  if (file < 0) return -1;
  if (connect(file, (const struct sockaddr*)&address, sizeof address) != 0) {
    failed = errno;
    close(file);
    errno = failed;
    return -1;
  }
  while (size + 1 < sizeof line) {
    const ssize_t count = read(file, line + size, sizeof line - 1 - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      failed = errno;
      close(file);
      errno = failed;
      return -1;
    }
    if (count == 0) break;
    size += (size_t)count;
  }
  close(file);
  line[size] = 0;
  errno = EPROTO;
  if (cradle_self_number(line, "version", &number) != 0 || number != CRADLE_SELF_VERSION) return -1;
  if (cradle_self_number(line, "pid", &number) != 0) return -1;
  out->pid = (long)number;
  found = cradle_self_value(line, "found");
  if (found == NULL) return -1;
  out->found = *found == 't';
  if (cradle_self_number(line, "cpu_seconds", &out->cpu_seconds) != 0 ||
      cradle_self_number(line, "joules", &out->joules) != 0 ||
      cradle_self_number(line, "operational_grams", &out->operational_grams) != 0 ||
      cradle_self_number(line, "embodied_grams", &out->embodied_grams) != 0 ||
      cradle_self_number(line, "group_cpu_seconds", &out->group_cpu_seconds) != 0 ||
      cradle_self_number(line, "group_joules", &out->group_joules) != 0 ||
      cradle_self_number(line, "group_operational_grams", &out->group_operational_grams) != 0 ||
      cradle_self_number(line, "group_embodied_grams", &out->group_embodied_grams) != 0 ||
      cradle_self_word(line, "policy", out->policy, sizeof out->policy) != 0 ||
      cradle_self_word(line, "knowledge", out->knowledge, sizeof out->knowledge) != 0)
    return -1;
  errno = 0;
  return 0;
}

#ifdef __cplusplus
}
#endif

#endif
