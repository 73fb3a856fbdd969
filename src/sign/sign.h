/* SPDX-License-Identifier: MIT */
/* The door of `sign`: whether an image is signed, in any format that a device verifies. */
#ifndef ESPOTA_SIGN_SIGN_H
#define ESPOTA_SIGN_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/crypto.h"
#include "espota/error.h"
#include "espota/sign.h"
#include "image/image.h"

/*
 * Whether a device could verify what this key signs. E_LOCAL with the reason. `chip` UNKNOWN: in
 * the format's own devices.
 */
enum espota_status espota_signature_key_fits(const struct espota_key *key,
                                             enum espota_sign_format format, enum espota_chip chip,
                                             struct espota_error *err) ESPOTA_MUST_CHECK;

/* Reads and judges an image, wherever it comes from; of a file at most a piece is in memory. */
enum espota_status espota_signature_judge_image(const struct espota_image_input *from,
                                                const struct espota_key *key,
                                                enum espota_sign_format format,
                                                struct espota_verified *verdict,
                                                struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
