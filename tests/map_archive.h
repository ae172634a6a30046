// The archive in memory, by the name tests call it.
#pragma once

#include "core/memory_archive.h"

using MapArchive = core::MemoryArchive;
