/* SPDX-License-Identifier: MIT */
/*
 * By posix_spawn() and not fork(): the library may be part of a program that has threads, where
 * between fork and exec hardly anything is allowed.
 */
#include "sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/descriptor.h"
#include "sys/loop.h"
#include "sys/platform.h"

/* Not the user's PATH: what is found there may be anything. */
static const char *const folders[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};
static char path_variable[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
static char locale_variable[] = "LC_ALL=C";

/* How often an end is looked for that closes no pipe. */
enum { LOOK_MS = 20 };

static bool find(const char *name, char *out, size_t room)
{
    struct stat facts;

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        int length = snprintf(out, room, "%s/%s", folders[i], name);

        if (length > 0 && (size_t)length < room && stat(out, &facts) == 0 &&
            S_ISREG(facts.st_mode) && access(out, X_OK) == 0)
            return true;
    }
    return false;
}

bool espota_process_is_there(const char *name)
{
    char path[256];

    return find(name, path, sizeof(path));
}

/*
 * A group of its own, so that all it starts can be killed; signals as a program expects them,
 * since what is ignored or blocked here would be there.
 */
static int set_attributes(posix_spawnattr_t *attributes)
{
    const short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    sigset_t all, none;
    int error;

    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGKILL);
    (void)sigdelset(&all, SIGSTOP);
    (void)sigemptyset(&none);
    error = posix_spawnattr_setflags(attributes, flags);
    if (error == 0)
        error = posix_spawnattr_setpgroup(attributes, 0);
    if (error == 0)
        error = posix_spawnattr_setsigdefault(attributes, &all);
    if (error == 0)
        error = posix_spawnattr_setsigmask(attributes, &none);
    return error;
}

static int set_descriptors(posix_spawn_file_actions_t *actions, int output)
{
    int error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    if (error == 0)
        error = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (error == 0 && !espota_process_close_from(actions, STDERR_FILENO + 1))
        error = errno;
    return error;
}

/* The pid, or -1 with errno. */
static pid_t start(const char *path, const char *const *argv, int output)
{
    char *const environment[] = {path_variable, locale_variable, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid = -1;
    int error = posix_spawn_file_actions_init(&actions);

    if (error != 0) {
        errno = error;
        return -1;
    }
    error = posix_spawnattr_init(&attributes);
    if (error == 0) {
        error = set_attributes(&attributes);
        if (error == 0)
            error = set_descriptors(&actions, output);
        if (error == 0) /* it takes char * for old times' sake, and changes none */
            error =
                posix_spawn(&pid, path, &actions, &attributes, (char *const *)argv, environment);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    errno = error;
    return error == 0 ? pid : -1;
}

/* Takes what the pipe holds; false at its end. */
static bool collect(struct espota_process *process, int fd)
{
    char dropped[4096];

    for (;;) {
        size_t left = process->room - 1 - process->length; /* length < room: one is kept back */
        ssize_t n = left > 0 ? read(fd, process->output + process->length, left)
                             : read(fd, dropped, sizeof(dropped));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        if (n == 0)
            return false;
        if (left > 0)
            process->length += (size_t)n; /* n <= left */
        else
            process->cut = true;
    }
}

/* Not taken off yet: so long its number, which is also that of its group, is nobody else's. */
static bool is_over(pid_t pid)
{
    siginfo_t info = {0};

    /* No child at all: somebody has SIGCHLD ignored, and it is over and gone. */
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 ? info.si_pid == pid
                                                                             : errno == ECHILD;
}

/* Kills what is left of its group and takes it off. */
static int clear_away(pid_t pid)
{
    int status = 0;
    pid_t got;

    (void)kill(-pid, SIGKILL);
    do
        got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    if (got != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/*
 * Until it is over, or its time. The pipe's end alone says nothing: a program may close it and go
 * on, or leave it to a child of its own.
 */
static bool attend(struct espota_process *process, pid_t pid, int fd)
{
    uint64_t end = espota_clock_ms() + process->timeout_ms;
    struct pollfd item = {fd, POLLIN, 0};

    for (;;) {
        bool over = is_over(pid);

        if (item.fd >= 0 && !collect(process, fd))
            item.fd = -1; /* poll skips it */
        if (over)
            return true;
        if (espota_clock_ms() >= end)
            return false;
        (void)poll(&item, 1, LOOK_MS);
    }
}

/* A pipe for its output: only our end may not block, or it would lose what it cannot write. */
static bool open_pipe(int ends[2])
{
    int flags;

    if (!espota_descriptor_pipe(ends))
        return false;
    flags = fcntl(ends[1], F_GETFL);
    if (flags >= 0 && fcntl(ends[1], F_SETFL, flags & ~O_NONBLOCK) == 0)
        return true;
    espota_descriptor_close(&ends[0]);
    espota_descriptor_close(&ends[1]);
    return false;
}

static enum espota_status run(struct espota_process *process, const char *path,
                              struct espota_error *err)
{
    const char *name = process->argv[0];
    enum espota_status status = ESPOTA_OK;
    int ends[2];
    pid_t pid = -1;

    if (open_pipe(ends))
        pid = start(path, process->argv, ends[1]);
    if (pid < 0)
        status = espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot run %s", name);
    espota_descriptor_close(&ends[1]); /* the last one is its own: its end is seen */
    if (pid > 0) {
        if (!attend(process, pid, ends[0]))
            status = espota_error_set(err, ESPOTA_E_FAILED, "%s did not end within %u ms", name,
                                      (unsigned)process->timeout_ms);
        process->exit_code = clear_away(pid);
    }
    espota_descriptor_close(&ends[0]);
    return status;
}

enum espota_status espota_process_run(struct espota_process *process, struct espota_error *err)
{
    enum espota_status status;
    char path[256];

    process->length = 0;
    process->cut = false;
    process->exit_code = -1;
    if (find(process->argv[0], path, sizeof(path)))
        status = run(process, path, err);
    else
        status = espota_error_set(err, ESPOTA_E_NO_ANSWER, "%s is not installed", process->argv[0]);
    process->output[process->length] = '\0';
    return status;
}
