/*
 * A fault-injecting file layer for the whole process, native libraries included: preload it (LD_PRELOAD) and every call
 * that changes files below one directory is counted, recorded and, once, made to fail.
 *
 *   GOVCHAIN_FAULT_ROOT   the directory; calls on other files pass untouched
 *   GOVCHAIN_FAULT_TRACE  file that gets a record of every such call, in the order in which they happened, and of
 *                         everything the process writes to standard output: its acknowledgements
 *   GOVCHAIN_FAULT        CLASS:INDEX:KIND, the call to fail, counted from 1 within its class; CLASS@END:INDEX:KIND counts
 *                         only calls on paths with that end; nothing: none
 *
 * Classes: write, sync, create, rename (a second link, too), mkdir, truncate, unlink (of directories, too), allocate.
 * Kinds:   eio, enospc   the call fails once and does nothing
 *          full          this and every later write, create and allocation fails with ENOSPC
 *          short         half of the bytes are written and reported
 *          torn          half of the bytes are written, then the process dies
 *          kill, killed  the process dies before, after the call
 *          hang          the call never returns; others go on. It makes the file that GOVCHAIN_FAULT_HUNG names
 *
 * One lock is held over a call and its record, so the trace is in the order of the effects. It does not see what stdio
 * writes or what is written through a mapping; the tests hold the image made from the trace against the real files.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum class { WRITE, SYNC, CREATE, RENAME, MKDIR, TRUNCATE, UNLINK, ALLOCATE, CLASSES };
enum kind { NONE, EIO_ONCE, ENOSPC_ONCE, FULL, SHORT, TORN, KILL, KILLED, HANG };

static const char *const class_names[CLASSES] = {
    "write", "sync", "create", "rename", "mkdir", "truncate", "unlink", "allocate"};
static const char *const kind_names[] = {"none", "eio", "enospc", "full", "short", "torn", "kill", "killed", "hang"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static int trace = -1;
static enum class fault_class = CLASSES;
static enum kind fault_kind = NONE;
static unsigned long fault_index;
static char fault_end[64];
static unsigned long count;
static int is_full;

static void *(*real_dlsym)(void *, const char *);

#define REAL(result, name, ...) static result (*real_##name)(__VA_ARGS__);
REAL(int, open, const char *, int, ...)
REAL(int, openat, int, const char *, int, ...)
REAL(ssize_t, write, int, const void *, size_t)
REAL(ssize_t, pwrite, int, const void *, size_t, off_t)
REAL(ssize_t, writev, int, const struct iovec *, int)
REAL(ssize_t, pwritev, int, const struct iovec *, int, off_t)
REAL(int, fsync, int)
REAL(int, fdatasync, int)
REAL(int, sync_file_range, int, off_t, off_t, unsigned int)
REAL(int, rename, const char *, const char *)
REAL(int, mkdir, const char *, mode_t)
REAL(int, ftruncate, int, off_t)
REAL(int, unlink, const char *)
REAL(int, link, const char *, const char *)
REAL(int, rmdir, const char *)
REAL(int, fallocate, int, int, off_t, off_t)

static void die(const char *what)
{
    dprintf(STDERR_FILENO, "faultfs: %s: %s\n", what, strerror(errno));
    _exit(125);
}

/* Called without the lock: the file may lie anywhere. */
static void tell_hung(void)
{
    const char *path = getenv("GOVCHAIN_FAULT_HUNG");
    if (path != NULL)
        close(real_open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void kill_now(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static void read_fault(const char *text)
{
    char class_name[16], kind_name[16];
    if (sscanf(text, "%15[a-z]:%lu:%15[a-z]", class_name, &fault_index, kind_name) != 3
        && sscanf(text, "%15[a-z]@%63[^:]:%lu:%15[a-z]", class_name, fault_end, &fault_index, kind_name) != 4)
        die("GOVCHAIN_FAULT is neither CLASS:INDEX:KIND nor CLASS@END:INDEX:KIND");
    for (int i = 0; i < CLASSES; i++)
        if (strcmp(class_name, class_names[i]) == 0)
            fault_class = i;
    for (int i = 0; i < (int)(sizeof kind_names / sizeof *kind_names); i++)
        if (strcmp(kind_name, kind_names[i]) == 0)
            fault_kind = i;
    if (fault_class == CLASSES || fault_kind == NONE)
        die("GOVCHAIN_FAULT names no such class or kind");
}

static void load(void)
{
    if (real_dlsym != NULL)
        return;
    static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5"};
    for (int i = 0; i < 3 && real_dlsym == NULL; i++)
        real_dlsym = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
    if (real_dlsym == NULL)
        _exit(125);
#define LOAD(name) real_##name = real_dlsym(RTLD_NEXT, #name);
    LOAD(open) LOAD(openat) LOAD(write) LOAD(pwrite) LOAD(writev) LOAD(pwritev) LOAD(fsync) LOAD(fdatasync)
    LOAD(sync_file_range) LOAD(rename) LOAD(mkdir) LOAD(ftruncate) LOAD(unlink) LOAD(link) LOAD(rmdir) LOAD(fallocate)
}

__attribute__((constructor)) static void start(void)
{
    load();
    const char *path = getenv("GOVCHAIN_FAULT_ROOT");
    if (path == NULL)
        return;
    if (realpath(path, root) == NULL)
        die("GOVCHAIN_FAULT_ROOT");
    root_length = strlen(root);
    const char *file = getenv("GOVCHAIN_FAULT_TRACE");
    if (file != NULL) {
        trace = real_open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (trace < 0)
            die("GOVCHAIN_FAULT_TRACE");
    }
    const char *fault = getenv("GOVCHAIN_FAULT");
    if (fault != NULL && *fault != 0)
        read_fault(fault);
}

/* The path below the root, or NULL. */
static const char *below(const char *path)
{
    if (root_length == 0 || strncmp(path, root, root_length) != 0)
        return NULL;
    return path[root_length] == '/' ? path + root_length + 1 : path[root_length] == 0 ? "" : NULL;
}

static const char *below_at(const char *path, char *buffer)
{
    if (path[0] == '/')
        return below(path);
    if (getcwd(buffer, PATH_MAX) == NULL || strlen(buffer) + strlen(path) + 2 > PATH_MAX)
        return NULL;
    strcat(buffer, "/");
    strcat(buffer, path);
    return below(buffer);
}

static const char *below_fd(int fd, char *buffer)
{
    if (root_length == 0)
        return NULL;
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, buffer, PATH_MAX - 1);
    if (length < 0)
        return NULL;
    buffer[length] = 0;
    return below(buffer);
}

static uint64_t inode_of(int fd)
{
    struct stat s;
    return fstat(fd, &s) == 0 ? s.st_ino : 0;
}

static void append(const void *bytes, size_t length)
{
    while (length > 0) {
        ssize_t done = real_write(trace, bytes, length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            die("trace");
        bytes = (const char *)bytes + done;
        length -= (size_t)done;
    }
}

/* Record: op u8 | failed u8 | path length u16 | second path's u16 | inode u64 | offset u64 | length u64 | data length u64
 * | paths | data; the machine's own byte order. */
static void record(char op, int failed, const char *path, const char *second, uint64_t inode, uint64_t offset,
    uint64_t length, const struct iovec *data, int parts)
{
    if (trace < 0)
        return;
    struct __attribute__((packed)) {
        uint8_t op, failed;
        uint16_t path, second;
        uint64_t inode, offset, length, data;
    } head = {(uint8_t)op, (uint8_t)failed, (uint16_t)strlen(path), (uint16_t)(second ? strlen(second) : 0),
        inode, offset, length, 0};
    uint64_t left = data == NULL || failed ? 0 : length;
    head.data = left;
    append(&head, sizeof head);
    append(path, head.path);
    if (second != NULL)
        append(second, head.second);
    for (int i = 0; i < parts && left > 0; i++) {
        size_t part = data[i].iov_len < left ? data[i].iov_len : left;
        append(data[i].iov_base, part);
        left -= part;
    }
}

static int ends(const char *path, const char *end)
{
    size_t length = strlen(path), wanted = strlen(end);
    return length >= wanted && strcmp(path + length - wanted, end) == 0;
}

/* Counts a call; gives what is to happen to it. The lock is held. */
static enum kind next(enum class class, const char *path)
{
    if (is_full && (class == WRITE || class == CREATE || class == ALLOCATE || class == MKDIR))
        return FULL;
    if (class != fault_class || !ends(path, fault_end) || ++count != fault_index)
        return NONE;
    record('F', 0, class_names[class], kind_names[fault_kind], 0, 0, 0, NULL, 0);
    if (fault_kind == FULL)
        is_full = 1;
    if (fault_kind == KILL)
        kill_now();
    if (fault_kind == HANG) {
        pthread_mutex_unlock(&lock);
        tell_hung();
        for (;;)
            pause();
    }
    return fault_kind;
}

static int error_of(enum kind kind)
{
    return kind == EIO_ONCE ? EIO : kind == ENOSPC_ONCE || kind == FULL ? ENOSPC : 0;
}

static void finish(enum kind kind)
{
    if (kind == KILLED)
        kill_now();
}

static ssize_t change(int fd, const char *path, const struct iovec *data, int parts, off_t offset, int positioned)
{
    pthread_mutex_lock(&lock);
    enum kind kind = next(WRITE, path);
    size_t length = 0;
    for (int i = 0; i < parts; i++)
        length += data[i].iov_len;
    int error = error_of(kind);
    ssize_t done = -1;
    off_t at = offset;
    if (error == 0) {
        if (!positioned) {
            struct stat s;
            at = fcntl(fd, F_GETFL) & O_APPEND && fstat(fd, &s) == 0 ? s.st_size : lseek(fd, 0, SEEK_CUR);
        }
        size_t wanted = (kind == SHORT || kind == TORN) && length > 1 ? length / 2 : length;
        done = 0;
        for (int i = 0; i < parts && wanted > 0; i++) {
            size_t part = data[i].iov_len < wanted ? data[i].iov_len : wanted;
            ssize_t n = positioned ? real_pwrite(fd, data[i].iov_base, part, at + done) : real_write(fd, data[i].iov_base, part);
            if (n < 0) {
                error = errno;
                break;
            }
            done += n;
            wanted -= (size_t)n;
            if ((size_t)n < part)
                break;
        }
        if (done > 0 || length == 0)
            error = 0;
        else
            done = -1;
    }
    record('W', done < 0, path, NULL, inode_of(fd), (uint64_t)at, done < 0 ? length : (uint64_t)done, data, parts);
    if (kind == TORN)
        kill_now();
    finish(kind);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    load();
    struct iovec data = {(void *)bytes, length};
    if (fd == STDOUT_FILENO && trace >= 0) {
        pthread_mutex_lock(&lock);
        record('A', 0, "", NULL, 0, 0, length, &data, 1);
        pthread_mutex_unlock(&lock);
    }
    char buffer[PATH_MAX];
    const char *path = below_fd(fd, buffer);
    return path == NULL ? real_write(fd, bytes, length) : change(fd, path, &data, 1, 0, 0);
}

ssize_t writev(int fd, const struct iovec *data, int parts)
{
    load();
    char buffer[PATH_MAX];
    const char *path = below_fd(fd, buffer);
    return path == NULL ? real_writev(fd, data, parts) : change(fd, path, data, parts, 0, 0);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
    load();
    struct iovec data = {(void *)bytes, length};
    char buffer[PATH_MAX];
    const char *path = below_fd(fd, buffer);
    return path == NULL ? real_pwrite(fd, bytes, length, offset) : change(fd, path, &data, 1, offset, 1);
}

ssize_t pwritev(int fd, const struct iovec *data, int parts, off_t offset)
{
    load();
    char buffer[PATH_MAX];
    const char *path = below_fd(fd, buffer);
    return path == NULL ? real_pwritev(fd, data, parts, offset) : change(fd, path, data, parts, offset, 1);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) { return pwrite(fd, bytes, length, offset); }

ssize_t pwritev64(int fd, const struct iovec *data, int parts, off64_t offset) { return pwritev(fd, data, parts, offset); }

/* What sync_file_range did is no promise: it is counted, and recorded as nothing. */
enum flavour { FSYNC, FDATASYNC, RANGE };

static int sync_with(int fd, enum flavour flavour, off_t offset, off_t length, unsigned int flags)
{
    load();
    char buffer[PATH_MAX];
    const char *path = below_fd(fd, buffer);
    enum kind kind = NONE;
    if (path != NULL) {
        pthread_mutex_lock(&lock);
        kind = next(SYNC, path);
    }
    int error = error_of(kind);
    int result = error != 0 ? -1
        : flavour == FSYNC ? real_fsync(fd)
        : flavour == FDATASYNC ? real_fdatasync(fd)
        : real_sync_file_range(fd, offset, length, flags);
    if (error == 0 && result < 0)
        error = errno;
    if (path != NULL) {
        struct stat s;
        char op = flavour == RANGE ? 'G' : fstat(fd, &s) == 0 && S_ISDIR(s.st_mode) ? 'D' : 'S';
        record(op, result < 0, path, NULL, inode_of(fd), 0, 0, NULL, 0);
        finish(kind);
        pthread_mutex_unlock(&lock);
    }
    errno = error;
    return result;
}

int fsync(int fd) { return sync_with(fd, FSYNC, 0, 0, 0); }

int fdatasync(int fd) { return sync_with(fd, FDATASYNC, 0, 0, 0); }

int sync_file_range(int fd, off_t offset, off_t length, unsigned int flags)
{
    return sync_with(fd, RANGE, offset, length, flags);
}

static int open_with(int directory, const char *name, int flags, mode_t mode)
{
    load();
    char buffer[PATH_MAX];
    const char *path = flags & (O_CREAT | O_TRUNC) && (directory == AT_FDCWD || name[0] == '/') ? below_at(name, buffer) : NULL;
    if (path == NULL)
        return real_openat(directory, name, flags, mode);
    pthread_mutex_lock(&lock);
    struct stat before;
    int existed = lstat(name, &before) == 0;
    enum class class = existed ? TRUNCATE : CREATE;
    int counted = existed ? flags & O_TRUNC : flags & O_CREAT;
    enum kind kind = counted ? next(class, path) : NONE;
    int error = error_of(kind);
    int fd = error != 0 ? -1 : real_openat(directory, name, flags, mode);
    if (fd < 0 && error == 0)
        error = errno;
    if (counted)
        record(existed ? 'T' : 'C', fd < 0, path, NULL, fd < 0 ? 0 : inode_of(fd), 0, 0, NULL, 0);
    finish(kind);
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

int open(const char *name, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_with(AT_FDCWD, name, flags, mode);
}

int open64(const char *name, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_with(AT_FDCWD, name, flags | O_LARGEFILE, mode);
}

int openat(int directory, const char *name, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_with(directory, name, flags, mode);
}

static int give_name(const char *from, const char *to, char op, int (*real)(const char *, const char *))
{
    char first[PATH_MAX], second[PATH_MAX];
    const char *path = below_at(from, first), *target = below_at(to, second);
    if (path == NULL || target == NULL)
        return real(from, to);
    pthread_mutex_lock(&lock);
    enum kind kind = next(RENAME, target);
    int error = error_of(kind);
    int result = error != 0 ? -1 : real(from, to);
    if (result < 0 && error == 0)
        error = errno;
    record(op, result < 0, path, target, 0, 0, 0, NULL, 0);
    finish(kind);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int rename(const char *from, const char *to)
{
    load();
    return give_name(from, to, 'R', real_rename);
}

int link(const char *from, const char *to)
{
    load();
    return give_name(from, to, 'H', real_link);
}

int mkdir(const char *name, mode_t mode)
{
    load();
    char buffer[PATH_MAX];
    const char *path = below_at(name, buffer);
    struct stat before;
    if (path == NULL || lstat(name, &before) == 0)
        return real_mkdir(name, mode);
    pthread_mutex_lock(&lock);
    enum kind kind = next(MKDIR, path);
    int error = error_of(kind);
    int result = error != 0 ? -1 : real_mkdir(name, mode);
    if (result < 0 && error == 0)
        error = errno;
    record('M', result < 0, path, NULL, 0, 0, 0, NULL, 0);
    finish(kind);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

static int remove_name(const char *name, int (*real)(const char *))
{
    char buffer[PATH_MAX];
    const char *path = below_at(name, buffer);
    if (path == NULL)
        return real(name);
    pthread_mutex_lock(&lock);
    enum kind kind = next(UNLINK, path);
    int error = error_of(kind);
    int result = error != 0 ? -1 : real(name);
    if (result < 0 && error == 0)
        error = errno;
    record('U', result < 0, path, NULL, 0, 0, 0, NULL, 0);
    finish(kind);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int unlink(const char *name)
{
    load();
    return remove_name(name, real_unlink);
}

int rmdir(const char *name)
{
    load();
    return remove_name(name, real_rmdir);
}

int ftruncate(int fd, off_t length)
{
    load();
    char buffer[PATH_MAX];
    const char *path = below_fd(fd, buffer);
    if (path == NULL)
        return real_ftruncate(fd, length);
    pthread_mutex_lock(&lock);
    enum kind kind = next(TRUNCATE, path);
    int error = error_of(kind);
    int result = error != 0 ? -1 : real_ftruncate(fd, length);
    if (result < 0 && error == 0)
        error = errno;
    record('T', result < 0, path, NULL, inode_of(fd), 0, (uint64_t)length, NULL, 0);
    finish(kind);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int ftruncate64(int fd, off64_t length) { return ftruncate(fd, length); }

/* An allocation beyond the end that does not keep the size is a growth; holes and kept sizes change no content here,
 * because what is punched lies behind the end. */
int fallocate(int fd, int mode, off_t offset, off_t length)
{
    load();
    char buffer[PATH_MAX];
    const char *path = below_fd(fd, buffer);
    if (path == NULL)
        return real_fallocate(fd, mode, offset, length);
    pthread_mutex_lock(&lock);
    enum kind kind = next(ALLOCATE, path);
    int error = error_of(kind);
    struct stat before = {0}, after = {0};
    fstat(fd, &before);
    int result = error != 0 ? -1 : real_fallocate(fd, mode, offset, length);
    if (result < 0 && error == 0)
        error = errno;
    fstat(fd, &after);
    if (after.st_size != before.st_size)
        record('T', 0, path, NULL, inode_of(fd), 0, (uint64_t)after.st_size, NULL, 0);
    else
        record('L', result < 0, path, NULL, inode_of(fd), (uint64_t)offset, (uint64_t)length, NULL, 0);
    finish(kind);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int fallocate64(int fd, int mode, off64_t offset, off64_t length) { return fallocate(fd, mode, offset, length); }

/* Managed code looks its system calls up in the C library itself, past what is preloaded. */
void *dlsym(void *handle, const char *name)
{
    load();
    void *found = real_dlsym(handle, name);
#define HOOK(function) if (found != NULL && found == (void *)real_##function) return (void *)function;
    HOOK(open) HOOK(openat) HOOK(write) HOOK(pwrite) HOOK(writev) HOOK(pwritev) HOOK(fsync) HOOK(fdatasync)
    HOOK(sync_file_range) HOOK(rename) HOOK(mkdir) HOOK(ftruncate) HOOK(unlink) HOOK(link) HOOK(rmdir) HOOK(fallocate)
    return found;
}
