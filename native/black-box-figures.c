#define _GNU_SOURCE
#include "black-box-figures.h"

#ifdef __linux__
#include "allocator.h"
#include "clock.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MAX = 8192 };

/* What changes slowly is read so often. */
static const double SLOW_MS = 1000;
/* Figures of the allocator that are older are not told any more. */
static const double KEPT_MS = 1000;
/* Of the time of one processor, for the allocator's figures. */
static const double ALLOCATOR_SHARE = 0.0005;
/* Limits above it are none: version 1 has nearly 2^63. */
static const double LIMIT_MAX = 1152921504606846976.0;
/* Without a limit memory is near its end where the machine has less than this available. */
static const double AVAILABLE_LEAST = 0.05;
/* A group that reclaims, and still comes up against its limit, is near it from here on. */
static const double PRESSED_SHARE = 0.75;
/* A notice of the kernel's counts for so long, and without a limit doubles what is too little. */
static const double NOTICE_MS = 5000;

static struct {
  struct box_source source;
  int files[BOX_FILE_COUNT], statm, meminfo;
  double page, total, slow_at_ms, working_at_ms, allocator_at_ms, kept_at_ms, max_before, noticed_at_ms;
  double kept[BOX_FIGURE_COUNT];
  clockid_t main_clock;
  bool is_pressed;
  char text[TEXT_MAX];
} reader;

static int open_file(const char *path) {
  return path == NULL || path[0] == '\0' ? -1 : open(path, O_RDONLY | O_CLOEXEC);
}

static const char *read_file(int file) {
  const ssize_t length = file < 0 ? -1 : pread(file, reader.text, sizeof reader.text - 1, 0);
  if (length <= 0)
    return NULL;
  reader.text[length] = '\0';
  return reader.text;
}

static double number_at(const char *text) {
  char *end = NULL;
  if (text == NULL)
    return NAN;
  const double number = strtod(text, &end);
  return end == text ? NAN : number;
}

/* The number behind a name at the begin of a line. */
static double number_after(const char *text, const char *name) {
  const size_t length = strlen(name);
  for (const char *line = text; line != NULL && *line != '\0';) {
    if (strncmp(line, name, length) == 0 && (line[length] == ' ' || line[length] == ':'))
      return number_at(line + length + 1);
    line = strchr(line, '\n');
    line = line == NULL ? NULL : line + 1;
  }
  return NAN;
}

/* The kernel's own number of a thread's clock. */
static clockid_t clock_of(pid_t thread) { return (clockid_t)((~(unsigned)thread << 3) | 6u); }

static double clock_ms(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time) != 0)
    return NAN;
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

double box_thread_cpu_ms(void) { return clock_ms(CLOCK_THREAD_CPUTIME_ID); }

void box_figures_open(const struct box_source *source) {
  reader.source = *source;
  for (int i = 0; i < BOX_FILE_COUNT; i++) {
    reader.files[i] = open_file(source->files[i]);
    reader.source.files[i] = NULL;
  }
  reader.statm = open_file("/proc/self/statm");
  reader.meminfo = open_file("/proc/meminfo");
  reader.page = (double)sysconf(_SC_PAGESIZE);
  reader.total = reader.max_before = NAN;
  reader.slow_at_ms = reader.working_at_ms = reader.allocator_at_ms = reader.kept_at_ms =
      reader.noticed_at_ms = -INFINITY;
  reader.main_clock = clock_of((pid_t)syscall(SYS_gettid));
  reader.is_pressed = false;
  for (int i = 0; i < BOX_FIGURE_COUNT; i++)
    reader.kept[i] = NAN;
}

static void close_file(int *file) {
  if (*file >= 0)
    close(*file);
  *file = -1;
}

void box_figures_close(void) {
  for (int i = 0; i < BOX_FILE_COUNT; i++)
    close_file(&reader.files[i]);
  close_file(&reader.statm);
  close_file(&reader.meminfo);
}

static void read_machine(void) {
  const char *text = read_file(reader.meminfo);
  reader.total = number_after(text, "MemTotal") * 1024;
  reader.kept[BOX_AVAILABLE] = number_after(text, "MemAvailable") * 1024;
}

static void read_limit(void) {
  const double limit = number_at(read_file(reader.files[BOX_FILE_LIMIT]));
  reader.kept[BOX_LIMIT] =
      isnan(reader.source.limit) ? (limit < LIMIT_MAX ? limit : NAN) : reader.source.limit;
}

/* some avg10=0.00 avg60=… / full avg10=… */
static void read_pressure(double figures[BOX_FIGURE_COUNT]) {
  static const char SOME[] = "some avg10=", FULL[] = "full avg10=";
  const char *text = read_file(reader.files[BOX_FILE_PRESSURE]);
  if (text == NULL)
    return;
  const char *some = strstr(text, SOME), *full = strstr(text, FULL);
  figures[BOX_PSI_SOME] = some == NULL ? NAN : number_at(some + sizeof SOME - 1);
  figures[BOX_PSI_FULL] = full == NULL ? NAN : number_at(full + sizeof FULL - 1);
}

/* Version 1 has one counter of how often the limit was met, as a number alone. */
static void read_events(double figures[BOX_FIGURE_COUNT]) {
  const char *text = read_file(reader.files[BOX_FILE_EVENTS]);
  if (text == NULL)
    return;
  if (!reader.source.is_v2) {
    figures[BOX_EVENTS_MAX] = number_at(text);
    return;
  }
  figures[BOX_EVENTS_HIGH] = number_after(text, "high");
  figures[BOX_EVENTS_MAX] = number_after(text, "max");
  figures[BOX_EVENTS_OOM] = number_after(text, "oom");
  figures[BOX_EVENTS_KILL] = number_after(text, "oom_kill");
}

/* Usage counts pages of files that are given up before anything is killed. To know them costs more than all
 * else, so that it is asked near the limit alone. */
static void read_working_set(double figures[BOX_FIGURE_COUNT], double now_ms) {
  const double usage = figures[BOX_USAGE], least = reader.source.share * PRESSED_SHARE * figures[BOX_LIMIT];
  if (!(usage >= least) || now_ms - reader.working_at_ms < SLOW_MS / 5) {
    figures[BOX_WORKING_SET] = usage >= least ? reader.kept[BOX_WORKING_SET] : usage;
    return;
  }
  reader.working_at_ms = now_ms;
  const char *text = read_file(reader.files[BOX_FILE_STATISTICS]);
  const double files = number_after(text, reader.source.is_v2 ? "inactive_file" : "total_inactive_file");
  reader.kept[BOX_WORKING_SET] = figures[BOX_WORKING_SET] = usage - (isnan(files) ? 0 : files);
}

/* From here on events and pressure are read at every tick, before it once a second. */
static bool is_pressing(const double figures[BOX_FIGURE_COUNT]) {
  return figures[BOX_USAGE] >= PRESSED_SHARE * figures[BOX_LIMIT];
}

static void read_group(double figures[BOX_FIGURE_COUNT], double now_ms, bool is_slow) {
  figures[BOX_LIMIT] = reader.kept[BOX_LIMIT];
  figures[BOX_USAGE] = number_at(read_file(reader.files[BOX_FILE_USAGE]));
  if (!isnan(reader.source.limit))
    figures[BOX_WORKING_SET] = figures[BOX_RSS];
  else
    read_working_set(figures, now_ms);
  if (is_slow || is_pressing(figures)) {
    read_events(reader.kept);
    read_pressure(reader.kept);
    reader.is_pressed = reader.kept[BOX_EVENTS_MAX] > reader.max_before;
    reader.max_before = reader.kept[BOX_EVENTS_MAX];
  }
  memcpy(&figures[BOX_EVENTS_HIGH], &reader.kept[BOX_EVENTS_HIGH],
         (BOX_PSI_FULL - BOX_EVENTS_HIGH + 1) * sizeof(double));
}

void box_figures_read(double figures[BOX_FIGURE_COUNT]) {
  const double now_ms = clock_now_ms();
  for (int i = 0; i < BOX_FIGURE_COUNT; i++)
    figures[i] = NAN;
  const bool is_slow = now_ms - reader.slow_at_ms >= SLOW_MS;
  if (is_slow) {
    reader.slow_at_ms = now_ms;
    read_machine();
    read_limit();
  }
  figures[BOX_MONO_MS] = now_ms;
  const char *statm = read_file(reader.statm);
  const char *second = statm == NULL ? NULL : strchr(statm, ' ');
  figures[BOX_RSS] = second == NULL ? NAN : number_at(second + 1) * reader.page;
  figures[BOX_AVAILABLE] = reader.kept[BOX_AVAILABLE];
  read_group(figures, now_ms, is_slow);
  for (int i = BOX_ALLOCATED; i <= BOX_MAPPED && now_ms - reader.kept_at_ms <= KEPT_MS; i++)
    figures[i] = reader.kept[i];
  figures[BOX_MAIN_CPU_MS] = clock_ms(reader.main_clock);
  figures[BOX_PROCESS_CPU_MS] = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
  figures[BOX_OWN_CPU_MS] = box_thread_cpu_ms();
}

static bool read_by(enum box_allocator allocator, double figures[BOX_FIGURE_COUNT]) {
  if (allocator == BOX_ALLOCATOR_JEMALLOC)
    return allocator_read_brief(&figures[BOX_ALLOCATED]) == 0;
  double slots[SLOT_COUNT];
  if (allocator_read_glibc(slots) != 0)
    return false;
  figures[BOX_ALLOCATED] = slots[SLOT_ALLOCATED];
  figures[BOX_MAPPED] = slots[SLOT_MAPPED];
  return true;
}

bool box_figures_read_allocator(double figures[BOX_FIGURE_COUNT]) {
  const double now_ms = clock_now_ms();
  if (reader.source.allocator == BOX_ALLOCATOR_NONE || now_ms < reader.allocator_at_ms)
    return false;
  const double before_ms = box_thread_cpu_ms();
  const bool is_read = read_by(reader.source.allocator, figures);
  reader.allocator_at_ms = now_ms + (box_thread_cpu_ms() - before_ms) / ALLOCATOR_SHARE;
  if (!is_read)
    return false;
  reader.kept_at_ms = now_ms;
  memcpy(&reader.kept[BOX_ALLOCATED], &figures[BOX_ALLOCATED], BRIEF_COUNT * sizeof(double));
  return true;
}

bool box_figures_are_near(const double figures[BOX_FIGURE_COUNT]) {
  const double limit = figures[BOX_LIMIT], share = reader.source.share;
  const bool is_noticed = figures[BOX_MONO_MS] - reader.noticed_at_ms <= NOTICE_MS;
  if (isnan(limit))
    return figures[BOX_AVAILABLE] < (is_noticed ? 2 : 1) * AVAILABLE_LEAST * reader.total;
  return figures[BOX_WORKING_SET] >= share * limit ||
         ((reader.is_pressed || is_noticed) && figures[BOX_WORKING_SET] >= PRESSED_SHARE * limit);
}

void box_figures_notice(void) {
  reader.noticed_at_ms = clock_now_ms();
  /* What is read once a second is read now. */
  reader.slow_at_ms = -INFINITY;
}

double box_figures_room(const double figures[BOX_FIGURE_COUNT]) {
  const double room = figures[BOX_LIMIT] - figures[BOX_WORKING_SET];
  return isnan(room) ? figures[BOX_AVAILABLE] : fmin(room, figures[BOX_AVAILABLE]);
}
#endif
