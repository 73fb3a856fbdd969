/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>

#include "sys/program.h"
#include "sys/sys.h"

static void count(void *context)
{
    (*(volatile int *)context)++;
}

START_TEST(test_stop)
{
    volatile int calls = 0;

    ck_assert_int_eq(espota_program_stop_signal(), 0);
    espota_program_on_stop(count, (void *)&calls);
    ck_assert_int_eq(raise(SIGTERM), 0);
    ck_assert_int_eq(calls, 1);
    ck_assert_int_eq(espota_program_stop_signal(), SIGTERM);
    ck_assert_int_eq(raise(SIGINT), 0);
    ck_assert_int_eq(calls, 2);
    ck_assert_int_eq(espota_program_stop_signal(), SIGTERM);

    espota_program_on_stop(count, (void *)&calls);
    espota_program_on_stop(NULL, NULL);
    ck_assert_int_eq(raise(SIGINT), 0);
    ck_assert_int_eq(calls, 2);
}
END_TEST

START_TEST(test_ignored_signals_stay_ignored)
{
    volatile int calls = 0;

    (void)signal(SIGHUP, SIG_IGN);
    espota_program_on_stop(count, (void *)&calls);
    ck_assert_int_eq(raise(SIGHUP), 0);
    ck_assert_int_eq(calls, 0);
}
END_TEST

static int second_signal_child(void)
{
    volatile int calls = 0;

    espota_program_on_stop(count, (void *)&calls);
    (void)raise(SIGTERM);
    (void)raise(SIGTERM);
    return 0;
}

START_TEST(test_second_signal_ends_it)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        _exit(second_signal_child());
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGTERM);
}
END_TEST

START_TEST(test_closed_descriptors_stay_errors)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        (void)close(0);
        (void)close(1);
        espota_program_begin();
        /* 0 and 1 are taken, so a new one is above, and neither can be used as it should. */
        _exit(open("/dev/null", O_RDWR) > 2 && write(1, "x", 1) < 0 && read(0, &status, 1) < 0 ? 0
                                                                                               : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

/* A child on a terminal of its own; what it returns is its exit code. */
struct terminal {
    int master;
    int release; /* closed: the terminal's session may end */
    pid_t pid;
    char screen[512];
    size_t length;
};

/*
 * The session's leader, which outlives the child: with it the terminal ends, and what was written
 * to it last may be lost.
 */
static int lead(int (*child)(void), int release)
{
    int status = 0;
    char byte;
    pid_t pid;

    (void)signal(SIGINT, SIG_IGN);
    pid = fork();
    if (pid == 0) {
        (void)signal(SIGINT, SIG_DFL);
        _exit(child());
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 99;
    (void)!read(release, &byte, 1);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void open_terminal(struct terminal *t, int (*child)(void))
{
    struct winsize size = {.ws_row = 24, .ws_col = 93};
    int ends[2];

    memset(t, 0, sizeof(*t));
    ck_assert_int_eq(pipe(ends), 0);
    t->pid = forkpty(&t->master, NULL, NULL, &size);
    ck_assert_int_ge(t->pid, 0);
    if (t->pid == 0) {
        close(ends[1]);
        _exit(lead(child, ends[0]));
    }
    close(ends[0]);
    t->release = ends[1];
}

static void wait_for(struct terminal *t, const char *text)
{
    while (strstr(t->screen, text) == NULL) {
        ssize_t got = read(t->master, t->screen + t->length, sizeof(t->screen) - 1 - t->length);

        ck_assert_int_gt(got, 0);
        t->length += (size_t)got;
    }
}

static bool echoes(const struct terminal *t)
{
    struct termios mode;

    ck_assert_int_eq(tcgetattr(t->master, &mode), 0);
    return (mode.c_lflag & ECHO) != 0;
}

static int close_terminal(struct terminal *t)
{
    int status = 0;

    (void)close(t->release);
    ck_assert_int_eq(waitpid(t->pid, &status, 0), t->pid);
    (void)close(t->master);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int ask_twice(void)
{
    char answer[16] = "";

    if (espota_program_ask("Password: ", true, answer, sizeof(answer), NULL) != ESPOTA_OK ||
        strcmp(answer, "geheim") != 0)
        return 1;
    if (espota_program_ask("Sure? ", false, answer, sizeof(answer), NULL) != ESPOTA_OK ||
        strcmp(answer, "yes") != 0)
        return 2;
    (void)printf("well\n");
    (void)fflush(stdout);
    return espota_program_width(ESPOTA_PROGRAM_STDERR) == 93 ? 0 : 3;
}

START_TEST(test_questions)
{
    struct terminal t;

    open_terminal(&t, ask_twice);
    wait_for(&t, "Password: ");
    ck_assert(!echoes(&t));
    ck_assert_int_eq(write(t.master, "geheim\n", 7), 7);
    wait_for(&t, "Sure? ");
    ck_assert(echoes(&t));
    ck_assert_int_eq(write(t.master, "yes\n", 4), 4);
    wait_for(&t, "well");
    ck_assert_int_eq(close_terminal(&t), 0);
    ck_assert_ptr_null(strstr(t.screen, "geheim"));
}
END_TEST

static int ask_long(void)
{
    char answer[4] = "";

    if (espota_program_ask("Password: ", true, answer, sizeof(answer), NULL) != ESPOTA_E_LOCAL)
        return 1;
    return memcmp(answer, "\0\0\0", sizeof(answer)) == 0 ? 0 : 2;
}

START_TEST(test_an_answer_too_long_leaves_nothing)
{
    struct terminal t;

    open_terminal(&t, ask_long);
    wait_for(&t, "Password: ");
    ck_assert_int_eq(write(t.master, "geheim\n", 7), 7);
    ck_assert_int_eq(close_terminal(&t), 0);
}
END_TEST

static int ask_unhandled(void)
{
    char answer[16];

    return espota_program_ask("Password: ", true, answer, sizeof(answer), NULL) == ESPOTA_OK;
}

static int ask_handled(void)
{
    char answer[16];
    volatile int calls = 0;

    espota_program_on_stop(count, (void *)&calls);
    return espota_program_ask("Password: ", true, answer, sizeof(answer), NULL) ==
                       ESPOTA_E_INTERRUPTED &&
                   calls == 1
               ? 9
               : 1;
}

START_TEST(test_interrupted_question_gives_the_echo_back)
{
    struct terminal t;

    open_terminal(&t, ask_unhandled);
    wait_for(&t, "Password: ");
    ck_assert_int_eq(write(t.master, "\003", 1), 1);
    wait_for(&t, "\n"); /* the line end that follows the mode */
    ck_assert(echoes(&t));
    ck_assert_int_eq(close_terminal(&t), 128 + SIGINT);

    open_terminal(&t, ask_handled);
    wait_for(&t, "Password: ");
    ck_assert_int_eq(write(t.master, "\003", 1), 1);
    wait_for(&t, "\n");
    ck_assert(echoes(&t));
    ck_assert_int_eq(close_terminal(&t), 9);
}
END_TEST

static int ask_as_a_job(void)
{
    char answer[16] = "";

    return espota_program_ask("Password: ", true, answer, sizeof(answer), NULL) == ESPOTA_OK &&
                   strcmp(answer, "geheim") == 0
               ? 0
               : 1;
}

/* A shell of one job, which it continues once: without one, nothing is ever stopped. */
static int one_job_shell(void)
{
    int status = 0;
    pid_t pid;

    (void)signal(SIGTTOU, SIG_IGN);
    pid = fork();
    if (pid == 0) {
        (void)setpgid(0, 0);
        (void)tcsetpgrp(0, getpid());
        (void)signal(SIGTTOU, SIG_DFL);
        (void)signal(SIGTSTP, SIG_DFL);
        _exit(ask_as_a_job());
    }
    if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
        return 2;
    (void)tcsetpgrp(0, getpgrp());
    (void)printf("stopped\n");
    (void)fflush(stdout);
    (void)getchar(); /* until the test has looked */
    (void)tcsetpgrp(0, pid);
    (void)kill(-pid, SIGCONT);
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

START_TEST(test_a_stopped_question_is_asked_again)
{
    struct terminal t;

    open_terminal(&t, one_job_shell);
    wait_for(&t, "Password: ");
    ck_assert_int_eq(write(t.master, "half\032", 5), 5);
    wait_for(&t, "stopped");
    ck_assert(echoes(&t));
    memset(t.screen, 0, sizeof(t.screen));
    t.length = 0;
    ck_assert_int_eq(write(t.master, "\n", 1), 1);
    wait_for(&t, "Password: ");
    ck_assert(!echoes(&t));
    ck_assert_int_eq(write(t.master, "geheim\n", 7), 7);
    ck_assert_int_eq(close_terminal(&t), 0);
}
END_TEST

/* A child with a file that must not outlive it; the file's name is in `left`. */
static char left[] = "/tmp/espota-left-XXXXXX";

static int how_it_ended(void (*end)(void))
{
    static struct espota_temporary temporary, other;
    int fd = mkstemp(left), status = 0;
    pid_t pid;

    ck_assert_int_ge(fd, 0);
    close(fd);
    pid = fork();
    if (pid == 0) {
        espota_program_begin();
        espota_temporaries_add(&temporary, left);
        espota_temporaries_add(&other, "/tmp/espota-nothing-there");
        end();
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void end_by_signal(void)
{
    (void)raise(SIGTERM);
}

static void end_by_second_signal(void)
{
    volatile int calls = 0;

    espota_program_on_stop(count, (void *)&calls);
    (void)raise(SIGINT);
    if (calls == 1 && access(left, F_OK) == 0)
        (void)raise(SIGINT);
}

static void end_by_itself(void)
{
}

START_TEST(test_a_signal_that_ends_it_takes_the_temporaries)
{
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
    ck_assert_int_eq(how_it_ended(end_by_signal), SIGTERM);
    ck_assert_int_ne(access(left, F_OK), 0);
    memcpy(strstr(left, "left-") + 5, "XXXXXX", 6);
    ck_assert_int_eq(how_it_ended(end_by_second_signal), SIGINT);
    ck_assert_int_ne(access(left, F_OK), 0);
    memcpy(strstr(left, "left-") + 5, "XXXXXX", 6);
    ck_assert_int_eq(how_it_ended(end_by_itself), 0);
    ck_assert_int_eq(unlink(left), 0);
}
END_TEST

START_TEST(test_the_list_of_temporaries)
{
    struct espota_temporary a, b, c;
    char names[3][32];

    for (size_t i = 0; i < 3; i++) {
        int fd;

        snprintf(names[i], sizeof(names[i]), "/tmp/espota-list-XXXXXX");
        fd = mkstemp(names[i]);
        ck_assert_int_ge(fd, 0);
        close(fd);
    }
    espota_temporaries_add(&a, names[0]);
    espota_temporaries_add(&b, names[1]);
    espota_temporaries_add(&c, names[2]);
    espota_temporaries_strike(&b);
    espota_temporaries_strike(&b);
    espota_temporaries_remove();
    espota_temporaries_remove();
    ck_assert_int_ne(access(names[0], F_OK), 0);
    ck_assert_int_eq(unlink(names[1]), 0);
    ck_assert_int_ne(access(names[2], F_OK), 0);
    espota_temporaries_strike(&c);
    espota_temporaries_strike(&a);
}
END_TEST

START_TEST(test_a_limit_of_file_sizes_is_no_signal)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        struct rlimit none = {0, 0};
        char name[] = "/tmp/espota-limit-XXXXXX";
        int fd = mkstemp(name);

        (void)unlink(name);
        espota_program_begin();
        if (setrlimit(RLIMIT_FSIZE, &none) != 0)
            _exit(1);
        _exit(write(fd, "x", 1) == -1 ? 0 : 2);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

static int ask_without_terminal(void)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    char answer[16];

    if (setsid() < 0)
        return 1;
    return espota_program_ask("x", false, answer, sizeof(answer), &err) == ESPOTA_E_LOCAL ? 0 : 2;
}

START_TEST(test_no_terminal)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        _exit(ask_without_terminal());
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

UNIT_MAIN("sys/program", test_stop, test_ignored_signals_stay_ignored, test_second_signal_ends_it,
          test_closed_descriptors_stay_errors, test_questions,
          test_an_answer_too_long_leaves_nothing, test_interrupted_question_gives_the_echo_back,
          test_a_stopped_question_is_asked_again, test_no_terminal,
          test_a_signal_that_ends_it_takes_the_temporaries, test_the_list_of_temporaries,
          test_a_limit_of_file_sizes_is_no_signal)
