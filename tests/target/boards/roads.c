/* SPDX-License-Identifier: MIT */
/* For boards with the memory for it: its program has the page and asks a server. */
#include "roads.h"

#include "board.h"

extern const char program_version[];

static struct espota_web_config page;
static struct espota_lwip_web web;
static struct espota_pull_client_config question;
static struct espota_lwip_pull pull;

static void asked(void *context, const struct espota_pull_client *client)
{
    char words[ESPOTA_PULL_MESSAGE_MAX];

    (void)context;
    board_print("program: asked\n");
    if (client->result == ESPOTA_PULL_FAILED) {
        (void)espota_pull_client_error(client, words);
        board_print(words);
        board_print("\n");
    }
    if (client->result == ESPOTA_PULL_UPDATED)
        board_reset();
}

void roads_start(const struct settings *settings, const struct espota_updater_config *update,
                 const struct espota_lwip_board *board,
                 const char *(*event)(void *context, const struct espota_receiver_event *event))
{
    const struct espota_peer server = {.address = {10, 78, 0, 1}, .port = settings->pull_port};

    page = (struct espota_web_config){.update = update, .path = "/update", .event = event};
    question = (struct espota_pull_client_config){
        .update = update,
        .host = settings->pull_host,
        .target = "/program",
        .version = program_version,
        .sketch_md5 = "00000000000000000000000000000000",
        .sdk_version = "emulated",
        .retries = 1,
        .retry_ms = 100,
        .event = event,
    };
    if ((settings->flags & SETTINGS_PAGE) != 0 &&
        espota_lwip_web_start(&web, board, &page, 80) != ESPOTA_OK)
        board_die("no page");
    if ((settings->flags & SETTINGS_PULL) != 0 &&
        espota_lwip_pull_start(&pull, &server, &question, asked, NULL) != ESPOTA_OK)
        board_die("no question");
}
