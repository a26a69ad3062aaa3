/* Works for a while and prints what this process has cost so far.
 * Build: cc -std=c99 -D_POSIX_C_SOURCE=200809L -I include examples/self_carbon.c -o self_carbon
 * Run, beside an observer that serves the socket: ./self_carbon /run/cradle/self.sock [QUESTIONS] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cradle_self.h"

/* Something to be billed for. */
static void work(void) {
  volatile double sum = 0;
  long i;
  for (i = 0; i < 10000000; ++i) sum += 1.0 / (double)(i + 1);
}

/* The observer knows a process after the first scan that saw it at work: asks again until then, ten times a second. */
static int ask(const char* socket_path, long questions, struct cradle_self* me) {
  const struct timespec tenth = {0, 100000000};
  while (1) {
    work();
    if (cradle_self_read(socket_path, me) != 0) return -1;
    if (me->found || --questions <= 0) return 0;
    nanosleep(&tenth, NULL);
  }
}

int main(int count, char** arguments) {
  const char* socket_path = count > 1 ? arguments[1] : "/run/cradle/self.sock";
  const long questions = count > 2 ? atol(arguments[2]) : 100;
  struct cradle_self me;
  if (ask(socket_path, questions, &me) != 0) {
    perror(socket_path);
    return 1;
  }
  printf("process %ld: %.6f s, %.6f J, %.9f g operational, %.9f g embodied (%s, idle: %s)\n", me.pid, me.cpu_seconds,
         me.joules, me.operational_grams, me.embodied_grams, me.knowledge, me.policy);
  printf("its group: %.6f s, %.6f J, %.9f g operational, %.9f g embodied\n", me.group_cpu_seconds, me.group_joules,
         me.group_operational_grams, me.group_embodied_grams);
  return me.found ? 0 : 2;
}
