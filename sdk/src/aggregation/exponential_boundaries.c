/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the boundaries of buckets between 1 and 2. Each is floor((2^(k/128) - 1) * 2^52), for k from
 * 1 on: computed with 80 digits, and verified by a test. */
#include "aggregation/exponential_boundaries.h"

const uint64_t tachoi_exponential_boundaries[TACHOI_TABLE_SIZE + 1] = {
    0x0163da9fb3335, 0x02c9a3e778060, 0x04315e86e7f84, 0x059b0d3158574, 0x0706b29ddf6dd,
    0x0874518759bc8, 0x09e3ecac6f383, 0x0b5586cf9890f, 0x0cc922b7247f7, 0x0e3ec32d3d1a2,
    0x0fb66affed31a, 0x11301d0125b50, 0x12abdc06c31cb, 0x1429aaea92ddf, 0x15a98c8a58e51,
    0x172b83c7d517a, 0x18af9388c8de9, 0x1a35beb6fcb75, 0x1bbe084045cd3, 0x1d4873168b9aa,
    0x1ed5022fcd91c, 0x2063b88628cd6, 0x21f49917ddc96, 0x2387a6e756238, 0x251ce4fb2a63f,
    0x26b4565e27cdd, 0x284dfe1f56380, 0x29e9df51fdee1, 0x2b87fd0dad98f, 0x2d285a6e4030b,
    0x2ecafa93e2f56, 0x306fe0a31b715, 0x32170fc4cd831, 0x33c08b26416ff, 0x356c55f929ff0,
    0x371a7373aa9ca, 0x38cae6d05d865, 0x3a7db34e59ff6, 0x3c32dc313a8e4, 0x3dea64c123422,
    0x3fa4504ac801b, 0x4160a21f72e29, 0x431f5d950a896, 0x44e086061892d, 0x46a41ed1d0057,
    0x486a2b5c13cd0, 0x4a32af0d7d3de, 0x4bfdad5362a27, 0x4dcb299fddd0d, 0x4f9b2769d2ca6,
    0x516daa2cf6641, 0x5342b569d4f81, 0x551a4ca5d920e, 0x56f4736b527da, 0x58d12d497c7fd,
    0x5ab07dd485429, 0x5c9268a5946b7, 0x5e76f15ad2148, 0x605e1b976dc08, 0x6247eb03a5584,
    0x6434634ccc31f, 0x6623882552224, 0x68155d44ca973, 0x6a09e667f3bcc, 0x6c012750bdabe,
    0x6dfb23c651a2e, 0x6ff7df9519483, 0x71f75e8ec5f73, 0x73f9a48a58173, 0x75feb564267c8,
    0x780694fde5d3f, 0x7a11473eb0186, 0x7c1ed0130c132, 0x7e2f336cf4e62, 0x80427543e1a11,
    0x82589994cce12, 0x8471a4623c7ac, 0x868d99b4492ec, 0x88ac7d98a6699, 0x8ace5422aa0db,
    0x8cf3216b5448b, 0x8f1ae99157736, 0x9145b0b91ffc5, 0x93737b0cdc5e4, 0x95a44cbc8520e,
    0x97d829fde4e4f, 0x9a0f170ca07b9, 0x9c49182a3f090, 0x9e86319e32323, 0xa0c667b5de564,
    0xa309bec4a2d33, 0xa5503b23e255c, 0xa799e1330b358, 0xa9e6b5579fdbf, 0xac36bbfd3f379,
    0xae89f995ad3ad, 0xb0e07298db665, 0xb33a2b84f15fa, 0xb59728de55939, 0xb7f76f2fb5e46,
    0xba5b030a10649, 0xbcc1e904bc1d2, 0xbf2c25bd71e08, 0xc199bdd85529c, 0xc40ab5fffd07a,
    0xc67f12e57d14b, 0xc8f6d9406e7b5, 0xcb720dcef9069, 0xcdf0b555dc3f9, 0xd072d4a07897b,
    0xd2f87080d89f1, 0xd5818dcfba487, 0xd80e316c98397, 0xda9e603db3285, 0xdd321f301b460,
    0xdfc97337b9b5e, 0xe264614f5a128, 0xe502ee78b3ff6, 0xe7a51fbc74c83, 0xea4afa2a490d9,
    0xecf482d8e67f0, 0xefa1bee615a27, 0xf252b376bba97, 0xf50765b6e4540, 0xf7bfdad9cbe13,
    0xfa7c1819e90d8, 0xfd3c22b8f71f1, UINT64_MAX,      UINT64_MAX};

const uint8_t tachoi_exponential_boundaries_below[TACHOI_TABLE_SIZE] = {
    0,   1,   2,   4,   5,   7,   8,   9,   11,  12,  13,  15,  16,  17,  19,  20,  21,  23,  24,
    25,  26,  28,  29,  30,  31,  32,  34,  35,  36,  37,  38,  40,  41,  42,  43,  44,  45,  46,
    48,  49,  50,  51,  52,  53,  54,  55,  56,  57,  58,  59,  60,  61,  62,  63,  64,  66,  67,
    68,  69,  70,  70,  71,  72,  73,  74,  75,  76,  77,  78,  79,  80,  81,  82,  83,  84,  85,
    86,  86,  87,  88,  89,  90,  91,  92,  93,  94,  94,  95,  96,  97,  98,  99,  100, 100, 101,
    102, 103, 104, 104, 105, 106, 107, 108, 109, 109, 110, 111, 112, 112, 113, 114, 115, 116, 116,
    117, 118, 119, 119, 120, 121, 122, 122, 123, 124, 125, 125, 126, 127,
};
