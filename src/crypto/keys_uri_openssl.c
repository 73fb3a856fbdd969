/* SPDX-License-Identifier: MIT */
/*
 * Keys in tokens, by pkcs11: URI (RFC 7512). OpenSSL 3 reaches them through a provider where one
 * is installed, and through libp11's engine elsewhere (Debian 12, Ubuntu 22.04).
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* engines are, and they are what those systems have */

#include "crypto/keys_openssl.h"

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <string.h>
#ifndef OPENSSL_NO_ENGINE
#include <openssl/engine.h>
#endif

#include "wire/wire.h"

#ifndef OPENSSL_NO_DSO
static const char no_way[] = "OpenSSL has neither a pkcs11 provider nor its engine; "
                             "install libengine-pkcs11-openssl or pkcs11-provider";
#else
static const char no_way[] = "this program is one file and loads no code, so it reaches no token; "
                             "use an espota-c that was built with the system's OpenSSL";
#endif

bool espota_key_is_uri(const char *name)
{
    return strncmp(name, "pkcs11:", 7) == 0;
}

/* The first key that the store finds; NULL without one. */
static EVP_PKEY *store_key(const char *uri, bool private_half, UI_METHOD *ui,
                           struct espota_key_opening *opening)
{
    OSSL_STORE_CTX *store =
        OSSL_STORE_open_ex(uri, NULL, "?provider=pkcs11", ui, opening, NULL, NULL, NULL);
    EVP_PKEY *pkey = NULL;

    if (store == NULL)
        return NULL;
    (void)OSSL_STORE_expect(store, private_half ? OSSL_STORE_INFO_PKEY : OSSL_STORE_INFO_PUBKEY);
    while (pkey == NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);

        if (info == NULL)
            break;
        pkey = private_half ? OSSL_STORE_INFO_get1_PKEY(info) : OSSL_STORE_INFO_get1_PUBKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    return pkey;
}

static bool try_provider(struct espota_key *key, const char *uri, bool private_half, UI_METHOD *ui,
                         struct espota_key_opening *opening)
{
    key->library.provider = OSSL_PROVIDER_try_load(NULL, "pkcs11", 1);
    if (key->library.provider != NULL)
        key->pkey = store_key(uri, private_half, ui, opening);
    return key->library.provider != NULL;
}

#ifndef OPENSSL_NO_ENGINE
/* The value of a URI's attribute, as it is; false if it has none. */
static bool attribute(const char *uri, const char *name, char *out, size_t room)
{
    const char *at = strchr(uri, '?');
    size_t size = strlen(name);

    while (at != NULL) {
        at++; /* behind ? or & */
        if (strncmp(at, name, size) == 0 && at[size] == '=') {
            size_t length = strcspn(at + size + 1, "&");

            if (length >= room)
                return false;
            memcpy(out, at + size + 1, length);
            out[length] = '\0';
            return true;
        }
        at = strchr(at, '&');
    }
    return false;
}

static bool try_engine(struct espota_key *key, const char *uri, bool private_half, UI_METHOD *ui,
                       struct espota_key_opening *opening)
{
    ENGINE *engine = ENGINE_by_id("pkcs11");
    char module[1024];

    if (engine == NULL)
        return false;
    if ((attribute(uri, "module-path", module, sizeof(module)) &&
         ENGINE_ctrl_cmd_string(engine, "MODULE_PATH", module, 0) != 1) ||
        ENGINE_init(engine) != 1) {
        ENGINE_free(engine);
        return true;
    }
    key->engine = engine;
    if (opening->passphrase != NULL && opening->passphrase->given.bytes != NULL)
        (void)ENGINE_ctrl_cmd_string(engine, "PIN", opening->passphrase->given.bytes, 0);
    key->pkey = private_half ? ENGINE_load_private_key(engine, uri, ui, opening)
                             : ENGINE_load_public_key(engine, uri, ui, opening);
    return true;
}
#else
static bool try_engine(struct espota_key *key, const char *uri, bool private_half, UI_METHOD *ui,
                       struct espota_key_opening *opening)
{
    (void)key;
    (void)uri;
    (void)private_half;
    (void)ui;
    (void)opening;
    return false;
}
#endif

enum espota_status espota_key_uri_load(struct espota_key **out, const char *uri, bool private_half,
                                       const struct espota_passphrase *passphrase,
                                       struct espota_error *err)
{
    struct espota_key_opening opening = {.passphrase = passphrase, .name = "the token's PIN"};
    UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(espota_key_passphrase_callback, 0);
    struct espota_key *key = NULL;
    enum espota_status status = espota_key_new(&key, false, err);
    bool reached;

    *out = NULL;
    if (status != ESPOTA_OK)
        goto done;
    reached = try_provider(key, uri, private_half, ui, &opening);
    if (key->pkey == NULL)
        reached = try_engine(key, uri, private_half, ui, &opening) || reached;
    if (key->pkey != NULL) {
        status = espota_key_finish(key, out, err);
        key = NULL;
    } else if (!reached)
        status = espota_key_error(err, no_way);
    else if (opening.wanted && !opening.had)
        status = espota_error_remedy(err, ESPOTA_E_LOCAL, ESPOTA_REMEDY_GIVE_PIN,
                                     "the token asks for its PIN");
    else
        status = espota_key_error(err, "the token gives no key for this pkcs11: URI; check its "
                                       "token and object names, the PIN, and that the key may "
                                       "sign");
done:
    espota_key_destroy(key);
    if (ui != NULL)
        UI_destroy_method(ui);
    return status;
}
