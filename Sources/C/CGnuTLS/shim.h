// SPDX-License-Identifier: Apache-2.0
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <gnutls/abstract.h>
