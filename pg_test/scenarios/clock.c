/* A wall clock that a test can set while the server runs: preloaded, it adds to the time of day the microseconds that
   stand in the file TEST_CLOCK. Monotonic clocks stay as they are.
   Why not libfaketime: it does not fake within its own select(), and up to PostgreSQL 15 the postmaster starts background
   workers from a signal handler in there, so that these, and only these, would keep the true time.
   Trap: the server moves its environment, and reads the clock where errno matters. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static char *path;

__attribute__((constructor)) static void remember_path(void)
{
    const char *given = getenv("TEST_CLOCK");
    path = given ? strdup(given) : NULL;
}

static long long ahead_us(void)
{
    char text[32];
    int kept = errno;
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t length = file < 0 ? 0 : read(file, text, sizeof text - 1);
    if (file >= 0)
        close(file);
    errno = kept;
    text[length > 0 ? length : 0] = '\0';
    return strtoll(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int status = (int) syscall(SYS_clock_gettime, clock, now);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        long long us = now->tv_sec * 1000000LL + now->tv_nsec / 1000 + ahead_us();
        now->tv_sec = us / 1000000;
        now->tv_nsec = us % 1000000 * 1000;
    }
    return status;
}

int gettimeofday(struct timeval *now, void *zone)
{
    struct timespec exact;
    (void) zone;
    if (clock_gettime(CLOCK_REALTIME, &exact) != 0)
        return -1;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now)
{
    struct timespec exact;
    time_t seconds = clock_gettime(CLOCK_REALTIME, &exact) == 0 ? exact.tv_sec : -1;
    if (now)
        *now = seconds;
    return seconds;
}
