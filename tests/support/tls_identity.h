/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a certificate for 127.0.0.1, signed by itself, and its key. For tests only: the key is
 * public by being here and protects nothing. */
#ifndef TACHO_TESTS_SUPPORT_TLS_IDENTITY_H
#define TACHO_TESTS_SUPPORT_TLS_IDENTITY_H

static const char tls_identity_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBpDCCAUqgAwIBAgIUbN7ZeVrAHnVGCJ+4LtYYcukw3L4wCgYIKoZIzj0EAwIw\n"
    "HjEcMBoGA1UEAwwTdGFjaG8gdGVzdCByZWNlaXZlcjAgFw0yNjExMjAxNTA4NDha\n"
    "GA8yMTI2MTAyNzE1MDg0OFowHjEcMBoGA1UEAwwTdGFjaG8gdGVzdCByZWNlaXZl\n"
    "cjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNafQJmYGUBj+fOe0HneRHAHfBUM\n"
    "N/1taAtzY/US8Uz/9eJtpnflxJJ5e2+WMhGvisvl+sdeYHvJmpCShBq6jmujZDBi\n"
    "MB0GA1UdDgQWBBRdx82aJbupf9PRXp8WbNenOoyMGDAfBgNVHSMEGDAWgBRdx82a\n"
    "Jbupf9PRXp8WbNenOoyMGDAPBgNVHRMBAf8EBTADAQH/MA8GA1UdEQQIMAaHBH8A\n"
    "AAEwCgYIKoZIzj0EAwIDSAAwRQIgLTdk4cznZThqPQghuESky04b/xi1Kl6FEeai\n"
    "WHD9G7UCIQDS72VgaEPMOoZwxqtctU7SaDrjQKw+LSQsmqLH/Q6hUQ==\n"
    "-----END CERTIFICATE-----\n";

static const char tls_identity_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZl+0dm/pcErDDV0o\n"
    "BXw+VOuOKcfmHGNA1l6nnx0HyQuhRANCAATWn0CZmBlAY/nzntB53kRwB3wVDDf9\n"
    "bWgLc2P1EvFM//XibaZ35cSSeXtvljIRr4rL5frHXmB7yZqQkoQauo5r\n"
    "-----END PRIVATE KEY-----\n";

#endif
