/*
 * Shifts the wall clock of one process while it runs. Preloaded; GOVCHAIN_CLOCK_FILE names a file of eight bytes, a signed
 * number of nanoseconds in the machine's order, that is added to the wall clock and may change at any time: a jump. The
 * monotonic clock stays as it is, as when an administrator or a time service sets a machine's clock.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000L

static int (*system_clock)(clockid_t, struct timespec *);
static const volatile int64_t *shift;

__attribute__((constructor)) static void begin(void) {
    system_clock = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    const char *path = getenv("GOVCHAIN_CLOCK_FILE");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *map = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (map != MAP_FAILED)
        shift = map;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!system_clock)
        system_clock = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = system_clock(clock, now);
    if (result != 0 || !shift || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return result;
    int64_t by = *shift;
    int64_t nanoseconds = now->tv_nsec + by % SECOND;
    now->tv_sec += by / SECOND;
    if (nanoseconds < 0) {
        nanoseconds += SECOND;
        now->tv_sec--;
    } else if (nanoseconds >= SECOND) {
        nanoseconds -= SECOND;
        now->tv_sec++;
    }
    now->tv_nsec = nanoseconds;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec precise;
    int result = clock_gettime(CLOCK_REALTIME, &precise);
    if (result == 0) {
        now->tv_sec = precise.tv_sec;
        now->tv_usec = precise.tv_nsec / 1000;
    }
    return result;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}
