#define _GNU_SOURCE
#include "black-box.h"

#ifdef __linux__
#include "allocator.h"
#include "black-box-loop.h"
#include "black-box-map.h"
#include "black-box-trigger.h"
#include "black-box-v8.h"
#include "clock.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { STACK_BYTES = 256 * 1024 };
/* The loop is blocked when it has not turned for so long: caches are asked then, also during a run. */
static const double BLOCKED_MS = 400, URGENT_MS = 1000;
/* A main thread that computes less than this in an interval runs nothing worth naming. */
static const double BUSY_SHARE = 0.01;
/* Near the limit ticks come so much closer, but not below the least interval. */
static const double DENSER = 4, DENSE_LEAST_MS = 20;
/* Memory is away from its limit again below this part of what near is. */
static const double AWAY = 0.9;
/* A heap profile is dumped where so many bytes are left: it is written through the page cache. */
static const double DUMP_ROOM = 16 * 1048576.0;
/* Between two dumps. */
static const double DUMP_EVERY_MS = 30000;
/* While the kernel goes on to say that processes wait for memory, it is noted once. */
static const double PRESSURE_EVERY_MS = 30000;

static struct {
  struct box_order order;
  char *dump;
  pthread_t thread;
  int wakeup, trigger;
  bool is_started, is_near;
  double main_cpu_ms, dumped_ms, pressed_ms, at_near;
  uint64_t ticks;
  atomic_bool is_ending;
  _Atomic unsigned times_near;
  _Atomic double cpu_ms;
} box = {.wakeup = -1, .trigger = -1};

void box_wake(void) {
  const uint64_t one = 1;
  if (box.wakeup >= 0 && write(box.wakeup, &one, sizeof one) < 0)
    return;
}

unsigned box_times_near(void) { return atomic_load(&box.times_near); }

double box_cpu_ms(void) { return atomic_load(&box.cpu_ms); }

void box_heap_near_limit(double limit) {
  if (box_map_is_ours())
    box_write_event(BOX_EVENT_HEAP_LIMIT, limit, NAN, "", 0);
  box_wake();
}

static bool is_profiling(void) {
  bool is_active = false;
  size_t size = sizeof is_active;
  return allocator_mallctl() != NULL && allocator_mallctl()("prof.active", &is_active, &size, NULL, 0) == 0 &&
         is_active;
}

/* What is cheap near the limit, and only where it cannot bring the limit nearer. */
static void take_dump(const double figures[BOX_FIGURE_COUNT]) {
  const double now_ms = clock_now_ms(), room = box_figures_room(figures);
  const char *path = box.dump;
  if (path == NULL || box.dumped_ms + DUMP_EVERY_MS > now_ms || !is_profiling())
    return;
  if (!(room >= DUMP_ROOM)) {
    box_write_event(BOX_EVENT_NO_DUMP, room, DUMP_ROOM, path, strlen(path));
    return;
  }
  box.dumped_ms = now_ms;
  const int failed = allocator_mallctl()("prof.dump", NULL, NULL, &path, sizeof path);
  if (failed == 0)
    box_write_event(BOX_EVENT_DUMP, clock_now_ms() - now_ms, NAN, path, strlen(path));
  else
    box_write_event(BOX_EVENT_NO_DUMP, room, -failed, path, strlen(path));
}

static void watch_limit(const double figures[BOX_FIGURE_COUNT], bool is_near) {
  const double level = figures[BOX_WORKING_SET];
  if (is_near && !box.is_near) {
    box.is_near = true;
    box.at_near = level;
    atomic_fetch_add(&box.times_near, 1);
    box_loop_call();
    box_write_event(BOX_EVENT_NEAR_LIMIT, level, figures[BOX_LIMIT], "", 0);
    take_dump(figures);
  } else if (box.is_near && !is_near && !(level > AWAY * box.at_near)) {
    box.is_near = false;
    box_write_event(BOX_EVENT_AWAY, level, figures[BOX_LIMIT], "", 0);
  }
}

static void ask_main_thread(const double figures[BOX_FIGURE_COUNT]) {
  const double used_ms = figures[BOX_MAIN_CPU_MS] - box.main_cpu_ms;
  box.main_cpu_ms = figures[BOX_MAIN_CPU_MS];
  const bool has_computed = used_ms >= BUSY_SHARE * box.order.interval_ms;
  box_loop_ask(figures[BOX_MONO_MS], has_computed);
  if (has_computed)
    box_v8_interrupt(box.order.asks_sizes && figures[BOX_BLOCKED_MS] >= BLOCKED_MS,
                     figures[BOX_BLOCKED_MS] >= URGENT_MS);
}

/* The allocator may make a thread wait; what needs none is written before it is asked. */
static void write_tick(void) {
  struct box_tick tick = {0};
  uint64_t stack = 0;
  box_figures_read(tick.figures);
  box_v8_figures(tick.figures, &stack);
  tick.figures[BOX_WALL_MS] = box_wall_ms();
  tick.stack = (uint32_t)stack;
  tick.stack_high = (uint32_t)(stack >> 32);
  const bool is_near = box_figures_are_near(tick.figures);
  tick.figures[BOX_NEAR] = is_near;
  box_write_tick(BOX_TICKS, &tick);
  if (box_figures_read_allocator(tick.figures))
    box_rewrite_tick(BOX_TICKS, &tick);
  if (box.ticks++ % box.order.slow_every == 0) {
    struct box_tick slow = tick;
    box_write_tick(BOX_SLOW_TICKS, &slow);
  }
  ask_main_thread(tick.figures);
  watch_limit(tick.figures, is_near);
}

static void close_trigger(void) {
  if (box.trigger >= 0)
    close(box.trigger);
  box.trigger = -1;
}

/* A group that was deleted has an error for ever. */
static void notice_pressure(short events) {
  if ((events & (POLLERR | POLLNVAL)) != 0)
    return close_trigger();
  box_figures_notice();
  const double now_ms = clock_now_ms();
  if (now_ms - box.pressed_ms >= PRESSURE_EVERY_MS)
    box_write_event(BOX_EVENT_PRESSURE, NAN, NAN, "", 0);
  box.pressed_ms = now_ms;
}

/* Until the next tick is due, or something wakes it. */
static void wait_until(double due_ms) {
  struct pollfd files[] = {{.fd = box.wakeup, .events = POLLIN}, {.fd = box.trigger, .events = POLLPRI}};
  uint64_t count;
  const double left_ms = due_ms - clock_now_ms();
  if (poll(files, 2, left_ms > 0 ? (int)ceil(left_ms) : 0) <= 0)
    return;
  if (files[1].revents != 0 && box_map_is_ours())
    notice_pressure(files[1].revents);
  if (files[0].revents != 0 && read(box.wakeup, &count, sizeof count) < 0)
    return;
}

static void *run(void *data) {
  (void)data;
  prctl(PR_SET_NAME, "black-box", 0, 0, 0);
  double due_ms = clock_now_ms();
  while (!atomic_load(&box.is_ending) && box_map_is_ours()) {
    write_tick();
    atomic_store(&box.cpu_ms, box_thread_cpu_ms());
    const double dense_ms = fmax(DENSE_LEAST_MS, box.order.interval_ms / DENSER);
    const double every_ms = box.is_near ? fmin(dense_ms, box.order.interval_ms) : box.order.interval_ms;
    /* What was missed is not made up for. */
    due_ms = fmax(due_ms + every_ms, clock_now_ms() + every_ms / 2);
    wait_until(due_ms);
  }
  return NULL;
}

/* The stack is small, and no signal of the service is handled there. */
static int start_thread(void) {
  pthread_attr_t attributes;
  sigset_t all, previous;
  int failed = pthread_attr_init(&attributes);
  if (failed != 0)
    return failed;
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &previous);
  failed = pthread_create(&box.thread, &attributes, run, NULL);
  pthread_sigmask(SIG_SETMASK, &previous, NULL);
  pthread_attr_destroy(&attributes);
  return failed;
}

int box_start(const struct box_order *order) {
  box.order = *order;
  box.dump = order->dump != NULL && order->dump[0] != '\0' ? strdup(order->dump) : NULL;
  box.is_near = false;
  box.main_cpu_ms = 0;
  box.dumped_ms = -DUMP_EVERY_MS;
  box.pressed_ms = -PRESSURE_EVERY_MS;
  box.ticks = 0;
  atomic_store(&box.is_ending, false);
  atomic_store(&box.times_near, 0);
  box.wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (box.wakeup < 0)
    return errno;
  box.trigger = box_trigger_open(order->source.files[BOX_FILE_PRESSURE]);
  box_figures_open(&order->source);
  const int failed = start_thread();
  box.is_started = failed == 0;
  if (failed != 0)
    box_stop();
  return failed;
}

void box_stop(void) {
  atomic_store(&box.is_ending, true);
  if (box.is_started) {
    box_wake();
    pthread_join(box.thread, NULL);
    box.is_started = false;
  }
  if (box.wakeup < 0)
    return;
  box_figures_close();
  close_trigger();
  close(box.wakeup);
  box.wakeup = -1;
  free(box.dump);
  box.dump = NULL;
}
#endif
