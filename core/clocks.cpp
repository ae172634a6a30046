#include "core/clocks.h"
