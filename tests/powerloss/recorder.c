/* A disk that forgets: preloaded into a process, it keeps beside every database file written to a second copy that
 * receives writes only when the file is flushed (fsync, fdatasync). After the process is killed, the second copies are
 * what a power failure would have left: nothing that was only written, everything that was flushed.
 *
 * Watches files whose path begins with RECORDER_DIR and copies them to RECORDER_COPY. Test code, Linux only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

typedef struct write_s { off_t at; size_t size; char truncate; struct write_s *next; char bytes[]; } write_t;
typedef struct { char copy[PATH_MAX]; write_t *first, *last; } watched_t;

static watched_t *watched[4096];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *below(const char *path) {
    const char *dir = getenv("RECORDER_DIR");
    if (!dir || strncmp(path, dir, strlen(dir)) != 0) return NULL;
    const char *name = strrchr(path, '/');
    /* The index of the write-ahead log is rebuilt, never recovered. */
    if (strlen(path) > 4 && strcmp(path + strlen(path) - 4, "-shm") == 0) return NULL;
    return name ? name + 1 : path;
}

static void watch(int fd, const char *path) {
    const char *name = path ? below(path) : NULL;
    const char *copies = getenv("RECORDER_COPY");
    if (fd < 0 || fd >= 4096 || !name || !copies) return;
    pthread_mutex_lock(&lock);
    /* One list for a path, however often it is opened. */
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s/%s", copies, name);
    watched_t *known = NULL;
    for (int i = 0; i < 4096 && !known; i++)
        if (watched[i] && strcmp(watched[i]->copy, copy) == 0) known = watched[i];
    if (!known) {
        known = calloc(1, sizeof *known);
        strcpy(known->copy, copy);
    }
    watched[fd] = known;
    pthread_mutex_unlock(&lock);
}

static void record(int fd, const void *bytes, size_t size, off_t at, char truncate) {
    if (fd < 0 || fd >= 4096 || !watched[fd]) return;
    write_t *w = malloc(sizeof *w + size);
    w->at = at; w->size = size; w->truncate = truncate; w->next = NULL;
    if (size) memcpy(w->bytes, bytes, size);
    pthread_mutex_lock(&lock);
    watched_t *file = watched[fd];
    if (file->last) file->last->next = w; else file->first = w;
    file->last = w;
    pthread_mutex_unlock(&lock);
}

static void flush(int fd) {
    static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
    static int (*real_open)(const char *, int, ...);
    if (!real_pwrite) real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    if (!real_open) real_open = dlsym(RTLD_NEXT, "open64");
    if (fd < 0 || fd >= 4096 || !watched[fd]) return;
    pthread_mutex_lock(&lock);
    watched_t *file = watched[fd];
    int copy = real_open(file->copy, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    for (write_t *w = file->first; w;) {
        write_t *next = w->next;
        if (copy >= 0) {
            if (w->truncate) { if (ftruncate(copy, w->at)) {} }
            else if (real_pwrite(copy, w->bytes, w->size, w->at) < 0) {}
        }
        free(w);
        w = next;
    }
    file->first = file->last = NULL;
    if (copy >= 0) close(copy);
    pthread_mutex_unlock(&lock);
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        static int (*real)(const char *, int, ...); \
        if (!real) real = dlsym(RTLD_NEXT, #name); \
        va_list args; va_start(args, flags); int mode = va_arg(args, int); va_end(args); \
        int fd = real(path, flags, mode); \
        if ((flags & O_ACCMODE) != O_RDONLY) watch(fd, path); \
        return fd; \
    }
OPEN(open)
OPEN(open64)

#define PWRITE(name) \
    ssize_t name(int fd, const void *bytes, size_t size, off_t at) { \
        static ssize_t (*real)(int, const void *, size_t, off_t); \
        if (!real) real = dlsym(RTLD_NEXT, #name); \
        ssize_t done = real(fd, bytes, size, at); \
        if (done > 0) record(fd, bytes, (size_t)done, at, 0); \
        return done; \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define TRUNCATE(name) \
    int name(int fd, off_t size) { \
        static int (*real)(int, off_t); \
        if (!real) real = dlsym(RTLD_NEXT, #name); \
        int done = real(fd, size); \
        if (done == 0) record(fd, NULL, 0, size, 1); \
        return done; \
    }
/* Our own copies are truncated through these too: their descriptors are not watched. */
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

#define SYNC(name) \
    int name(int fd) { \
        static int (*real)(int); \
        if (!real) real = dlsym(RTLD_NEXT, #name); \
        int done = real(fd); \
        if (done == 0) flush(fd); \
        return done; \
    }
SYNC(fsync)
SYNC(fdatasync)

/* Removing a file is taken as durable at once: SQLite flushes the folder when it matters. */
int unlink(const char *path) {
    static int (*real)(const char *);
    if (!real) real = dlsym(RTLD_NEXT, "unlink");
    const char *name = below(path), *copies = getenv("RECORDER_COPY");
    if (name && copies) {
        char copy[PATH_MAX];
        snprintf(copy, sizeof copy, "%s/%s", copies, name);
        pthread_mutex_lock(&lock);
        for (int i = 0; i < 4096; i++)
            if (watched[i] && strcmp(watched[i]->copy, copy) == 0) watched[i] = NULL;
        pthread_mutex_unlock(&lock);
        real(copy);
    }
    return real(path);
}

int close(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "close");
    if (fd >= 0 && fd < 4096 && watched[fd]) {
        pthread_mutex_lock(&lock);
        watched_t *file = watched[fd];
        watched[fd] = NULL;
        int used = 0;
        for (int i = 0; i < 4096; i++) used |= watched[i] == file;
        /* What was written and never flushed is lost with the last descriptor's memory of it: keep it for a later one. */
        static watched_t *kept[64];
        if (!used && file->first)
            for (int i = 0; i < 64; i++) if (!kept[i]) { kept[i] = file; break; }
        pthread_mutex_unlock(&lock);
    }
    return real(fd);
}
