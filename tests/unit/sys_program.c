/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

#include "espota/program.h"

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
    pid_t pid;
    char screen[512];
    size_t length;
};

static void open_terminal(struct terminal *t, int (*child)(void))
{
    struct winsize size = {.ws_row = 24, .ws_col = 93};

    memset(t, 0, sizeof(*t));
    t->pid = forkpty(&t->master, NULL, NULL, &size);
    ck_assert_int_ge(t->pid, 0);
    if (t->pid == 0) {
        (void)signal(SIGINT, SIG_DFL); /* the framework has its own handler */
        _exit(child());
    }
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

    ck_assert_int_eq(waitpid(t->pid, &status, 0), t->pid);
    (void)close(t->master);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int ask_twice(void)
{
    char answer[16] = "";

    if (espota_program_ask_secret("Password: ", answer, sizeof(answer), NULL) != ESPOTA_OK ||
        strcmp(answer, "geheim") != 0)
        return 1;
    if (espota_program_ask("Sure? ", answer, sizeof(answer), NULL) != ESPOTA_OK ||
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

    if (espota_program_ask_secret("Password: ", answer, sizeof(answer), NULL) != ESPOTA_E_LOCAL)
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

    return espota_program_ask_secret("Password: ", answer, sizeof(answer), NULL) == ESPOTA_OK;
}

static int ask_handled(void)
{
    char answer[16];
    volatile int calls = 0;

    espota_program_on_stop(count, (void *)&calls);
    return espota_program_ask_secret("Password: ", answer, sizeof(answer), NULL) ==
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

static int ask_without_terminal(void)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    char answer[16];

    if (setsid() < 0)
        return 1;
    return espota_program_ask("x", answer, sizeof(answer), &err) == ESPOTA_E_LOCAL ? 0 : 2;
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
          test_no_terminal)
