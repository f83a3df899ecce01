// SPDX-License-Identifier: Apache-2.0
// Doors to what Swift's Glibc does not show: variadic functions, macros, GNU calls.
#pragma once
#include "files.h"
#include "hash.h"
#include "processes.h"
#include "sockets.h"
