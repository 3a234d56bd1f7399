/* SPDX-License-Identifier: Apache-2.0 */
/* Owns two certificates, each signed by itself, and their keys: a receiver's, for 127.0.0.1, and a
 * sender's. For tests only: the keys are public by being here and protect nothing. */
#ifndef TACHO_TESTS_SUPPORT_TLS_IDENTITY_H
#define TACHO_TESTS_SUPPORT_TLS_IDENTITY_H

__attribute__((unused)) static const char tls_identity_certificate[] =
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

__attribute__((unused)) static const char tls_identity_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZl+0dm/pcErDDV0o\n"
    "BXw+VOuOKcfmHGNA1l6nnx0HyQuhRANCAATWn0CZmBlAY/nzntB53kRwB3wVDDf9\n"
    "bWgLc2P1EvFM//XibaZ35cSSeXtvljIRr4rL5frHXmB7yZqQkoQauo5r\n"
    "-----END PRIVATE KEY-----\n";

__attribute__((unused)) static const char tls_identity_client_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBjzCCATWgAwIBAgIULEJjADvD2IgbkXiMyW5HIH3fNBcwCgYIKoZIzj0EAwIw\n"
    "HDEaMBgGA1UEAwwRdGFjaG8gdGVzdCBzZW5kZXIwIBcNMjYxMTIwMTUzODIzWhgP\n"
    "MjEyNjEwMjcxNTM4MjNaMBwxGjAYBgNVBAMMEXRhY2hvIHRlc3Qgc2VuZGVyMFkw\n"
    "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEm2Hrxneu4acg1yS8iy0bSJ9dAfpuqVvj\n"
    "PJ5XqUKxqmpm+s2MHvaSkV0Av3slBBrWF5++Fv8hVtEf13tG1Di/baNTMFEwHQYD\n"
    "VR0OBBYEFJZvt6IYXIN2wyVa1fE0nFFJQUSyMB8GA1UdIwQYMBaAFJZvt6IYXIN2\n"
    "wyVa1fE0nFFJQUSyMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIh\n"
    "ALMwU0/avossQMN1Ra0NQHprV3dqdH5iHG4m430btR8mAiBNlv6HcdlHKC1S/Wvo\n"
    "piN6F1DNVvHpasPy79gYmiFO6Q==\n"
    "-----END CERTIFICATE-----\n";

__attribute__((unused)) static const char tls_identity_client_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgYDdO0AvymJJusMea\n"
    "LgWH/K/5IjghkZ4dzT/aDxAOkzuhRANCAASbYevGd67hpyDXJLyLLRtIn10B+m6p\n"
    "W+M8nlepQrGqamb6zYwe9pKRXQC/eyUEGtYXn74W/yFW0R/Xe0bUOL9t\n"
    "-----END PRIVATE KEY-----\n";

#endif
